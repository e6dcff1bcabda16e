"""`{% load ui %}`: icons, moments, numbers, links that keep filters, form fields."""

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, Form
from django.http import QueryDict
from django.template.base import FilterExpression, Node, Parser, TextNode, Token
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import fields, ui

register = template.Library()

register.simple_tag(ui.avatar, name="avatar")
register.filter("soft", ui.soft)
register.filter("initials", ui.initials)
register.filter("hue", ui.hue)
register.filter("number", ui.number_text)


@register.tag
def icon(parser: Parser, token: Token) -> Node:
    """`{% icon "plus" %}`: a lucide icon as SVG. Of a literal name it is plain text of the template."""
    words = [parser.compile_filter(word) for word in token.split_contents()[1:]]
    if all(isinstance(word.var, str) and not word.filters for word in words):
        return TextNode(ui.icon(*(str(word.var) for word in words)))
    return IconNode(words)


class IconNode(Node):
    def __init__(self, words: list[FilterExpression]) -> None:
        self.words = words

    def render(self, context: template.Context) -> SafeString:
        return ui.icon(*(word.resolve(context) for word in self.words))


@register.simple_tag(takes_context=True)
def when(context: template.Context, moment: datetime | None) -> SafeString:
    """The moment as this viewer reads moments; an en dash when there is none."""
    return ui.reading_of(context.get("request")).time(moment)


@register.simple_tag(takes_context=True)
def exactly(context: template.Context, moment: datetime | None) -> SafeString:
    """The moment in its exact form whatever the preference: where it is evidence."""
    reading = ui.reading_of(context.get("request"))
    return ui.Reading(reading.now, reading.zone, exact=True).time(moment)


@register.simple_tag
def capped(number: int, cap: int | None = None) -> str:
    """A count that stops at the cap: "10,000+"."""
    return ui.capped_text(number, cap)


@register.simple_tag
def plural(number: int, one: str, many: str = "") -> str:
    """ "1 document", "12 documents", "10,000+ documents"."""
    return f"{ui.capped_text(number)} {one if number == 1 else many or one + 's'}"


@register.simple_tag(takes_context=True)
def link(context: template.Context, **changes: Any) -> str:
    """The query string of this page with `changes`; None, "" or an empty list takes a parameter out.

    Keeps the filters and drops the cursor, because a changed list begins at its first page.
    """
    query: QueryDict = context["request"].GET.copy()
    query.pop("cursor", None)
    for name, value in changes.items():
        if value in (None, "", []):
            query.pop(name, None)
        else:
            query.setlist(name, list(value) if isinstance(value, list | tuple | set) else [str(value)])
    for name in [name for name, values in query.lists() if not any(values)]:
        query.pop(name)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def sort_header(context: template.Context, name: str, label: str, sort: str, first: str = "") -> SafeString:
    """The link in a column's header that sorts by `name`, or turns the order round when the list is in it already.

    `sort` is the order that the list has now; `first` is "-" for columns whose first order is descending.
    """
    current = sort.lstrip("-") == name
    falling = sort.startswith("-")
    wanted = ("" if falling else "-") + name if current else first + name
    url = link(context, sort=wanted)
    arrow = ui.icon("arrow-down" if falling else "arrow-up") if current else ""
    return format_html('<a class="sort" id="sort-{}" href="{}" hx-get="{}">{} {}</a>', name, url, url, label, arrow)


@register.simple_tag
def aria_sort(name: str, sort: str) -> SafeString:
    """The `aria-sort` attribute of a column's header, or nothing."""
    if sort.lstrip("-") != name:
        return SafeString()
    return format_html(' aria-sort="{}"', "descending" if sort.startswith("-") else "ascending")


@register.simple_tag(takes_context=True)
def pager(context: template.Context, page: Any, label: str = "Pages") -> str:
    """Previous and Next of a `core.paging.Page`; nothing when it is the only page."""
    if not (page.next or page.previous):
        return ""
    return render_to_string(
        "components/pager.html",
        {
            "label": label,
            "rows": len(page.rows),
            "next": link(context, cursor=page.next) if page.next else "",
            "previous": link(context, cursor=page.previous) if page.previous else "",
        },
    )


@register.simple_tag
def field(bound: BoundField, **options: Any) -> SafeString:
    """A form field with its label, hint and error: `{% field form.email hint="…" class="input--short" %}`."""
    return fields.render(bound, **options)


@register.simple_tag
def errors(form: Form | None, title: str = "There is a problem") -> SafeString:
    """What is wrong with the form, each linked to its field; focused by the page's script."""
    return fields.summary(form, title)
