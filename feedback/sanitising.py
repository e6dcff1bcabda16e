"""Bodies that strangers wrote, made safe to show (reliability 21): an allow-list, no styles, no scripts, no images."""

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe

from feedback.models import Document

SHOWN_LIMIT = 200_000  # characters of a body that a page shows at first
WHOLE_LIMIT = 2_000_000  # and on request

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
DROPPED_WITH_CONTENT = {
    "script", "style", "title", "template", "iframe", "object", "svg", "math", "noscript", "textarea", "select", "xmp",
    "noembed", "noframes", "plaintext",
}  # fmt: skip
ATTRIBUTES = {"*": {"dir", "lang"}, "a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass(frozen=True)
class Body:
    """What a page shows of a body. `left_out` characters did not fit; `images` were not loaded."""

    html: SafeString
    plain: bool
    left_out: int = 0
    images: int = 0


def body_of(document: Document, *, whole: bool = False) -> Body:
    limit = WHOLE_LIMIT if whole else SHOWN_LIMIT
    text, left_out = document.body[:limit], max(0, len(document.body) - limit)
    if document.body_format == Document.BodyFormat.TEXT:
        return Body(linked(text), plain=True, left_out=left_out)
    return Body(sanitised(text), plain=False, left_out=left_out, images=len(_IMAGE.findall(text)))


_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_HEADING = re.compile(r"<(/?)h[1-6](?:\s[^>]*)?>")


def sanitised(markup: str) -> SafeString:
    """`markup` without anything that acts, loads or imitates the page. Headings become bold lines."""
    if markup.count("<") > MOST_TAGS:
        markup = balanced(markup)
    clean = nh3.clean(
        markup,
        tags=TAGS,
        clean_content_tags=DROPPED_WITH_CONTENT,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(_HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", clean))  # noqa: S308


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "dir":
        return value if value in {"ltr", "rtl", "auto"} else None
    if name == "lang":
        return value if re.fullmatch(r"[A-Za-z0-9-]{1,35}", value) else None
    if name == "href":
        return value if _is_elsewhere(value) else None
    return value if re.fullmatch(r"[0-9]{1,3}", value) else None


def _is_elsewhere(address: str) -> bool:
    """Absolute only: a relative link would lead into Roster itself."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme in {"mailto", "tel"} or (parts.scheme in {"http", "https"} and bool(parts.netloc))


# A parser of HTML repairs wrong nesting at a cost that grows with the square of the depth (measured: 106 seconds for
# 100,000 open <div>). What has many tags is therefore balanced first, in one pass, to a bounded depth.
MOST_TAGS = 500
DEEPEST = 40
DEEPEST_FORMATTING = 8
FORMATTING = {"a", "b", "code", "em", "i", "s", "small", "strong", "u"}
VOID = {"br", "hr"}
CLOSES_ITSELF = {"p", "li", "tr", "td", "th", "dt", "dd"}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE)


def balanced(markup: str) -> str:
    """`markup` reduced to allowed tags, each closed, without attributes but links, at most `DEEPEST` deep."""
    out: list[str] = []
    open_tags: list[str] = []
    hidden_in = ""
    position = 0
    markup = _without_comments(markup)
    for tag in _TAG.finditer(markup):
        if not hidden_in:
            out.append(markup[position : tag.start()].replace("<", "&lt;"))
        position = tag.end()
        closing, name = bool(tag[1]), tag[2].lower()
        if hidden_in or name in DROPPED_WITH_CONTENT:
            hidden_in = "" if closing and name == hidden_in else hidden_in or ("" if closing else name)
        elif name in VOID:
            out.append(f"<{name}>")
        elif name in TAGS and closing:
            if name in open_tags:
                while (last := open_tags.pop()) != name:
                    out.append(f"</{last}>")
                out.append(f"</{name}>")
        elif name in TAGS:
            if name in CLOSES_ITSELF and open_tags[-1:] == [name]:
                out.append(f"</{open_tags.pop()}>")
            formatting = sum(1 for each in open_tags if each in FORMATTING)
            if len(open_tags) < DEEPEST and not (name in FORMATTING and formatting >= DEEPEST_FORMATTING):
                open_tags.append(name)
                out.append(f"<{name}{_href(tag[3])}>" if name == "a" else f"<{name}>")
    if not hidden_in:
        out.append(markup[position:].replace("<", "&lt;"))
    out += [f"</{name}>" for name in reversed(open_tags)]
    return "".join(out)


def _href(attributes: str) -> str:
    found = _HREF.search(attributes)
    if not found:
        return ""
    address = html.unescape(found[1] or found[2] or found[3] or "")
    return f' href="{html.escape(address)}"'


def _without_comments(markup: str) -> str:
    kept = []
    while True:
        before, comment, rest = markup.partition("<!--")
        kept.append(before)
        if not comment:
            return "".join(kept)
        _, end, markup = rest.partition("-->")
        if not end:
            return "".join(kept)


_ADDRESS = re.compile(r"https?://[^\s<>\"'“”«»]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")


def linked(text: str) -> SafeString:
    """Plain text, escaped, with its web and mail addresses as links."""
    out: list[str] = []
    position = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".,;:!?)]}")
        if not address.isprintable():
            continue
        out.append(html.escape(text[position : found.start()]))
        href = address if "://" in address else f"mailto:{address}"
        out.append(
            f'<a href="{html.escape(href)}" rel="noopener noreferrer nofollow" target="_blank">'
            f"{html.escape(address)}</a>"
        )
        position = found.start() + len(address)
    out.append(html.escape(text[position:]))
    return mark_safe("".join(out))  # noqa: S308


def plain_text(text: str, body_format: str) -> str:
    """The words alone on one line, for snippets; a body cut in the middle of a tag loses that tag."""
    if body_format == Document.BodyFormat.HTML:
        cut = text.rfind("<")
        text = text if text.find(">", cut) >= 0 else text[:cut]
        if text.count("<") > MOST_TAGS:
            text = balanced(text)
        spaced = _BLOCK.sub(r" \g<0>", text)
        text = html.unescape(nh3.clean(spaced, tags=set(), clean_content_tags=DROPPED_WITH_CONTENT))
    return " ".join(text.split())


_BLOCK = re.compile(r"<(?:/?(?:p|div|li|tr|td|h[1-6])\b|br\b)", re.IGNORECASE)
