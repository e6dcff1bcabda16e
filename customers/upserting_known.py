"""The part of the directory that a batch of upserts is about, held in memory: models cost several times more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Account
from core.arrays import AnyOf, array_of
from core.text import fold
from customers.identifying import Identity
from customers.models import Customer, Identifier, Membership, Tag
from customers.upserts import Upsert
from customers.visibility import Belongs

# Key share, as a membership's foreign key takes it: in id order and before the customers (reliability 2)
_ACCOUNTS = "SELECT id, external_id, state FROM accounts_account WHERE external_id = ANY(%s) ORDER BY id"
_KEPT = " FOR KEY SHARE"


@dataclass(slots=True)
class Held:
    """An identifier of somebody; `pk` is None until it is written."""

    pk: int | None
    identity: Identity
    primary: bool
    verified: bool
    source_id: int | None
    dirty: bool = False


@dataclass(slots=True)
class Seat:
    """A membership; `pk` is None until it is written. `account` is the account's own ID, or the id of one without."""

    pk: int | None
    account: str | int
    primary: bool = False
    contact: bool = False
    key_contact: bool = False
    owner: bool = False
    properties: dict[str, list[Any]] = field(default_factory=dict)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)
    dirty: bool = False


@dataclass(slots=True)
class Person:
    """A customer with all that an upsert may change. New ones have an id already."""

    pk: int
    name: str = ""
    state: str = Customer.State.ACTIVE
    origin: str = Customer.Origin.SYNC
    properties: dict[str, list[Any]] = field(default_factory=dict)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)
    created_elsewhere_at: datetime | None = None
    tag_ids: list[int] = field(default_factory=list)
    is_new: bool = False
    told: bool = False  # that they are new
    dirty: bool = False  # of the columns above; the parts below say so themselves
    tags: set[int | str] = field(default_factory=set)  # as they shall be; new ones by their folded names
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    seats: dict[str | int, Seat] = field(default_factory=dict)

    def primary(self, kind: str) -> Held | None:
        return next((one for one in self.held.values() if one.primary and one.identity.kind == kind), None)


@dataclass(slots=True)
class Known:
    """Everybody whom the items may be about, their accounts and tags."""

    people: dict[int, Person]
    visible: set[int] | None  # None: everybody
    accounts: dict[str, tuple[int, str]]  # id and state by the account's own ID
    visible_accounts: set[str] | None
    tags: dict[str, int]  # by folded name


def read(items: Sequence[Upsert], owners: Iterable[int], *, teams: list[int] | None, locked: bool) -> Known:
    """What the directory holds now; with `locked`, it stays so until the transaction ends."""
    accounts = _accounts({place.account for item in items for place in item.places}, locked=locked)
    ids = {*owners, *(item.customer_id for item in items if item.customer_id)}
    people = _people(ids, locked=locked)
    _give_identifiers(people)
    if any(item.says_places for item in items):
        _give_seats(people)
    visible = visible_accounts = None
    if teams is not None:
        seen = Customer.objects.filter(Belongs(teams), AnyOf("pk", people)).values_list("pk", flat=True)
        visible = set(seen) if people else set()
        named = {*accounts, *(account for one in people.values() for account in one.seats if isinstance(account, str))}
        shown = Account.objects.of_teams(teams).filter(external_id__in=named)
        visible_accounts = {one for one in shown.values_list("external_id", flat=True) if one}
    return Known(people, visible, accounts, visible_accounts, _tags(items))


def _accounts(external_ids: set[str], *, locked: bool) -> dict[str, tuple[int, str]]:
    if not external_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS + (_KEPT if locked else ""), [array_of(sorted(external_ids))])
        return {external_id: (pk, state) for pk, external_id, state in cursor.fetchall()}


def _people(ids: set[int], *, locked: bool) -> dict[int, Person]:
    if not ids:
        return {}
    rows = Customer.objects.filter(AnyOf("pk", ids)).order_by("pk")
    if locked:
        rows = rows.select_for_update(no_key=True)
    people: dict[int, Person] = {}
    for row in rows.values_list(
        "pk", "name", "state", "origin", "properties", "provenance", "created_elsewhere_at", "tag_ids"
    ):
        person = people[row[0]] = Person(*row)
        person.tags = set(person.tag_ids)
    return people


def _give_identifiers(people: dict[int, Person]) -> None:
    if not people:
        return
    rows = Identifier.objects.filter(AnyOf("customer_id", people)).order_by("pk")
    for customer_id, pk, kind, normalized, value, primary, verified, source_id in rows.values_list(
        "customer_id", "pk", "kind", "normalized", "value", "primary", "verified", "source_id"
    ):
        one = Identity(kind, normalized, value)
        people[customer_id].held[kind, normalized] = Held(pk, one, primary, verified, source_id)


def _give_seats(people: dict[int, Person]) -> None:
    if not people:
        return
    rows = Membership.objects.filter(AnyOf("customer_id", people)).order_by("pk")
    for customer_id, account_id, external_id, *values in rows.values_list(
        "customer_id", "account_id", "account__external_id", "pk", "primary", "contact", "key_contact", "owner",
        "properties", "provenance",
    ):  # fmt: skip
        pk, *rest = values
        account = external_id or account_id
        people[customer_id].seats[account] = Seat(pk, account, *rest)


def _tags(items: Sequence[Upsert]) -> dict[str, int]:
    folded = {fold(name) for item in items for name in item.tags}
    return dict(Tag.objects.filter(folded__in=folded).values_list("folded", "pk")) if folded else {}
