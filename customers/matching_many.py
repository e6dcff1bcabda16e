"""The matching rule for many drafts at once: what `creating.find_or_create` does, with a few statements for all.

The drafts are taken one after another, as if each were a command of its own, on a part of the directory held in memory.
Tests compare the outcome with that of single commands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from audit.actor import Actor
from core.arrays import AnyOf, array_of
from core.json import dumps
from core.writing_many import insert_rows, next_ids, update_many
from customers import suppressing
from customers.creating import Draft, _may_name, confirm, search_text_of
from customers.identifying import MATCHING_ORDER, Identity
from customers.matching import Match, note_duplicates
from customers.models import Customer, Identifier
from customers.models.customer import sort_key
from properties import provenance

# One look into the index for each. What is said of phones lets the planner see which of the partial indexes it is
_OWNERS = """
    SELECT i.kind, i.normalized, i.customer_id, i.verified
    FROM unnest(%s::text[], %s::text[]) AS wanted (kind, normalized)
    CROSS JOIN LATERAL (
        SELECT id, kind, normalized, customer_id, verified FROM customers_identifier
        WHERE kind = wanted.kind AND normalized = wanted.normalized AND {which} OFFSET 0
    ) i ORDER BY i.id
"""
_UNIQUE_OWNERS, _PHONE_OWNERS = _OWNERS.format(which="kind <> 'phone'"), _OWNERS.format(which="kind = 'phone'")
Owners = dict[tuple[str, str], list[int]]  # whose (kind, normalized) is

_ORDER = {kind: place for place, kind in enumerate(MATCHING_ORDER)}
_NEW = (
    "id", "name", "sort_name", "state", "origin", "properties", "provenance", "created_at", "updated_at", "version",
    "primary_email", "primary_phone", "search_text", "channels", "source_ids", "feedback_count", "first_seen_at",
    "last_seen_at", "last_linked_at", "tag_ids",
)  # fmt: skip
_IDENTIFIER = (
    "customer", "kind", "value", "normalized", "digest", "primary", "verified", "source", "created_at",
)  # fmt: skip


@dataclass(slots=True)
class Person:
    """A customer as far as matching needs one: instances of models take several times longer to make."""

    pk: int
    name: str
    properties: dict[str, list[Any]] = field(default_factory=dict)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class NewPerson(Person):
    """A customer to be inserted, with what the triggers would compute, so that these write nothing again."""

    origin: str = Customer.Origin.HAND
    identities: list[Identity] = field(default_factory=list)
    primary_email: str = ""
    primary_phone: str = ""
    seen: list[datetime] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)
    source_ids: set[int] = field(default_factory=set)

    def saw(self, at: datetime, *, channel: str, source_id: int) -> None:
        """Counts in a document that is theirs."""
        self.seen.append(at)
        self.channels.add(channel)
        self.source_ids.add(source_id)

    def row(self, now: str) -> tuple[Any, ...]:
        """The values of `_NEW`."""
        return (
            self.pk, self.name, sort_key(self.name), Customer.State.ACTIVE, self.origin, dumps(self.properties),
            dumps(self.provenance), now, now, 1, self.primary_email, self.primary_phone,
            search_text_of(self.name, self.identities), array_of(sorted(self.channels)),
            array_of(sorted(self.source_ids)), len(self.seen), min(self.seen, default=now),
            max(self.seen, default=now), now if self.seen else None, array_of([]),
        )  # fmt: skip


class Directory:
    """Whoever the drafts may belong to, locked until the transaction ends.

    The identities must be locked already (`matching.lock`). After the last `find_or_create`, `write` makes it true.
    """

    def __init__(self, drafts: Sequence[Draft], *, actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now
        self._moment = now.isoformat()  # as the database takes it
        self.new: dict[int, NewPerson] = {}
        self._identifiers: list[tuple[Any, ...]] = []
        self._changed: set[int] = set()
        self._matches: list[Match] = []
        every = {one for draft in drafts for one in draft.identities}
        self._claimed: set[tuple[int, str, str]] = set()
        self._confirmed: set[tuple[int, str, str]] = set()
        self._owners = owners_of(every, self._claimed)
        self._suppressed = suppressing.among(every)
        found = [self._owner(draft) for draft in drafts if draft.identities]
        known = {customer_id for customer_id in found if customer_id is not None}
        self.customers: dict[int, Person] = {person.pk: person for person in _locked(known)}
        self._ranked = _ranked(known)
        self._ids = next_ids(Customer, found.count(None))

    def find_or_create(self, draft: Draft, *, origin: str) -> int | None:
        """The id of whose the draft is, enriched with what it adds, or of the customer made for it; None for nobody."""
        if not draft.identities:
            return None
        found = self._match(draft)
        if found.customer_id is None:
            return None if found.is_suppressed or all(found.owners.values()) else self._insert(draft, origin)
        customer = self.customers[found.customer_id]
        self._enrich(customer, draft)
        self._give(customer.pk, found.free(), verified=draft.verified)
        if draft.verified and self._claimed:
            self._confirmed |= self._claimed & {(customer.pk, one.kind, one.normalized) for one in draft.identities}
        self._matches.append(found)
        return customer.pk

    def refused(self, draft: Draft) -> Match:
        """Which identities of the draft are suppressed, and whether that makes the whole nobody's."""
        return self._match(draft) if self._suppressed else Match()

    def write(self) -> None:
        if self.new:
            insert_rows(Customer, _NEW, (person.row(self._moment) for person in self.new.values()))
        changed = [self.customers[pk] for pk in sorted(self._changed - self.new.keys())]
        update_many(
            [
                Customer(
                    pk=person.pk, name=person.name, sort_name=sort_key(person.name), properties=person.properties,
                    provenance=person.provenance,
                )
                for person in changed
            ],
            ("name", "sort_name", "properties", "provenance"),
        )  # fmt: skip
        if self._identifiers:
            insert_rows(Identifier, _IDENTIFIER, self._identifiers)
        confirm(self._confirmed)
        for found in self._matches:
            if found.others:
                note_duplicates(found)

    def _match(self, draft: Draft) -> Match:
        """`matching.match` on what is held here."""
        found = Match(owners={one: [] for one in draft.identities})
        if self._suppressed:
            found.suppressed = self._suppressed.intersection(draft.identities)
        for one in _ordered(draft):
            found.take(one, list(self._owners.get((one.kind, one.normalized), ())))
        return found

    def _owner(self, draft: Draft) -> int | None:
        """The `customer_id` of `_match`, which is all that the first look at a draft asks for."""
        for one in _ordered(draft):
            if one in self._suppressed:
                return None
            owners = self._owners.get((one.kind, one.normalized), ())
            if len(owners) == 1:
                return owners[0]
        return None

    def _insert(self, draft: Draft, origin: str) -> int:
        """`creating.insert`, in memory. Derived columns filled in already need no second write by the triggers."""
        if not self._ids:  # a match of the first look was lost to an earlier draft of this batch
            self._ids = next_ids(Customer, 10)
        customer = NewPerson(self._ids.pop(), draft.name, origin=origin)
        for key, values in draft.properties.items():
            provenance.put(customer.properties, customer.provenance, key, values, actor=self.actor, now=self.now)
        if draft.name:
            customer.provenance[provenance.NAME] = provenance.stamp(self.actor, self.now)
        self.new[customer.pk] = self.customers[customer.pk] = customer
        self._ranked[customer.pk] = set()
        self._give(customer.pk, draft.identities, verified=draft.verified)
        return customer.pk

    def _enrich(self, customer: Person, draft: Draft) -> None:
        """The first half of `creating.enrich`."""
        before = (
            customer.name,
            dict(customer.properties),
            {key: dict(mark) for key, mark in customer.provenance.items()},
        )
        renames = draft.name and draft.name != customer.name
        if renames and _may_name(customer.name, customer.provenance, draft, self.actor):
            customer.name = draft.name
            customer.provenance[provenance.NAME] = provenance.stamp(self.actor, self.now)
        for key, values in draft.properties.items():
            provenance.put(customer.properties, customer.provenance, key, values, actor=self.actor, now=self.now)
        if before != (customer.name, customer.properties, customer.provenance):
            self._changed.add(customer.pk)

    def _give(self, customer_id: int, identities: Iterable[Identity], *, verified: bool) -> None:
        """`creating.add_identifiers`, in memory."""
        ranked = self._ranked.setdefault(customer_id, set())
        for one in identities:
            first = one.kind in Identifier.RANKED and one.kind not in ranked
            if first:
                ranked.add(one.kind)
            self._identifiers.append(
                (
                    customer_id, one.kind, one.value, one.normalized, one.digest, first, verified,
                    self.actor.source_id, self._moment,
                )
            )  # fmt: skip
            self._owners.setdefault((one.kind, one.normalized), []).append(customer_id)
            if not verified:
                self._claimed.add((customer_id, one.kind, one.normalized))
            customer = self.new.get(customer_id)
            if customer is None:
                continue
            customer.identities.append(one)
            if first and one.kind == Identifier.Kind.EMAIL:
                customer.primary_email = one.value
            elif first:
                customer.primary_phone = one.value


def _ordered(draft: Draft) -> Sequence[Identity]:
    """The draft's identities in the order of matching."""
    if len(draft.identities) == 1:
        return draft.identities
    return sorted(draft.identities, key=lambda one: _ORDER[one.kind])


def owners_of(identities: Iterable[Identity], claimed: set[tuple[int, str, str]] | None = None) -> Owners:
    """Whose each identity is, oldest first; `claimed` gets those that somebody has by a browser's word only."""
    wanted = sorted({(one.kind, one.normalized) for one in identities})
    owners: Owners = {}
    with connection.cursor() as cursor:
        for sql, pairs in (
            (_UNIQUE_OWNERS, [pair for pair in wanted if pair[0] != Identifier.Kind.PHONE]),
            (_PHONE_OWNERS, [pair for pair in wanted if pair[0] == Identifier.Kind.PHONE]),
        ):
            if pairs:
                cursor.execute(sql, [array_of([kind for kind, _ in pairs]), array_of([value for _, value in pairs])])
                for kind, value, customer_id, verified in cursor.fetchall():
                    owners.setdefault((kind, value), []).append(customer_id)
                    if not verified and claimed is not None:
                        claimed.add((customer_id, kind, value))
    return owners


def _locked(customer_ids: set[int]) -> list[Person]:
    """These customers, locked against merge and delete, in id order."""
    if not customer_ids:
        return []
    rows = Customer.objects.filter(AnyOf("pk", customer_ids)).order_by("pk").select_for_update(no_key=True)
    return [Person(*row) for row in rows.values_list("pk", "name", "properties", "provenance")]


def _ranked(customer_ids: set[int]) -> dict[int, set[str]]:
    """The kinds of which each customer has a primary one."""
    ranked: dict[int, set[str]] = {pk: set() for pk in customer_ids}
    if customer_ids:
        held = Identifier.objects.filter(AnyOf("customer_id", customer_ids), primary=True)
        for customer_id, kind in held.values_list("customer_id", "kind"):
            ranked[customer_id].add(kind)
    return ranked
