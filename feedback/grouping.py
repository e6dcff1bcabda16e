"""Counts of documents by group and day, at a bounded cost (5.1).

Whatever the filters let through, at most LOOKED_AT documents are read: all that match where an index finds few,
otherwise those among the newest ones. `Groups.partial` says which, and so does the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import Account
from audit.models import Source
from core.lookup import Kept
from customers.listing import meeting
from customers.models import Customer, Tag
from customers.search import Condition
from customers.visibility import ONE
from feedback.appearance import CHANNEL_LABELS
from feedback.listing import among, are_few, shown_by_index, total
from feedback.models import Document
from feedback.visibility import Shown, number_shown, parted
from properties.models import Definition
from properties.values import shown

LOOKED_AT = 100_000
MOST_GROUPS = 15
COLOURS = 5  # groups with a colour of their own in the chart
MOST_DAYS = 62  # above, the chart has a bar a month
MOST_MONTHS = 36

# What each document counts as: SQL over the rows `found`, never with anything typed in it
_KEYS = {
    "day": ("NULL::text", ""),
    "channel": ("found.channel::text", ""),
    "source": ("found.source_id::text", ""),
    "status": ("found.status::text", ""),
    "customer": ("found.customer_id::text", ""),
    "account": ("found.account_id::text", ""),
    "tag": (
        "tag::text",
        "CROSS JOIN LATERAL unnest(CASE found.tag_ids WHEN '{}' THEN ARRAY[NULL::int] ELSE found.tag_ids END) AS tag",
    ),
    "property": (
        "value",
        """LEFT JOIN customers_customer c ON c.id = found.customer_id CROSS JOIN LATERAL (
            SELECT said AS value FROM jsonb_array_elements_text(
                CASE jsonb_typeof(c.properties -> %s) WHEN 'array' THEN c.properties -> %s ELSE '[]' END) AS said
            UNION ALL SELECT NULL WHERE coalesce(jsonb_array_length(
                CASE jsonb_typeof(c.properties -> %s) WHEN 'array' THEN c.properties -> %s END), 0) = 0
        ) AS asked""",
    ),
}
OF_CUSTOMER = ("customer", "property")
_VISIBLE = f"""SELECT occurred_at, channel, source_id, status, account_id, tag_ids,
    CASE WHEN {ONE.format(id="found.customer_id")} THEN customer_id END AS customer_id FROM found"""  # noqa: S608
LABELS = {
    "day": "Day", "channel": "Channel", "source": "Source", "status": "Status", "tag": "Tag", "customer": "Customer",
    "account": "Account",
}  # fmt: skip
_NONE = {
    "source": "No source", "status": "No status", "tag": "No tag", "customer": "No customer", "account": "No account",
    "property": "Empty",
}  # fmt: skip
GROUPABLE = (Definition.Type.TEXT, Definition.Type.CHOICE, Definition.Type.BOOLEAN)
GROUPABLE_PROPERTIES = Kept(
    lambda: Definition.objects.filter(subject="customer", type__in=GROUPABLE).values_list("key", "label")[:30]
)


@dataclass(frozen=True)
class Group:
    """`key` as it stands in a filter's parameter; None for documents without a value."""

    key: str | None
    label: str
    count: int


@dataclass(frozen=True)
class Groups:
    by: str
    label: str
    rows: list[Group] = field(default_factory=list)
    coloured: list[Group] = field(default_factory=list)
    looked_at: int = 0
    partial: bool = False
    days: list[str] = field(default_factory=list)
    values: dict[str | None, list[int]] = field(default_factory=dict)  # per coloured key; `OTHERS` for all others
    monthly: bool = False


OTHERS = "\x00others"


def groups(
    documents: QuerySet[Document], conditions: Sequence[Condition], by: str, *, zone: tzinfo, viewer: Any
) -> Groups | None:
    """The counts by `by`: one of LABELS, or `cp.<key>` for a text, choice or yes-or-no property; else None."""
    definition = _property(by)
    documents, limit = parted(documents)
    if limit:
        conditions = [*conditions, Condition(Q(Shown(limit.teams)), indexed=False)]
    if by not in LABELS and definition is None:
        return None
    if limit and total() > LOOKED_AT and number_shown(limit.teams) < LOOKED_AT / 5:
        source, partial = (
            among(*(part[:LOOKED_AT] for part in shown_by_index(documents, conditions[:-1], limit))),
            False,
        )
    else:
        source, partial = _looked_at(documents, conditions)
    counted = _count(source, "property" if definition else by, definition, zone, limit)
    label = definition.label if definition else LABELS[by]
    names = _names("property" if definition else by, [key for key, _ in counted.top], definition, viewer)
    none = _NONE.get("property" if definition else by, "")
    if limit and by == "customer":
        none = "No customer, or not visible to you"
    rows = [Group(key, none if key in (None, "") else names.get(key, key), number) for key, number in counted.top]
    days, values, monthly = _over_time(counted.days, [row.key for row in rows[:COLOURS]], by)
    return Groups(
        by=by, label=label, rows=rows, coloured=rows[:COLOURS] if by != "day" else [], looked_at=counted.all,
        partial=partial, days=days, values=values, monthly=monthly,
    )  # fmt: skip


def choices() -> list[tuple[str, str]]:
    """(by, label) of everything that one can group by."""
    return [*LABELS.items(), *((f"cp.{key}", label) for key, label in GROUPABLE_PROPERTIES())]


def _property(by: str) -> Definition | None:
    if not by.startswith("cp.") or "\0" in by:
        return None
    return Definition.objects.filter(subject="customer", key__iexact=by[3:], type__in=GROUPABLE).first()


def _looked_at(documents: QuerySet[Document], conditions: Sequence[Condition]) -> tuple[QuerySet[Any], bool]:
    """The documents to count, and whether there may be more than these."""
    newest = documents.order_by("-occurred_at", "-pk")
    rows_in_all = total()
    others = [condition for condition in conditions if condition.column != "occurred_at"]
    if rows_in_all <= LOOKED_AT or not conditions:
        return meeting(newest, conditions)[:LOOKED_AT], rows_in_all > LOOKED_AT
    if are_few(documents, conditions, rows_in_all):
        return meeting(documents, conditions)[:LOOKED_AT], False
    within = meeting(newest, [condition for condition in conditions if condition.column == "occurred_at"])
    window = within[:LOOKED_AT]
    reaches_the_end = not within[LOOKED_AT - 1 : LOOKED_AT].exists()
    return meeting(among(window), others), not reaches_the_end


@dataclass(frozen=True)
class _Counted:
    top: list[tuple[str | None, int]]
    days: list[tuple[str | None, bool, date, int]]  # (key, whether it is one of the coloured, day, count)
    all: int


def _count(rows: QuerySet[Any], by: str, definition: Definition | None, zone: tzinfo, limit: Shown | None) -> _Counted:
    columns = ("pk", "occurred_at", "channel", "source_id", "status", "customer_id", "account_id", "tag_ids")
    try:
        inner, params = rows.values(*columns).query.sql_with_params()
    except EmptyResultSet:  # no document can match: of no accounts, say
        return _Counted([], [], 0)
    key, join = _KEYS[by]
    keys = [definition.key] * 4 if definition else []
    if limit and by in OF_CUSTOMER:  # whom the reader may not see does not count as anybody
        inner, params = f"WITH found AS MATERIALIZED ({inner}) {_VISIBLE}", (*params, limit.teams)
    sql = f"""
        WITH found AS MATERIALIZED ({inner}),
        keyed AS MATERIALIZED (SELECT {key} AS key, (found.occurred_at AT TIME ZONE %s)::date AS day FROM found {join}),
        top AS (SELECT key, count(*) AS number FROM keyed GROUP BY key ORDER BY number DESC, key LIMIT {MOST_GROUPS}),
        coloured AS (SELECT key FROM top ORDER BY number DESC, key LIMIT {COLOURS})
        SELECT 'top', key, true, NULL::date, number FROM top
        UNION ALL
        SELECT 'day', CASE WHEN c.known THEN k.key END, coalesce(c.known, false), k.day, count(*)
        FROM keyed k LEFT JOIN (SELECT key, true AS known FROM coloured) c ON c.key IS NOT DISTINCT FROM k.key
        GROUP BY 2, 3, 4
        UNION ALL
        SELECT 'all', NULL, true, NULL, count(*) FROM found
    """  # noqa: S608  (no text of anybody's: columns and constants)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, str(zone), *keys])
        lines = cursor.fetchall()
    top = sorted(
        ((key, number) for kind, key, _, _, number in lines if kind == "top"), key=lambda row: (-row[1], row[0] or "")
    )
    days = [(key, known, day, number) for kind, key, known, day, number in lines if kind == "day"]
    return _Counted(top, days, next(number for kind, _, _, _, number in lines if kind == "all"))


def _names(by: str, keys: list[str | None], definition: Definition | None, viewer: Any) -> dict[str | None, str]:
    ids = [int(key) for key in keys if key and key.isdigit()] if by in {"source", "customer", "account", "tag"} else []
    match by:
        case "channel":
            return {key: CHANNEL_LABELS.get(key or "", key or "") for key in keys}
        case "source":
            return {str(pk): name for pk, name in Source.objects.filter(pk__in=ids).values_list("pk", "name")}
        case "tag":
            return {str(pk): name for pk, name in Tag.objects.filter(pk__in=ids).values_list("pk", "name")}
        case "account":
            visible = Account.objects.visible_to(viewer).filter(pk__in=ids)
            return {str(pk): name for pk, name in visible.values_list("pk", "name")}
        case "customer":
            known = Customer.objects.visible_to(viewer).filter(pk__in=ids)
            return {str(each.pk): each.display_name if each.is_active else "Deleted customer" for each in known}
        case "property" if definition is not None and definition.type == Definition.Type.BOOLEAN:
            return {"true": shown(True), "false": shown(False)}
    return {}


def _over_time(
    lines: list[tuple[str | None, bool, date, int]], keys: list[str | None], by: str
) -> tuple[list[str], dict[str | None, list[int]], bool]:
    """Labels of the bars, and the numbers of each coloured group in them; by month where the days are too many."""
    if not lines:
        return [], {}, False
    first, last = min(line[2] for line in lines), max(line[2] for line in lines)
    monthly = (last - first).days >= MOST_DAYS
    bars = _months(first, last)[-MOST_MONTHS:] if monthly else _days(first, last)
    places = {bar: at for at, bar in enumerate(bars)}
    values: dict[str | None, list[int]] = {}
    for key, known, day, number in lines:
        at = places.get(day.replace(day=1) if monthly else day)
        if at is None:
            continue
        name = key if known and by != "day" else OTHERS
        values.setdefault(name, [0] * len(bars))[at] += number
    ordered = {key: values[key] for key in [*keys, OTHERS] if key in values}
    several_years = bars[0].year != bars[-1].year
    return [_label(bar, monthly, several_years) for bar in bars], ordered, monthly


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _months(first: date, last: date) -> list[date]:
    months, month = [], first.replace(day=1)
    while month <= last:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _label(bar: date, monthly: bool, several_years: bool) -> str:
    year = f" {bar.year}" if several_years else ""
    return f"{bar:%b}{year}" if monthly else f"{bar.day} {bar:%b}{year}"
