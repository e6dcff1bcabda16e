"""Documents as rows of a list: finished strings, made once a row, because templates are where a list's time goes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from core.ui import Reading, icon, reading_of
from customers.deleting import deleted_by
from customers.models import Customer, Tag
from customers.rows import goes
from feedback.appearance import CHANNEL_ICONS, CHANNEL_LABELS, CHANNEL_TONES, status_tone
from feedback.sanitising import plain_text
from feedback.search import marked, marks_of
from staff.permissions import teams_of

BEGINNING = 1_200  # characters of the body that are read
SNIPPET = 76
TITLE = 75
TAGS_SHOWN = 2
HIDDEN = "hidden"  # stands for the state of a customer whom the reader may not see
COLUMNS = (
    "pk", "title", "beginning", "body_format", "channel", "status", "occurred_at", "tag_ids", "customer_id",
    "customer__name", "customer__primary_email", "customer__primary_phone", "customer__state",
)  # fmt: skip


HOLDS = ("customer__legal_hold", "account__legal_hold")


@dataclass(frozen=True, slots=True)
class Row:
    pk: int
    url: str
    channel: SafeString
    title: SafeString
    snippet: SafeString
    customer: SafeString
    status: SafeString
    tags: SafeString
    time: SafeString
    occurred_at: datetime


def shaped(documents: QuerySet[Any]) -> QuerySet[Any]:
    """Only what a row shows."""
    return documents.annotate(beginning=Left("body", BEGINNING)).values(*COLUMNS)


def shaped_deleted(documents: QuerySet[Any]) -> QuerySet[Any]:
    return documents.annotate(beginning=Left("body", BEGINNING)).values(*COLUMNS, "deleted_at", *HOLDS)


def deleted_rows_of(request: HttpRequest, found: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """(id, address, icon, title, beginning, customer, deleted, by whom, day it goes, restore address) of each row."""
    authors, reading = deleted_by((row["deleted_at"] for row in found), "document.deleted"), reading_of(request)
    return [
        (
            *(row.pk, row.url, row.channel, row.title, row.snippet, row.customer),
            reading.time(data["deleted_at"]),
            authors.get(data["deleted_at"], ""),
            "On legal hold" if any(data[one] for one in HOLDS) else goes("documents", data["deleted_at"], reading),
            f"{row.url}restore/",
        )
        for data, row in zip(found, rows_of(request, found, shapes=True), strict=True)
    ]


def rows_of(
    request: HttpRequest, documents: Iterable[dict[str, Any]] | QuerySet[Any], typed: str = "", *, shapes: bool = False
) -> list[Row]:
    """Rows for shaped documents (a QuerySet is shaped here). `typed` is marked in them.

    With `shapes` the page holds the icons once (`channel_shapes`) and rows refer to them, which saves weight.
    """
    if isinstance(documents, QuerySet):
        documents = shaped(documents)
    found = as_seen(list(documents), request.user)
    tags = (
        {tag.pk: tag for tag in Tag.objects.filter(pk__in={pk for row in found for pk in row["tag_ids"]})}
        if found
        else {}
    )
    marks, reading = marks_of(typed), reading_of(request)
    address = reverse("documents:detail", args=[0]).replace("/0/", "/{}/")
    return [_row(row, tags, marks, reading, address, shapes) for row in found]


def as_seen(found: list[dict[str, Any]], viewer: Any) -> list[dict[str, Any]]:
    """The same rows without the customers that `viewer` may not see: a visible account's feedback may be theirs."""
    if teams_of(viewer) is None:
        return found
    owners = {row["customer_id"] for row in found if row["customer_id"]}
    visible = set(Customer.objects.visible_to(viewer).filter(pk__in=owners).values_list("pk", flat=True))
    return [row if row["customer_id"] in {None, *visible} else row | {"customer__state": HIDDEN} for row in found]


def _row(row: dict[str, Any], tags: dict[int, Tag], marks: Any, reading: Reading, address: str, shapes: bool) -> Row:
    words = plain_text(row["beginning"], row["body_format"])
    title, snippet = (row["title"], words) if row["title"] else _begun(words)
    return Row(
        pk=row["pk"],
        url=address.format(row["pk"]),
        channel=channel_icon(row["channel"], shapes=shapes),
        title=_marked(_cut(title, TITLE), marks),
        snippet=_marked(_cut(_around(snippet, marks), SNIPPET), marks),
        customer=_customer(row),
        status=_status(row["status"]),
        tags=_tags(row["tag_ids"], tags),
        time=reading.time(row["occurred_at"]),
        occurred_at=row["occurred_at"],
    )


@lru_cache(maxsize=64)
def channel_icon(channel: str, *, shapes: bool = False) -> SafeString:
    label = CHANNEL_LABELS.get(channel, channel)
    tone = CHANNEL_TONES.get(channel, "tone-none")  # type: ignore[call-overload]
    if shapes:
        return _safe(
            f'<svg class="event__icon {tone}" role="img" aria-label="{label}"><use href="#c-{channel}"/></svg>'
        )
    drawn = icon(CHANNEL_ICONS[channel])  # type: ignore[index]
    return _safe(f'<span class="event__icon {tone}" role="img" title="{label}">{drawn}</span>')


_OUTER = re.compile(r"<svg[^>]*>|</svg>")


@lru_cache(maxsize=1)
def channel_shapes() -> SafeString:
    """The icon of every channel as a symbol, for rows made with `shapes`."""
    drawn = "".join(
        f'<symbol id="c-{channel.value}" viewBox="0 0 24 24"><title>{CHANNEL_LABELS[channel.value]}</title>'
        f"{_OUTER.sub('', icon(name))}</symbol>"
        for channel, name in CHANNEL_ICONS.items()
    )
    return _safe(f'<svg width="0" height="0" aria-hidden="true" class="sr">{drawn}</svg>')


def _customer(row: dict[str, Any]) -> SafeString:
    if row["customer_id"] is None:
        return _safe('<span class="muted">No customer</span>')
    if row["customer__state"] == HIDDEN:
        return _safe('<span class="muted">Not visible to you</span>')
    if row["customer__state"] != Customer.State.ACTIVE:
        return _safe('<span class="muted">Deleted customer</span>')
    name = row["customer__name"] or row["customer__primary_email"] or row["customer__primary_phone"]
    return _safe(escape(_cut(name or f"Customer {row['customer_id']}", 60)))


def _status(status: str) -> SafeString:
    return _safe(f'<span class="badge {status_tone(status)}">{escape(_cut(status, 24))}</span>' if status else "")


def _tags(ids: list[int], tags: dict[int, Tag]) -> SafeString:
    held = sorted((tags[pk] for pk in ids if pk in tags), key=lambda tag: tag.folded)
    shown = " ".join(
        f'<span class="tag hue-{tag.hue}">{escape(_cut(tag.name, 14))}</span>' for tag in held[:TAGS_SHOWN]
    )
    more = len(held) - TAGS_SHOWN
    return _safe(shown + (f' <span class="muted num">+{more}</span>' if more > 0 else ""))


def _begun(words: str) -> tuple[str, str]:
    """What stands for a missing title, and the rest; parted between words."""
    if len(words) <= TITLE:
        return words or "Untitled", ""
    end = words.rfind(" ", TITLE // 2, TITLE)
    end = end if end > 0 else TITLE - 1
    return f"{words[:end]}…", words[end:].lstrip()


def _around(text: str, marks: Any) -> str:
    """From a little before the first word that was searched for, when it stands far into the text."""
    found = marks.search(text) if marks else None
    if not found or found.start() < SNIPPET - 40:
        return text
    start = text.rfind(" ", 0, found.start() - 40) + 1
    return f"…{text[start:]}"


def _marked(text: str, marks: Any) -> SafeString:
    return _safe("".join(f"<mark>{escape(part)}</mark>" if hit else escape(part) for part, hit in marked(text, marks)))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _safe(text: str) -> SafeString:
    return SafeString(text)  # every part is escaped where it is made
