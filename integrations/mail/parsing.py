"""Bytes into a message, whatever they are: nothing that a mail server passes on is an error (5.6).

Python's own parser does the work. What would keep it busy for minutes, or breaks it, is read as headers and one text.
"""

import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any, TypeAlias

HEADER_LIMIT = 4_000  # characters of one header that are looked at
LINES_LIMIT = 300_000
WORK_LIMIT = 3_000_000  # lines times parts that hold parts: each line is compared with each boundary
PARTS_LIMIT = 2_000
DEPTH_LIMIT = 20
_HALVES = re.compile("[\ud800-\udfff]")
_MULTIPART = re.compile(rb"multipart/", re.IGNORECASE)
# Codecs that are no character sets of mail, or take long
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf_7"}

Mail: TypeAlias = "Message[Any, Any]"


class _Bounded(EmailPolicy):
    """Python's default policy, on the beginning of overlong headers, and with bytes in them read as UTF-8."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            value = value[:HEADER_LIMIT]
            if _HALVES.search(value):
                value = decoded(value.encode("utf-8", "surrogateescape"), "utf-8")
        return super().header_fetch_parse(name, value)


POLICY = _Bounded(utf8=True)


def parse(raw: bytes) -> Mail:
    """The message; one whose parts cannot be told apart is a single text."""
    lines, holders = raw.count(b"\n") + raw.count(b"\r"), len(_MULTIPART.findall(raw))
    parts = raw.count(b"\n--") if holders else 0
    if lines <= LINES_LIMIT and lines * holders <= WORK_LIMIT and parts <= PARTS_LIMIT:
        try:
            return BytesParser(EmailMessage, policy=POLICY).parsebytes(raw)
        except Exception:  # noqa: S110  (the parser's own faults are many, and none is the sender's to put right)
            pass
    head, _, body = re.split(rb"(\r?\n\r?\n)", raw, maxsplit=1) if re.search(rb"\r?\n\r?\n", raw) else (raw, b"", b"")
    message = Message(policy=POLICY)
    for name, value in _headers(head[:200_000]):
        if name.lower() not in {"content-type", "content-transfer-encoding"}:
            message._headers.append((name, value))  # type: ignore[attr-defined]
    message.set_payload(decoded(body, "utf-8"))
    return message


def _headers(head: bytes) -> Iterator[tuple[str, str]]:
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", head)
    for line in unfolded.splitlines()[:500]:
        name, colon, value = line.partition(b":")
        if colon and re.fullmatch(rb"[!-9;-~]{1,100}", name):
            yield name.decode("ascii"), decoded(value.strip()[:HEADER_LIMIT], "utf-8")


def header(message: Mail, name: str) -> Any:
    """The first such header as Python reads it, its text where that fails, "" for none."""
    try:
        found = message[name]
        if found is not None:
            str(found)
            return found
    except Exception:
        for one, value in message.raw_items():
            if one.lower() == name.lower():
                return clean(str(value)[:HEADER_LIMIT])
    return ""


def text(message: Mail, name: str) -> str:
    """The header as one line of text, encoded words decoded."""
    return clean(" ".join(str(header(message, name)).split()))


def leaves(message: Mail, depth: int = 0) -> Iterator[Mail]:
    """The parts that hold no parts; a message within the message is one of them."""
    if depth < DEPTH_LIMIT and message.is_multipart() and kind(message).startswith("multipart/"):
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from leaves(part, depth + 1)
    else:
        yield message


def kind(part: Mail) -> str:
    """Its content type, `text/plain` where that cannot be read."""
    try:
        return part.get_content_type()
    except Exception:
        return "text/plain"


def parameter(part: Mail, of: str, name: str) -> str:
    """A parameter of a header, such as the charset."""
    try:
        value = part.get_param(name, "", of)
        return clean(value[2] if isinstance(value, tuple) else str(value))
    except Exception:
        return ""


def payload(part: Mail) -> bytes:
    """The bytes of a part, its transfer encoding undone as far as that goes."""
    try:
        content = part.get_payload(decode=True)
    except Exception:
        content = part.get_payload()
    if isinstance(content, bytes):
        return content
    return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else b""


def decoded(content: bytes, charset: str) -> str:
    """The text, by the charset that was named if it fits, else by one that does."""
    for name in (charset, "utf-8", "cp1252"):
        try:
            if name.lower().replace("-", "_") in _NO_CHARSETS:
                continue
            return clean(content.decode(name))
        except (LookupError, ValueError):
            continue
    return clean(content.decode("latin-1"))


def clean(value: str) -> str:
    """Text that can be stored: no NUL, no half of a pair."""
    return _HALVES.sub("\ufffd", value).replace("\0", "")
