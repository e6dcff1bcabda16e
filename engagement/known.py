"""The accounts and customers that reports name by account ID, user ID and email, each looked up once."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account
from customers.identifying import Identity, identities
from customers.models import Customer, Identifier


class Unknown(ValueError):
    """Nobody has what a report says in `field`, or it says nothing."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Known:
    """`nobodys` are the identities that no customer has who could be meant."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        rows = list(rows)
        named = [str(row["account_id"]) for row in rows if row.get("account_id") not in (None, "")]
        there = Account.objects.filter(external_id__in=named).exclude(state="purging")
        self.accounts = dict(there.values_list("external_id", "pk"))
        wanted = {one for row in rows for one in self.identities(row)}
        found = Identifier.objects.filter(normalized__in=[one.normalized for one in wanted])
        whose = found.filter(kind__in=["user_id", "email"], customer__state__in=[
            Customer.State.ACTIVE, Customer.State.DELETED,
        ])  # fmt: skip
        self.owners = {(kind, text): pk for kind, text, pk in whose.values_list("kind", "normalized", "customer_id")}
        self.nobodys = {one for one in wanted if (one.kind, one.normalized) not in self.owners}

    def account(self, row: dict[str, Any]) -> int | None:
        """None when it names none. Raises Unknown."""
        given = row.get("account_id")
        if given in (None, ""):
            return None
        if str(given) not in self.accounts:
            raise Unknown("account_id", "No account has this account_id.")
        return self.accounts[str(given)]

    def customer(self, row: dict[str, Any], *, needed: bool = False) -> int | None:
        given = self.identities(row)
        for one in given:
            if (one.kind, one.normalized) in self.owners:
                return self.owners[one.kind, one.normalized]
        if given:
            raise Unknown(given[0].kind, "No customer has this user_id or email.")
        if needed:
            raise Unknown("user_id", "Name the customer by user_id or email.")
        return None

    def identities(self, row: dict[str, Any]) -> list[Identity]:
        """What the row says of who it was; nothing when that is malformed."""
        given = [(kind, row.get(kind)) for kind in ("user_id", "email")]
        try:
            return identities([(kind, value if value is None else str(value)) for kind, value in given])
        except ValidationError:
            return []
