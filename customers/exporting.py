"""Customers as CSV that can be imported again: as a stream, so that a million rows need no more memory than one."""

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.models import Account
from core.paging import Sort
from core.spreadsheets import joined, safe
from customers.dealings import Dealings, dealings
from customers.models import Customer, Identifier, Membership, Tag
from properties.models import Definition
from properties.values import as_input

CHUNK = 1_000
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for something else
KINDS = {"emails": "email", "phones": "phone", "user_ids": "user_id", "handles": "handle"}
COLUMNS = (
    "id", "name", *KINDS, "company", "account_ids", "tags", "channels", "feedback_count", "first_seen", "last_seen",
    "created_at",
)  # fmt: skip


def stream(customers: QuerySet[Customer], sort: Sort, viewer: Any) -> Iterator[str]:
    """The file in pieces, in this order. Reads through a server-side cursor, inside a transaction of its own."""
    definitions = list(Definition.objects.filter(subject=Definition.Subject.CUSTOMER))
    tags = dict(Tag.objects.values_list("pk", "name"))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*COLUMNS, *(f"p.{definition.key}" for definition in definitions)])
    with transaction.atomic():
        allow_slow_readers()
        rows = _rows(customers, sort, viewer).iterator(chunk_size=CHUNK)
        while chunk := list(islice(rows, CHUNK)):
            known = dealings((row["id"] for row in chunk), viewer)
            for row in chunk:
                writer.writerow(_cells(_as_seen(row, known), tags, definitions))
            yield taken(buffer)
    yield taken(buffer)


def _rows(customers: QuerySet[Customer], sort: Sort, viewer: Any) -> QuerySet[Any]:
    sign = "-" if sort.descending else ""
    identifiers = Identifier.objects.filter(customer=OuterRef("pk")).order_by("-primary", "id")
    values = {column: ArraySubquery(identifiers.filter(kind=kind).values("value")) for column, kind in KINDS.items()}
    visible = Account.objects.visible_to(viewer).active()
    memberships = Membership.objects.filter(Exists(visible.filter(pk=OuterRef("account"))), customer=OuterRef("pk"))
    accounts = memberships.filter(account__external_id__isnull=False).order_by("-primary", "id")
    return (
        customers.with_company(viewer)  # type: ignore[attr-defined]
        .annotate(**values, account_ids=ArraySubquery(accounts.values("account__external_id")))
        .annotate(first_seen=F("first_seen_at"), last_seen=F("last_seen_at"))
        .order_by(f"{sign}{sort.column}", f"{sign}pk")
        .values(*COLUMNS[:2], *KINDS, "company", "account_ids", "tag_ids", "properties", *COLUMNS[9:])
    )


def _as_seen(row: dict[str, Any], known: Mapping[int, Dealings]) -> dict[str, Any]:
    facts = known.get(row["id"])
    if facts is None:
        return row
    seen = {"first_seen": facts["first_seen_at"], "last_seen": facts["last_seen_at"]}
    return row | {name: facts[name] for name in ("channels", "feedback_count")} | seen


def _cells(row: dict[str, Any], tags: dict[int, str], definitions: list[Definition]) -> list[Any]:
    named = [tags[pk] for pk in row["tag_ids"] if pk in tags]
    cells: list[Any] = [row["id"], safe(row["name"]), *(safe(joined(row[column])) for column in KINDS)]
    cells += [
        safe(row["company"] or ""),
        safe(joined(row["account_ids"])),
        safe(joined(named)),
        joined(row["channels"]),
    ]
    cells += [row["feedback_count"], *(row[name].isoformat() for name in ("first_seen", "last_seen", "created_at"))]
    return cells + [property_cell(row["properties"].get(definition.key)) for definition in definitions]


def property_cell(values: Any) -> str:
    if not isinstance(values, list):
        return ""
    text = joined(as_input(value) for value in values)
    number = len(values) == 1 and not isinstance(values[0], str | bool)
    return text if number else safe(text)


def taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def allow_slow_readers() -> None:
    """Whoever downloads over a slow line keeps the cursor waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '15min'; SET LOCAL statement_timeout = '2min'")
