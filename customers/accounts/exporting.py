"""Accounts, and who belongs to them, as CSV that can be imported again."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, OuterRef, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce, NullIf

from accounts.models import Account
from core.exporting import Cell, Escaped, Joined, Moment, file, property_cells, property_columns
from core.paging import Sort
from customers.exporting import KINDS, identifiers_of
from customers.models import Customer, Membership
from properties.models import Definition

COLUMNS = ("id", "name", "account_id", "owner", "contacts", "created_at")
OF_MEMBERSHIPS = (
    "account_id", "account", "customer_id", "name", *KINDS, "contact", "key_contact", "owner", "primary", "created_at",
)  # fmt: skip


def stream(accounts: QuerySet[Account], sort: Sort, viewer: Any) -> Iterator[bytes]:
    """The file in pieces, in this order."""
    definitions = list(Definition.objects.filter(subject=Definition.Subject.ACCOUNT))
    sign = "-" if sort.descending else ""
    people = Membership.objects.filter(account=OuterRef("pk"), customer__state="active").order_by("-key_contact", "id")
    called = Escaped(Coalesce(NullIf("customer__primary_email", Value("")), "customer__name"))
    rows = accounts.order_by(f"{sign}{sort.column}", f"{sign}pk")
    cells = [
        "pk", Cell("name"), Cell("external_id"),
        Joined(ArraySubquery(people.filter(owner=True).values_list(called))),
        Joined(ArraySubquery(people.filter(contact=True).values_list(called)[:100])),
        Moment("created_at"), *property_cells(definitions),
    ]  # fmt: skip
    return file([*COLUMNS, *property_columns(definitions)], rows, cells)


def stream_memberships(accounts: QuerySet[Account], sort: Sort, viewer: Any) -> Iterator[bytes]:
    """Everybody who belongs to these accounts, a line for each place."""
    definitions = list(Definition.objects.filter(subject=Definition.Subject.MEMBERSHIP))
    there = Customer.objects.visible_to(viewer).active().filter(pk=OuterRef("customer"))
    places = Membership.objects.filter(Exists(there), account__in=accounts.order_by().values("pk"))
    rows = places.order_by("customer", "-primary", "pk")
    cells = [
        Cell("account__external_id"), Cell("account__name"), "customer", Cell("customer__name"),
        identifiers_of("customer"), *(_yes_or_no(name) for name in ("contact", "key_contact", "owner", "primary")),
        Moment("created_at"), *property_cells(definitions),
    ]  # fmt: skip
    return file([*OF_MEMBERSHIPS, *property_columns(definitions)], rows, cells)


def _yes_or_no(column: str) -> Case:
    yes = When(**{column: True}, then=Value("yes"))
    return Case(yes, default=Value("no"), output_field=TextField())
