"""The matching rule for many drafts at once: what `creating.find_or_create` does, with a few statements for all.

The drafts are taken one after another, as if each were a command of its own, on a part of the directory held in memory.
Tests compare the outcome with that of single commands.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from audit.actor import Actor
from core.writing_many import insert_many, insert_rows, next_ids, update_many
from customers.creating import Draft, _may_name, search_text_of
from customers.identifying import MATCHING_ORDER, Identity
from customers.matching import Match, lock_customers, note_duplicates
from customers.models import Customer, Identifier
from customers.models.customer import sort_key
from properties import provenance

_ORDER = {kind: place for place, kind in enumerate(MATCHING_ORDER)}
_NEW = (
    "id", "name", "sort_name", "state", "origin", "properties", "provenance", "created_at", "updated_at", "version",
    "primary_email", "primary_phone", "search_text", "channels", "source_ids", "feedback_count", "first_seen_at",
    "last_seen_at", "last_linked_at", "tag_ids",
)  # fmt: skip
_IDENTIFIER = (
    "customer", "kind", "value", "normalized", "digest", "primary", "verified", "source", "created_at",
)  # fmt: skip


class Directory:
    """Whoever the drafts may belong to, locked until the transaction ends.

    The identities must be locked already (`matching.lock`). After the last `find_or_create`, `write` makes it true.
    """

    def __init__(self, drafts: Sequence[Draft], *, actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now
        self.new: dict[int, Customer] = {}
        self._identifiers: list[tuple[Any, ...]] = []
        self._given: dict[int, list[Identity]] = {}  # identities of new customers
        self._changed: set[int] = set()
        self._matches: list[Match] = []
        self._owners = _owners(one for draft in drafts for one in draft.identities)
        matches = [self._match(draft) for draft in drafts if draft.identities]
        known = {found.customer_id for found in matches if found.customer_id is not None}
        self.customers = {customer.pk: customer for customer in lock_customers(known)} if known else {}
        self._ranked = _ranked(known)
        self._ids = next_ids(Customer, sum(found.customer_id is None for found in matches))

    def find_or_create(self, draft: Draft, *, origin: str) -> int | None:
        """The id of whose the draft is, enriched with what it adds, or of the customer made for it; None for nobody."""
        if not draft.identities:
            return None
        found = self._match(draft)
        if found.customer_id is None:
            return None if all(found.owners.values()) else self._insert(draft, origin)
        customer = self.customers[found.customer_id]
        self._enrich(customer, draft)
        self._give(customer.pk, found.free(), verified=draft.verified)
        self._matches.append(found)
        return customer.pk

    def write(self) -> None:
        for customer in self.new.values():
            customer.sort_name = sort_key(customer.name)
            customer.search_text = search_text_of(customer.name, self._given[customer.pk])
        insert_many(list(self.new.values()), _NEW)
        changed = [self.customers[pk] for pk in sorted(self._changed - self.new.keys())]
        for customer in changed:
            customer.sort_name = sort_key(customer.name)
        update_many(changed, ("name", "sort_name", "properties", "provenance"))
        if self._identifiers:
            insert_rows(Identifier, _IDENTIFIER, self._identifiers)
        for found in self._matches:
            if found.others:
                note_duplicates(found)

    def _match(self, draft: Draft) -> Match:
        """`matching.match` on what is held here."""
        found = Match(owners={one: [] for one in draft.identities})
        for one in sorted(draft.identities, key=lambda one: _ORDER[one.kind]):
            owners = list(self._owners.get((one.kind, one.normalized), ()))
            found.owners[one] = owners
            if found.customer_id is None and len(owners) == 1:
                found.customer_id = owners[0]
        return found

    def _insert(self, draft: Draft, origin: str) -> int:
        """`creating.insert`, in memory. Derived columns filled in already need no second write by the triggers."""
        if not self._ids:  # a match of the first look was lost to an earlier draft of this batch
            self._ids = next_ids(Customer, 10)
        customer = Customer(
            pk=self._ids.pop(), name=draft.name, origin=origin, created_at=self.now, updated_at=self.now, version=1,
            first_seen_at=self.now, last_seen_at=self.now,
        )  # fmt: skip
        for key, values in draft.properties.items():
            provenance.put(customer.properties, customer.provenance, key, values, actor=self.actor, now=self.now)
        if draft.name:
            customer.provenance[provenance.NAME] = provenance.stamp(self.actor, self.now)
        self.new[customer.pk] = self.customers[customer.pk] = customer
        self._given[customer.pk] = []
        self._ranked[customer.pk] = set()
        self._give(customer.pk, draft.identities, verified=draft.verified)
        return customer.pk

    def _enrich(self, customer: Customer, draft: Draft) -> None:
        """The first half of `creating.enrich`."""
        before = (
            customer.name,
            dict(customer.properties),
            {key: dict(mark) for key, mark in customer.provenance.items()},
        )
        if draft.name and draft.name != customer.name and _may_name(customer, draft, self.actor):
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
                    self.actor.source_id, self.now,
                )
            )  # fmt: skip
            self._owners.setdefault((one.kind, one.normalized), []).append(customer_id)
            customer = self.new.get(customer_id)
            if customer is None:
                continue
            self._given[customer_id].append(one)
            if first and one.kind == Identifier.Kind.EMAIL:
                customer.primary_email = one.value
            elif first:
                customer.primary_phone = one.value


def _owners(identities: Iterable[Identity]) -> dict[tuple[str, str], list[int]]:
    """Whose each identity is, oldest first."""
    wanted: dict[str, set[str]] = {}
    for one in identities:
        wanted.setdefault(one.kind, set()).add(one.normalized)
    owners: dict[tuple[str, str], list[int]] = {}
    for kind, normalized in wanted.items():
        condition = Q(kind=kind, normalized__in=sorted(normalized))
        rows = Identifier.objects.filter(condition).order_by("id").values_list("normalized", "customer_id")
        for value, customer_id in rows:
            owners.setdefault((kind, value), []).append(customer_id)
    return owners


def _ranked(customer_ids: set[int]) -> dict[int, set[str]]:
    """The kinds of which each customer has a primary one."""
    ranked: dict[int, set[str]] = {pk: set() for pk in customer_ids}
    if customer_ids:
        held = Identifier.objects.filter(customer_id__in=customer_ids, primary=True).values_list("customer_id", "kind")
        for customer_id, kind in held:
            ranked[customer_id].add(kind)
    return ranked
