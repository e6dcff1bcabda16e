"""The audit log as one list: entries in words, and everything that one of them did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from audit.history import TABLES, Book, Line, Told, Wording, lines_of, plain, tell
from audit.models import Change, Entry
from core.paging import Page, Sort, keyset

NEWEST = Sort("at", "at", descending=True)
CHANGES = 100  # of one entry on a page


@dataclass(frozen=True)
class Did:
    """One row that an entry changed: in words, and column by column as it was and became."""

    change: Change
    thing: str
    lines: Sequence[Line]
    columns: Sequence[tuple[str, str, str]]


def page_of(entries: QuerySet[Entry], cursor: str | None, viewer: Any) -> tuple[Page, list[Told], dict[int, int]]:
    """A page of the log, newest first: its rows, the same in words, and how many rows each entry changed."""
    found = keyset(with_names(entries), NEWEST, cursor)
    counts = Change.objects.filter(entry__in=[entry.pk for entry in found.rows]).order_by()
    changed = dict(counts.values_list("entry").annotate(Count("pk")))
    return found, tell(found.rows, {}, Book(viewer)), changed


def with_names(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    return entries.select_related("actor", "source", "on_behalf_of")


def did(entry: Entry, viewer: Any, *, after: int = 0) -> tuple[list[Did], int]:
    """The first rows that the entry changed beyond change `after`, and where the next begin; 0 when these were all."""
    changes = list(Change.objects.filter(entry=entry, pk__gt=after).order_by("pk")[: CHANGES + 1])
    more, changes = len(changes) > CHANGES, changes[:CHANGES]
    book = Book(viewer)
    tell([entry], {entry.pk: changes}, book)  # reads the names that the lines need
    rows = [
        Did(change, (TABLES.get(change.table) or Wording(change.table)).thing, lines_of(change, book), _columns(change))
        for change in changes
    ]
    return rows, changes[-1].pk if more else 0


def _columns(change: Change) -> list[tuple[str, str, str]]:
    return [(column, plain(before), plain(after)) for column, before, after in change.fields()]
