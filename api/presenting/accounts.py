"""Accounts and their members as JSON."""

from collections.abc import Sequence
from typing import Any

from accounts.models import Account
from api.presenting.customers import said
from customers.models import Membership


def presented(rows: Sequence[Account]) -> list[dict[str, Any]]:
    owners = Membership.objects.filter(account__in=[row.pk for row in rows], owner=True, customer__state="active")
    owned = dict(owners.values_list("account_id", "customer_id"))
    return [_one(row, owned.get(row.pk)) for row in rows]


def presented_one(account: Account) -> dict[str, Any]:
    return presented([account])[0]


def member(row: Membership) -> dict[str, Any]:
    return {
        "customer_id": row.customer_id,
        "name": row.customer.name,
        "contact": row.contact,
        "key_contact": row.key_contact,
        "owner": row.owner,
        "properties": row.properties,
    }


def _one(row: Account, owner_id: int | None) -> dict[str, Any]:
    found = {
        "id": row.pk,
        "name": row.name,
        "external_id": row.external_id,
        "owner_id": owner_id,
        "properties": row.properties,
        "created_at": said(row.created_at),
        "updated_at": said(row.updated_at),
    }
    if not row.is_active:
        found |= {"deleted": True, "deleted_at": said(row.deleted_at)}
    return found
