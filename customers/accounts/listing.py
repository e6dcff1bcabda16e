"""The rows of the accounts list, finished in Python: fifty rows of template logic cost more than the query for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from django.db import connection
from django.utils.safestring import SafeString

from accounts.models import Account
from core.addresses import fixed
from core.paging import Sort
from core.ui import Reading, avatar, number_text
from customers.deleting import deleted_by
from customers.rows import goes
from properties.models import Definition
from properties.values import shown

SORTS = {"name": ("sort_name", "Name"), "created": ("created_at", "Created")}
DELETED = "deleted"
COUNTED = 1_000  # of one account; more is '1,000+'
KEYS_SHOWN = 2
COUNTS = """
    SELECT a.id,
        (SELECT count(*) FROM (SELECT 1 FROM customers_membership m JOIN customers_customer c ON c.id = m.customer_id
            WHERE m.account_id = a.id AND c.state = 'active' LIMIT %(most)s) x),
        (SELECT count(*) FROM (SELECT 1 FROM {documents} d
            WHERE d.account_id = a.id AND d.state = 'active' LIMIT %(most)s) x)
    FROM unnest(%(ids)s::bigint[]) AS a (id)
"""
OWNERS = """
    SELECT m.account_id, c.id, coalesce(nullif(c.name, ''), nullif(c.primary_email, ''), 'Customer ' || c.id)
    FROM customers_membership m JOIN customers_customer c ON c.id = m.customer_id
    WHERE m.account_id = ANY(%s) AND m.owner AND c.state = 'active'
"""


@dataclass(frozen=True)
class Beside:
    """What the rows of one page refer to, by account: (customers, feedback), (owner's id, owner's name)."""

    counts: dict[int, tuple[int, int]] = field(default_factory=dict)
    owners: dict[int, tuple[int, str]] = field(default_factory=dict)


def sort_of(text: str, *, deleted: bool = False) -> Sort:
    """The order that the address names, by name if it names none. `deleted`: of a list of deleted accounts."""
    name = text.removeprefix("-")
    if name in SORTS:
        return Sort(name, SORTS[name][0], descending=text.startswith("-"))
    if deleted:
        return Sort(DELETED, "deleted_at", descending=text != DELETED, nullable=True)
    return Sort("name", "sort_name")


def beside(rows: Sequence[Account]) -> Beside:
    if not rows:
        return Beside()
    ids = [row.pk for row in rows]
    documents = Account._meta.get_field("documents").related_model._meta.db_table
    with connection.cursor() as cursor:
        counted = cursor.execute(COUNTS.format(documents=documents), {"ids": ids, "most": COUNTED + 1}).fetchall()
        owners = cursor.execute(OWNERS, [ids]).fetchall()
    return Beside(
        {pk: (people, papers) for pk, people, papers in counted}, {pk: (one, name) for pk, one, name in owners}
    )


def key_properties() -> list[Definition]:
    """The properties that the list shows: the first ones that are key for accounts."""
    return list(Definition.objects.filter(subject=Definition.Subject.ACCOUNT, is_key=True)[:KEYS_SHOWN])


def finished(
    rows: Iterable[Account], beside: Beside, keys: Sequence[Definition], reading: Reading
) -> list[tuple[Any, ...]]:
    """(id, name, address, avatar, account ID, owner, two key properties, customers, feedback, created) of each row."""
    return [
        (
            row.pk,
            row.name,
            fixed("accounts:detail", row.pk),
            avatar(row.name, row.pk, "avatar--sq"),
            row.external_id or "",
            _owner(*beside.owners[row.pk]) if row.pk in beside.owners else "",
            *(_values(row, keys[place]) if place < len(keys) else "" for place in range(KEYS_SHOWN)),
            *(_number(number) for number in beside.counts.get(row.pk, (0, 0))),
            reading.text(row.created_at),
        )
        for row in rows
    ]


def finished_deleted(rows: Sequence[Account], beside: Beside, reading: Reading) -> list[tuple[Any, ...]]:
    """(id, name, address, avatar, account ID, customers, deleted, by whom, the day it goes, restore address)."""
    authors = deleted_by((row.deleted_at for row in rows), "account.deleted")
    return [
        (
            row.pk,
            row.name,
            url := fixed("accounts:detail", row.pk),
            avatar(row.name, row.pk, "avatar--sq"),
            row.external_id or "",
            _number(beside.counts.get(row.pk, (0, 0))[0]),
            reading.time(row.deleted_at),
            authors.get(row.deleted_at, ""),
            "On legal hold" if row.legal_hold else goes("accounts", row.deleted_at, reading),
            f"{url}restore/",
        )
        for row in rows
    ]


def _owner(pk: int, name: str) -> SafeString:
    return SafeString(f'<a class="link" href="{fixed("customers:detail", pk)}">{escape(name)}</a>')  # name is escaped


def _values(row: Account, definition: Definition) -> str:
    values = row.properties.get(definition.key)
    return ", ".join(shown(value, definition.type) for value in values[:3]) if isinstance(values, list) else ""


def _number(number: int) -> str:
    return f"{number_text(COUNTED)}+" if number > COUNTED else number_text(number)
