"""Customers as CSV that can be imported again."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Max, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Account, VisibleAccount
from core.exporting import (
    ESCAPED,
    SAFE,
    Cell,
    EscapedTag,
    Joined,
    Moment,
    Several,
    file,
    property_cells,
    property_columns,
)
from core.paging import Sort
from customers.models import Customer, CustomerTag, Identifier, Membership
from properties.models import Definition
from staff.permissions import teams_of

KINDS = {"emails": "email", "phones": "phone", "user_ids": "user_id", "handles": "handle"}
PRIMARY = ' AND "primary"'
COLUMNS = (
    "id", "name", *KINDS, "company", "account_ids", "tags", "created_elsewhere_at", "channels", "feedback_count",
    "first_seen", "last_seen", "created_at",
)  # fmt: skip


def stream(customers: QuerySet[Customer], sort: Sort, viewer: Any) -> Iterator[bytes]:
    """The file in pieces, in this order."""
    definitions = list(Definition.objects.filter(subject=Definition.Subject.CUSTOMER))
    sign = "-" if sort.descending else ""
    rows = customers.order_by(f"{sign}{sort.column}", f"{sign}pk")
    cells = ["pk", *_cells(viewer), *property_cells(definitions)]
    return file([*COLUMNS, *property_columns(definitions)], rows, cells)


def identifiers_of(customer: str) -> Several:
    """The identifiers of the customer in this column, primary ones first: a cell for each of `KINDS`."""
    one = f"string_agg({ESCAPED.format('value')}, '; ') FILTER (WHERE kind = '{{}}'{{}})"
    cells = (  # put in order so, and not sorted: that would be a third of the time
        f"concat_ws('; ', {one.format(kind, PRIMARY)}, {one.format(kind, f'{PRIMARY} IS FALSE')})"
        if kind in Identifier.RANKED
        else one.format(kind, "")
        for kind in KINDS.values()
    )
    return Several(
        f"(SELECT ARRAY[{', '.join(map(SAFE.format, cells))}]"  # noqa: S608 - nothing of it was sent
        f" FROM {Identifier._meta.db_table} WHERE customer_id = {{0}})",
        len(KINDS), customer,
    )  # fmt: skip


def _company_and_accounts(viewer: Any) -> Several:
    """The company (2.1), and the IDs of the accounts, as far as the viewer may see them; the primary one first."""
    teams = teams_of(viewer)
    seen = "" if teams is None else (
        f" AND EXISTS (SELECT FROM {VisibleAccount._meta.db_table} v"
        f" WHERE v.account_id = a.id AND v.team_id = ANY('{{{{{','.join(map(str, teams))}}}}}'))"
    )  # fmt: skip
    company = SAFE.format("coalesce(max(a.name) FILTER (WHERE m.\"primary\"), {1} -> 'company.name' ->> 0)")
    ids = f"string_agg({ESCAPED.format('a.external_id')}, '; ' ORDER BY m.\"primary\" DESC, m.id)"
    return Several(
        f"(SELECT ARRAY[{company}, {SAFE.format(ids)}]"  # noqa: S608 - nothing of it was sent
        f" FROM {Membership._meta.db_table} m"
        f" JOIN {Account._meta.db_table} a ON a.id = m.account_id"
        f" WHERE m.customer_id = {{0}} AND a.state = 'active'{seen})",
        2, "pk", "properties",
    )  # fmt: skip


def _cells(viewer: Any) -> list[Any]:
    tags = CustomerTag.objects.filter(customer=OuterRef("pk")).order_by("tag__name")
    channels, number, first, last = _dealings(viewer)
    return [
        Cell("name"), identifiers_of("pk"), _company_and_accounts(viewer),
        Joined(ArraySubquery(tags.values_list(EscapedTag("tag__name")))),
        Moment("created_elsewhere_at"), Joined(channels), number, Moment(first), Moment(last), Moment("created_at"),
    ]  # fmt: skip


def _dealings(viewer: Any) -> list[Any]:
    """Channels, feedback count, first and last seen: of limited staff by the feedback that they may read (3.5)."""
    if teams_of(viewer) is None:
        return [F("channels"), F("feedback_count"), F("first_seen_at"), F("last_seen_at")]
    documents = apps.get_model("feedback", "Document").objects.visible_to(viewer).active()
    theirs = documents.filter(customer=OuterRef("pk")).order_by().values("customer")

    def of_them(what: Any) -> Subquery:
        return Subquery(theirs.annotate(found=what).values("found"))

    return [
        of_them(ArrayAgg("channel", distinct=True)), Coalesce(of_them(Count("pk")), Value(0)),
        Coalesce(of_them(Min("occurred_at")), "created_at"), Coalesce(of_them(Max("occurred_at")), "created_at"),
    ]  # fmt: skip
