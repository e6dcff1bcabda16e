"""How the rows of the documents list are found within the same few milliseconds, whatever is asked.

As for customers (customers.listing): few by the planner's estimate are found by index and sorted; otherwise the next
WINDOW documents in order are walked, and where these hold less than a page, all are found after all.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from core.paging import Beyond, Page, Sort, decode, encode, keyset
from core.statistics import rows_in
from customers.listing import Subselect, break_even, meeting
from customers.search import Condition
from feedback.models import Document

WINDOW = 20_000
SCANNED_AT_MOST = 100_000  # rows that may be read one by one where no index helps
ALL = 2_000_000_000
NEWEST, OLDEST = Sort("time", "occurred_at", descending=True), Sort("time", "occurred_at")


@dataclass(frozen=True)
class Found:
    """A page of the list. `partial`: only the next WINDOW documents were looked at; `page.next` goes on."""

    page: Page
    partial: bool = False


def sort_of(text: str, *, deleted: bool = False) -> Sort:
    """The order that the address names, the usual one if it names none. `deleted`: of a list of deleted documents."""
    if deleted and text not in {"time", "-time"}:
        return Sort("deleted", "deleted_at", descending=text != "deleted", nullable=True)
    return OLDEST if text == "time" else NEWEST


def find(
    documents: QuerySet[Document],
    conditions: Sequence[Condition],
    sort: Sort,
    cursor: str | None = None,
    *,
    shape: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows,
    size: int | None = None,
) -> Found:
    """The page of `documents` that meet `conditions`, in this order, at this cursor. `shape` selects the columns;
    `size` rows make a page, the usual number if not said."""
    inside = [condition for condition in conditions if condition.column == sort.column]
    others = [condition for condition in conditions if condition.column != sort.column]
    matching = meeting(documents, conditions)
    rows_in_all = total()
    if not others or rows_in_all <= WINDOW:
        return Found(keyset(shape(matching), sort, cursor, size))

    if are_few(documents, conditions, rows_in_all, size):
        return Found(_gathered(matching, sort, cursor, shape, size))

    window = _window(meeting(documents, inside), sort, cursor)
    page = keyset(meeting(shape(among(window)), others), sort, cursor, size)
    place = decode(documents, sort, cursor)
    back = bool(place and place.back)
    if page.previous if back else page.next:
        return Found(page)
    if any(condition.indexed for condition in others) or rows_in_all <= SCANNED_AT_MOST:
        return Found(_gathered(matching, sort, cursor, shape, size))
    if back:
        return find(documents, conditions, sort, shape=shape, size=size)
    last = list(window[WINDOW - 1 :])
    previous = encode(sort, page.rows[0], back=True) if place and page.rows else None
    return Found(replace(page, next=encode(sort, last[0]), previous=previous) if last else page, partial=bool(last))


def _gathered(
    matching: QuerySet[Any],
    sort: Sort,
    cursor: str | None,
    shape: Callable[[QuerySet[Any]], QuerySet[Any]],
    size: int | None,
) -> Page:
    """A page out of all that match: sorted by themselves, and dressed once they are few. Joined to customers before,
    30,000 matches took 250 ms more.
    """
    page = keyset(among(matching[:ALL]).values("pk", sort.column), sort, cursor, size)
    ids = [row["pk"] for row in page.rows]
    dressed = {_pk(row): row for row in shape(Document.objects.filter(pk__in=ids))}
    return replace(page, rows=[dressed[pk] for pk in ids if pk in dressed])


def _pk(row: Any) -> int:
    return row["pk"] if isinstance(row, dict) else row.pk


def are_few(
    documents: QuerySet[Document], conditions: Sequence[Condition], rows_in_all: int, size: int | None = None
) -> bool:
    """Whether it is cheaper to find all that match by index, and sort them, than to walk the list."""
    indexed = [condition for condition in conditions if condition.indexed]
    return bool(indexed) and estimated(meeting(documents, indexed)) < break_even(rows_in_all, size)


def estimated(rows: QuerySet[Any]) -> float:
    """About how many rows there are, as the planner thinks."""
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    return float(plan[0]["Plan"]["Plan Rows"])


def among(rows: QuerySet[Any]) -> QuerySet[Any]:
    """All documents of `rows`, for further filters and another order: SELECT … FROM (rows). Rows must be sliced."""
    outer = Document.objects.all()
    alias = outer.query.get_initial_alias()
    outer.query.alias_map[alias] = Subselect(Document._meta.db_table, alias, rows)
    return outer


def total() -> int:
    """About how many documents there are, as the statistics say."""
    return rows_in(Document._meta.db_table)


def _window(documents: QuerySet[Any], sort: Sort, cursor: str | None) -> QuerySet[Any]:
    place = decode(documents, sort, cursor)
    falling = sort.descending != bool(place and place.back)
    sign = "-" if falling else ""
    if place:
        documents = documents.filter(Beyond(sort.column, place, falling))
    return documents.order_by(f"{sign}{sort.column}", f"{sign}pk")[:WINDOW]
