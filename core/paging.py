"""Pages of a long list by keyset: each starts where another ended, so a deep page costs what the first one does."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, FloatField, Func, IntegerField, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

from core.text import problem

MOST_CURSOR = 2_000  # characters; longer ones are nobody's
BIGINT = 2**63
NUMBERS = (IntegerField, FloatField)  # the other columns are written as text: dates, decimals, text itself


@dataclass(frozen=True)
class Sort:
    """An order of a list: by `column`, ties by id in the same direction.

    `column` may be a field, a path or an annotation that names a datetime, date, number or text. With `nullable`, rows
    without a value come last whatever the direction; without it the column must never be null.
    """

    name: str
    column: str
    descending: bool = False
    nullable: bool = False

    @property
    def text(self) -> str:
        """As it stands in the address: `name` or `-name`."""
        return f"-{self.name}" if self.descending else self.name


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the cursors of the pages beside it, None at either end."""

    rows: list[Any] = field(default_factory=list)
    next: str | None = None
    previous: str | None = None

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Place:
    """The row that a page begins after, or, going `back`, ends before."""

    value: Any
    id: int
    back: bool


def keyset(queryset: QuerySet[Any], sort: Sort, cursor: str | None = None, size: int | None = None) -> Page:
    """The page of `queryset` that `cursor` names, the first one if it names none that this list could have made.

    Never OFFSET, never COUNT: one query of size + 1 rows (two at most where nulls begin).
    """
    size = size or settings.PAGE_SIZE
    place = decode(queryset, sort, cursor)
    back = bool(place and place.back)
    rows = _fetch(queryset, sort, place, size + 1)
    more = len(rows) > size
    rows = rows[:size]
    if back:
        if not more:  # came upon the start: show a full first page instead of a short one
            return keyset(queryset, sort, None, size)
        rows.reverse()
    elif place and not rows:
        return keyset(queryset, sort, None, size)
    if not rows:
        return Page()
    return Page(
        rows=rows,
        next=encode(sort, rows[-1]) if back or more else None,
        previous=encode(sort, rows[0], back=True) if place and (more or not back) else None,
    )


def _fetch(queryset: QuerySet[Any], sort: Sort, place: Place | None, most: int) -> list[Any]:
    """Up to `most` rows from `place` on, nearest first."""
    falling = sort.descending != bool(place and place.back)
    order = "-" if falling else ""
    ordered = queryset.order_by(f"{order}{sort.column}", f"{order}pk")
    if not sort.nullable:
        return list((ordered.filter(Beyond(sort.column, place, falling)) if place else ordered)[:most])

    # Rows with a value, then those without: two walks along the index instead of one OR that no index serves
    filled = ordered.filter(**{f"{sort.column}__isnull": False})
    empty = queryset.filter(**{f"{sort.column}__isnull": True}).order_by(f"{order}pk")
    if place is None:
        walks = [filled, empty]
    elif place.value is None:
        empty = empty.filter(**{"pk__lt" if falling else "pk__gt": place.id})
        walks = [empty, filled] if place.back else [empty]
    else:
        filled = filled.filter(Beyond(sort.column, place, falling))
        walks = [filled] if place.back else [filled, empty]
    rows: list[Any] = []
    for walk in walks:
        if len(rows) < most:
            rows += walk[: most - len(rows)]
    return rows


class Beyond(Func):
    """`(column, id) < (value, id)`, the row comparison that PostgreSQL answers from a (column desc, id desc) index."""

    output_field = BooleanField()

    def __init__(self, column: str, place: Place, falling: bool) -> None:
        super().__init__(F(column), F("pk"), Value(place.value), Value(place.id))
        self.value, self.sign = place.value, "<" if falling else ">"

    def as_sql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        column, pk, value, identity = self.source_expressions
        value = Value(self.value, output_field=column.output_field)
        parts = [compiler.compile(part) for part in (column, pk, value, identity)]
        sql = "(({0}, {1}) {sign} ({2}, {3}))".format(*(part for part, _ in parts), sign=self.sign)
        return sql, tuple(param for _, params in parts for param in params)


def encode(sort: Sort, row: Any, *, back: bool = False) -> str:
    """The cursor of the page that follows `row`, or, going `back`, of the one before it."""
    value = _read(row, sort.column)
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    written = json.dumps([sort.text, value, _read(row, "pk"), int(back)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def decode(queryset: QuerySet[Any], sort: Sort, cursor: str | None) -> Place | None:
    """What `cursor` says, or None if this list in this order cannot have made it. It is not signed: it shows nothing
    that the row itself did not show, and whatever it names, the queryset decides what is visible."""
    if not cursor or len(cursor) > MOST_CURSOR:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, value, identity, back = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        return None
    if name != sort.text or type(identity) is not int or not -BIGINT <= identity < BIGINT or back not in (0, 1):
        return None
    if value is None:
        return Place(None, identity, bool(back)) if sort.nullable else None
    try:
        value = _value(_field(queryset, sort.column), value)
    except (ValidationError, ValueError, TypeError, ArithmeticError):
        return None
    return Place(value, identity, bool(back))


def _value(column: "Field[Any, Any]", written: Any) -> Any:
    """`written` as a value that the column could hold; raises what Django's fields raise when it could not."""
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError("no column holds this")
    if isinstance(written, str) and problem(written, limit=MOST_CURSOR):
        raise ValueError("no text column holds this")
    if isinstance(column, NUMBERS) == isinstance(written, str):
        raise ValueError("of another type")
    value = column.to_python(written)
    if isinstance(value, int) and not -BIGINT <= value < BIGINT:
        raise ValueError("no number column holds this")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a moment without a time zone")
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise ValueError("not a number")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("not a number")
    return value


def _field(queryset: QuerySet[Any], column: str) -> "Field[Any, Any]":
    return F(column).resolve_expression(queryset.query.clone()).output_field


def _read(row: Any, path: str) -> Any:
    """The value that `row` (an instance, a dict or a named tuple) has at `path`."""
    if isinstance(row, Model):
        for name in path.split("__"):
            row = getattr(row, name)
        return row
    if path == "pk":
        path = "pk" if "pk" in (row if isinstance(row, dict) else row._fields) else "id"
    return row[path] if isinstance(row, dict) else getattr(row, path)


def capped_count(queryset: QuerySet[Any], cap: int | None = None) -> int:
    """How many rows `queryset` has, counting no further than `cap` + 1: more than `cap` means "more than the cap"."""
    cap = cap or settings.COUNT_LIMIT
    return queryset.order_by().values("pk")[: cap + 1].count()
