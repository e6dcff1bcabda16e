"""How the rows of a customer list are found within the same few milliseconds, whatever is asked (performance.md).

Two ways give the same rows. Walking the list's order and leaving out what does not match is fast when many match;
finding all that match and sorting them is fast when few do. The planner alone picks the wrong one for terms that only
long-unseen customers match (1.5 s at a million), so: few by its estimate are found and sorted, otherwise the next
WINDOW rows in order are walked, and where these hold less than a page, all are found after all.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.sql.datastructures import BaseTable

from core.paging import Beyond, Page, Sort, capped_count, decode, encode, keyset
from core.statistics import rows_in
from customers.models import Customer
from customers.search import Condition
from customers.visibility import Belongs, Gathered, Known, number_seen, parted

WINDOW = 30_000
SIFTED_FOR_ONE = 6  # entries that an index gives and another takes away again cost as much as one row found
SCANNED_AT_MOST = 100_000  # rows that may be read one by one where no index helps
WIDER = 4  # times as many are walked for limited staff, of whom many rows tell nothing
ASKED_FOR_ONE = 14  # ids are listed in the time in which one row is asked for its memberships
FOUND_FOR_ONE = 1.7  # rows are walked in the time in which one is found by its id
GATHERED_AT_MOST = 100_000  # customers of limited staff whose ids are listed before anything else is asked
ALL = 2_000_000_000

SORTS = {
    "last_seen": ("last_seen_at", "Last seen"),
    "first_seen": ("first_seen_at", "First seen"),
    "feedback": ("feedback_count", "Feedback"),
    "name": ("sort_name", "Name"),
}
DEFAULT_SORT = "-last_seen"
DELETED = "deleted"  # the usual order of deleted customers, and theirs alone


@dataclass(frozen=True)
class Found:
    """A page of a list. `partial`: only the next WINDOW customers in order were looked at; `page.next` goes on."""

    page: Page
    partial: bool = False


def sort_of(text: str, *, deleted: bool = False) -> Sort:
    """The order that the address names, the usual one if it names none. `deleted`: of a list of deleted customers."""
    name = text.removeprefix("-")
    if name in SORTS:
        return Sort(name, SORTS[name][0], descending=text.startswith("-"))
    if deleted:
        return Sort(DELETED, "deleted_at", descending=text != DELETED, nullable=True)
    return sort_of(DEFAULT_SORT)


def find(
    customers: QuerySet[Customer],
    conditions: Sequence[Condition],
    sort: Sort,
    cursor: str | None = None,
    *,
    shape: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows,
    size: int | None = None,
) -> Found:
    """The page of `customers` that meet `conditions`, in this order, at this cursor. `shape` selects the columns;
    `size` rows make a page, the usual number if not said."""
    rows_in_all = total()
    customers, limit = parted(customers)
    if limit:
        conditions = [*conditions, seen(limit, fewer_than=break_even(rows_in_all, size), walked=size)]
    inside = [condition for condition in conditions if condition.ordered or condition.column == sort.column]
    others = [condition for condition in conditions if condition not in inside]
    matching = meeting(customers, conditions)
    if not others or rows_in_all <= WINDOW:
        return Found(keyset(shape(matching), sort, cursor, size))

    few = break_even(rows_in_all, size)
    likely = expected(customers, conditions, rows_in_all, few)
    if likely.rows < few and not likely.dear_to_find(few):
        return Found(keyset(shape(among(meeting(customers, likely.conditions)[:ALL])), sort, cursor, size))

    sparse = limit is not None and number_seen(limit.teams) < GATHERED_AT_MOST
    if limit and sparse and _is_long(likely.rows, number_seen(limit.teams), rows_in_all, size):
        matching = meeting(customers, [*likely.conditions[:-1], seen(limit, fewer_than=likely.rows)])
        return Found(keyset(shape(among(matching[:ALL])), sort, cursor, size))

    window = _window(meeting(customers, inside), sort, cursor, WINDOW * WIDER if sparse else WINDOW)
    each = [condition.each or condition.q for condition in others]
    page = keyset(shape(among(window)).filter(*each), sort, cursor, size)
    place = decode(customers, sort, cursor)
    back = bool(place and place.back)
    if page.previous if back else page.next:
        return Found(page)
    if limit and sparse:
        matching = meeting(customers, [*conditions[:-1], seen(limit, fewer_than=likely.rows)])
    if sparse or any(condition.indexed for condition in others) or rows_in_all <= SCANNED_AT_MOST:
        return Found(keyset(shape(among(matching[:ALL])), sort, cursor, size))
    if back:
        return find(customers, conditions, sort, shape=shape, size=size)
    last = list(window[WINDOW - 1 :])
    previous = encode(sort, page.rows[0], back=True) if place and page.rows else None
    return Found(replace(page, next=encode(sort, last[0]), previous=previous) if last else page, partial=bool(last))


def seen(limit: Belongs, *, fewer_than: float, walked: int | None = None) -> Condition:
    """That limited staff may see the customer: gathered where that is fewer, else asked of each row; where a page of
    `walked` rows is met late, of a list of everybody made once."""
    number = number_seen(limit.teams)
    if number < min(fewer_than, GATHERED_AT_MOST):
        return Condition(Q(Gathered(limit.teams)))
    late = number < math.sqrt(ASKED_FOR_ONE * (walked or settings.PAGE_SIZE) * max(total(), 0))
    return Condition(Q(Belongs(limit.teams)), indexed=False, each=Q(Known(limit.teams)) if late else None)


def _is_long(matching: float, visible: float, rows_in_all: int, size: int | None) -> bool:
    """Whether a walk that meets a page of rows that match and are visible costs more than to find the fewer of both."""
    walked = (size or settings.PAGE_SIZE) * rows_in_all / max(matching, 1) * rows_in_all / max(visible, 1)
    return walked > FOUND_FOR_ONE * min(matching, visible)


def count(customers: QuerySet[Any], conditions: Sequence[Condition]) -> int:
    """How many meet the conditions, to the cap of `core.paging.capped_count`."""
    free, limit = parted(customers)
    if not limit:
        return capped_count(meeting(customers, conditions))
    rows_in_all = total()
    likely = expected(free, conditions, rows_in_all, break_even(rows_in_all))
    return capped_count(meeting(free, [*likely.conditions, seen(limit, fewer_than=likely.rows)]))


def break_even(rows_in_all: int, size: int | None = None) -> float:
    """How many matches are as dear to find and sort as it is to walk until `size` of them fill a page.

    A walk reads rows_in_all / matches × size rows, and a row read there costs 1.2 times one that an index found.
    """
    return math.sqrt(1.2 * (size or settings.PAGE_SIZE) * max(rows_in_all, 0))  # below 0: not analysed yet


def meeting(customers: QuerySet[Any], conditions: Sequence[Condition]) -> QuerySet[Any]:
    return customers.filter(*[condition.q for condition in conditions])


def total() -> int:
    """About how many customers there are, as the statistics say."""
    return rows_in(Customer._meta.db_table)


@dataclass(frozen=True)
class Likely:
    """About how many `rows` an index will find, the `conditions` in the form that suits that number, and how many
    entries of indexes will be `sifted` for them where several are combined."""

    conditions: list[Condition]
    rows: float
    sifted: float = 0

    def dear_to_find(self, few: float) -> bool:
        """Whether combining large indexes for these rows costs more than a walk that meets a page of them surely."""
        walked = few**2 / max(self.rows, 1)
        return walked < WINDOW / 2 and self.rows + self.sifted / SIFTED_FOR_ONE > walked


def expected(customers: QuerySet[Customer], conditions: Sequence[Condition], rows_in_all: int, enough: float) -> Likely:
    """By the planner's estimate, where it can make one; probed conditions are counted, up to `enough`."""
    rows, sifted = float(rows_in_all), 0.0
    known = [condition for condition in conditions if condition.indexed and condition.probe is None]
    if known:
        plan = json.loads(meeting(customers, known).order_by().values("pk").explain(format="json"))[0]["Plan"]
        rows, sifted = plan["Plan Rows"], _sifted(plan)
    counted = list(conditions)
    for place, condition in enumerate(conditions):
        if condition.probe is None or rows < enough:
            continue
        found = condition.probe.order_by()[: int(enough) + 1].count()
        if found < enough:  # listed by themselves, because the planner would expect more and read the whole table
            counted[place] = replace(condition, q=Q(OneOf(condition.probe)))
            rows = found
    return Likely(counted, rows, sifted)


def _sifted(plan: dict[str, Any]) -> float:
    """The entries of indexes that this plan reads to combine them."""
    parts = plan.get("Plans", [])
    if plan["Node Type"] == "BitmapAnd":
        return float(sum(part["Plan Rows"] for part in parts))
    return sum(map(_sifted, parts))


class OneOf(Func):
    """Whether the id is one of a subquery's, which is answered by itself beforehand."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    output_field = BooleanField()

    def __init__(self, ids: QuerySet[Any]) -> None:
        super().__init__(F("pk"), ArraySubquery(ids))


def _window(customers: QuerySet[Customer], sort: Sort, cursor: str | None, rows: int) -> QuerySet[Customer]:
    """The next rows in the list's order, from the cursor on."""
    place = decode(customers, sort, cursor)
    falling = sort.descending != bool(place and place.back)
    sign = "-" if falling else ""
    if place:
        customers = customers.filter(Beyond(sort.column, place, falling))
    return customers.order_by(f"{sign}{sort.column}", f"{sign}pk")[:rows]


def among(rows: QuerySet[Customer]) -> QuerySet[Any]:
    """All customers of `rows`, for further filters and another order: SELECT … FROM (rows). Rows must be sliced, so
    that PostgreSQL answers them by themselves."""
    outer = Customer.objects.all()
    alias = outer.query.get_initial_alias()
    outer.query.alias_map[alias] = Subselect(Customer._meta.db_table, alias, rows)
    return outer


class Subselect(BaseTable):
    """A query, or several whose rows differ, in the place of a table."""

    def __init__(self, table_name: str, alias: str, *rows: QuerySet[Any]) -> None:
        super().__init__(table_name, alias)
        self.rows = rows

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        parts = [rows.query.get_compiler(connection=connection).as_sql() for rows in self.rows]
        sql = " UNION ALL ".join(f"({part})" for part, _ in parts) if len(parts) > 1 else parts[0][0]
        params = [param for _, params in parts for param in params]
        return f"({sql}) {compiler.quote_name_unless_alias(self.table_alias)}", params
