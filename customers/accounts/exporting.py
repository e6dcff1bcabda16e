"""Accounts as CSV that can be imported again, as a stream."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from accounts.models import Account
from core.paging import Sort
from core.spreadsheets import joined, safe
from customers.exporting import BYTE_ORDER_MARK, CHUNK, allow_slow_readers, property_cell, taken
from customers.models import Membership
from properties.models import Definition

COLUMNS = ("id", "name", "account_id", "owner", "contacts", "created_at")


def file(accounts: QuerySet[Account], sort: Sort) -> Iterator[bytes]:
    """The file in pieces, in this order. Reads through a server-side cursor, inside a transaction of its own."""
    definitions = list(Definition.objects.filter(subject=Definition.Subject.ACCOUNT))
    buffer = io.StringIO()
    buffer.write(BYTE_ORDER_MARK)
    writer = csv.writer(buffer)
    writer.writerow([*COLUMNS, *(f"p.{definition.key}" for definition in definitions)])
    with transaction.atomic():
        allow_slow_readers()
        for number, row in enumerate(_rows(accounts, sort).iterator(chunk_size=CHUNK), 1):
            writer.writerow(_cells(row, definitions))
            if number % CHUNK == 0:
                yield taken(buffer).encode()
    yield taken(buffer).encode()


def _rows(accounts: QuerySet[Account], sort: Sort) -> QuerySet[Any]:
    sign = "-" if sort.descending else ""
    people = Membership.objects.filter(account=OuterRef("pk"), customer__state="active").order_by("-key_contact", "id")
    called = Coalesce(NullIf("customer__primary_email", Value("")), "customer__name")
    return (
        accounts.annotate(
            owners=ArraySubquery(people.filter(owner=True).values_list(called)),
            contacts=ArraySubquery(people.filter(contact=True).values_list(called)[:100]),
        )
        .order_by(f"{sign}{sort.column}", f"{sign}pk")
        .values("pk", "name", "external_id", "owners", "contacts", "created_at", "properties")
    )


def _cells(row: dict[str, Any], definitions: list[Definition]) -> list[Any]:
    cells: list[Any] = [row["pk"], safe(row["name"]), safe(row["external_id"] or "")]
    cells += [safe(joined(row["owners"])), safe(joined(row["contacts"])), row["created_at"].isoformat()]
    return cells + [property_cell(row["properties"].get(definition.key)) for definition in definitions]
