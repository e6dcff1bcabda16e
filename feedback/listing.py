"""How the rows of the documents list are found within the same few milliseconds, whatever is asked.

As for customers (customers.listing): few by the planner's estimate are found by index and sorted; otherwise the next
WINDOW documents in order are walked, and where these hold less than a page, all are found after all. The planner
multiplies the shares of words, and words that stand together are many times more than that: where several meet, the
next SAMPLE documents have a say.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from core.paging import Beyond, Page, Sort, capped_count, decode, encode, keyset
from core.statistics import rows_in
from customers.listing import Subselect, break_even, meeting
from customers.search import Condition
from feedback.models import Document
from feedback.visibility import OfAccounts, OfPeople, Shown, number_shown, parted

WINDOW = 20_000
SAMPLE = 2_000  # read in a millisecond; 30,000 gathered for nothing take 80
SCANNED_AT_MOST = 100_000  # rows that may be read one by one where no index helps
WIDER = 4  # times as many are walked for limited staff, of whom many rows tell nothing
GATHERED_AT_MOST = 200_000  # documents of limited staff whose ids are listed before anything else is asked
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
    rows_in_all = total()
    documents, limit = parted(documents)
    if limit and rows_in_all > WINDOW and number_shown(limit.teams) < break_even(rows_in_all, size):
        return Found(_gathered(shown_by_index(documents, conditions, limit), sort, cursor, shape, size))
    if limit:
        conditions = [*conditions, Condition(Q(Shown(limit.teams)), indexed=False)]
    inside = [condition for condition in conditions if condition.column == sort.column]
    others = [condition for condition in conditions if condition.column != sort.column]
    matching = meeting(documents, conditions)
    if not others or rows_in_all <= WINDOW:
        return Found(keyset(shape(matching), sort, cursor, size))

    sparse = limit is not None and number_shown(limit.teams) < GATHERED_AT_MOST
    window = _window(meeting(documents, inside), sort, cursor, WINDOW * WIDER if sparse else WINDOW)
    few = are_few(documents, conditions, rows_in_all, size)
    if few and (sparse or not _are_dense(window, others, rows_in_all, size)):
        return Found(_gathered([matching], sort, cursor, shape, size))

    page = keyset(meeting(shape(among(window)), others), sort, cursor, size)
    place = decode(documents, sort, cursor)
    back = bool(place and place.back)
    if page.previous if back else page.next:
        return Found(page)
    if limit and sparse:
        return Found(_gathered(_narrowest(documents, conditions[:-1], limit), sort, cursor, shape, size))
    if any(condition.indexed for condition in others) or rows_in_all <= SCANNED_AT_MOST:
        return Found(_gathered([matching], sort, cursor, shape, size))
    if back:
        return find(documents, conditions, sort, shape=shape, size=size)
    last = list(window[WINDOW - 1 :])
    previous = encode(sort, page.rows[0], back=True) if place and page.rows else None
    return Found(replace(page, next=encode(sort, last[0]), previous=previous) if last else page, partial=bool(last))


def shown_by_index(documents: QuerySet[Any], conditions: Sequence[Condition], limit: Shown) -> list[QuerySet[Any]]:
    """All that match and that limited staff may see, in two parts that indexes find: of accounts, and of people."""
    matching = meeting(documents, conditions)
    return [matching.filter(OfAccounts(limit.teams)), matching.filter(OfPeople(limit.teams))]


def count(documents: QuerySet[Any], conditions: Sequence[Condition]) -> int:
    """How many meet the conditions, to the cap of `core.paging.capped_count`."""
    free, limit = parted(documents)
    parts = _narrowest(free, conditions, limit) if limit else [meeting(documents, conditions)]
    return min(sum(map(capped_count, parts)), settings.COUNT_LIMIT + 1)


def _narrowest(documents: QuerySet[Any], conditions: Sequence[Condition], limit: Shown) -> list[QuerySet[Any]]:
    """All that match and that limited staff may see, by whichever of both is less."""
    indexed = [condition for condition in conditions if condition.indexed]
    rows = estimated(meeting(documents, indexed)) if indexed else float(total())
    if number_shown(limit.teams) < min(rows, GATHERED_AT_MOST):
        return shown_by_index(documents, conditions, limit)
    return [meeting(documents, conditions).filter(Shown(limit.teams))]


def _gathered(
    parts: Sequence[QuerySet[Any]],
    sort: Sort,
    cursor: str | None,
    shape: Callable[[QuerySet[Any]], QuerySet[Any]],
    size: int | None,
) -> Page:
    """A page out of all that match: sorted by themselves, and dressed once they are few. Joined to customers before,
    30,000 matches took 250 ms more.
    """
    page = keyset(among(*(part[:ALL] for part in parts)).values("pk", sort.column), sort, cursor, size)
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


def _are_dense(window: QuerySet[Any], conditions: Sequence[Condition], rows_in_all: int, size: int | None) -> bool:
    """Whether so many of the next documents meet several conditions at once that they cannot be few in all."""
    if len(conditions) == 1 and not conditions[0].joint:
        return False
    found = meeting(among(window[:SAMPLE]), conditions).count()
    return found * rows_in_all / SAMPLE >= break_even(rows_in_all, size)


def estimated(rows: QuerySet[Any]) -> float:
    """About how many rows there are, as the planner thinks."""
    plan = rows.order_by().values("pk").explain(format="json")  # nothing where no row can be: one of no accounts
    return float(json.loads(plan)[0]["Plan"]["Plan Rows"]) if plan else 0.0


def among(*rows: QuerySet[Any]) -> QuerySet[Any]:
    """All documents of `rows`, for further filters and another order: SELECT … FROM (rows). Rows must be sliced; of
    several, none is in two."""
    outer = Document.objects.all()
    alias = outer.query.get_initial_alias()
    outer.query.alias_map[alias] = Subselect(Document._meta.db_table, alias, *rows)
    return outer


def total() -> int:
    """About how many documents there are, as the statistics say."""
    return rows_in(Document._meta.db_table)


def _window(documents: QuerySet[Any], sort: Sort, cursor: str | None, rows: int) -> QuerySet[Any]:
    place = decode(documents, sort, cursor)
    falling = sort.descending != bool(place and place.back)
    sign = "-" if falling else ""
    if place:
        documents = documents.filter(Beyond(sort.column, place, falling))
    return documents.order_by(f"{sign}{sort.column}", f"{sign}pk")[:rows]
