"""What a merge would do: read once for the preview, and once more under the locks by the merge itself (7.1)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.apps import apps

from accounts.models import Account
from audit.actor import Actor
from core.json import dumps
from customers.holding import holds_on
from customers.matching import LOCKS_LIMIT
from customers.merge_relations import PRIMARIES, mark_of, winner_of
from customers.merge_rules import RELATIONS, count_rows
from customers.models import Customer, Identifier, Login, Membership
from customers.models.customer import sort_key
from properties import provenance
from properties.models import Definition
from properties.values import shown
from staff.permissions import teams_of

MOST_SOURCES = 9
NAME = "name"
PROPERTY = "property:"
LABELS = {
    NAME: "Name", "primary_email": "Primary email", "primary_phone": "Primary phone", "primary_account": "Company"
}  # fmt: skip
MARKS = {NAME: provenance.NAME, "primary_email": provenance.PRIMARY_EMAIL, "primary_phone": provenance.PRIMARY_PHONE}
STATES: dict[str, str] = {
    Customer.State.DELETED: "is deleted. Restore it first.",
    Customer.State.PURGING: "is being permanently deleted.",
    Customer.State.MERGED: "is merged into another customer already.",
}


@dataclass(frozen=True)
class Value:
    """One side's value of a field: as stored, as people read it, and where it comes from."""

    raw: Any
    text: str
    mark: dict[str, Any] | None = None


@dataclass
class Field:
    """A single value that one of the customers gives: `chosen` is whose, `by_itself` whose unless somebody picks."""

    key: str
    label: str
    values: dict[int, Value]
    chosen: int
    by_itself: int

    @property
    def result(self) -> Value:
        return self.values[self.chosen]

    @property
    def differs(self) -> bool:
        return len({dumps(value.text) for value in self.values.values() if value.text or value.mark}) > 1

    @property
    def same(self) -> bool:
        return len({value.text for value in self.values.values()}) == 1


@dataclass(frozen=True)
class Count:
    """How many rows of one relation each customer has, and how many the survivor has after the merge."""

    key: str
    label: str
    each: list[int]
    after: int


@dataclass
class Plan:
    """`survivor` and `sources` as they are now, with what merging them gives. `refusals` say why it cannot be done."""

    survivor: Customer
    sources: list[Customer]
    picks: Mapping[str, int]
    refusals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.customers = [self.survivor, *self.sources]
        self.ids = [customer.pk for customer in self.customers]
        self.identifiers = list(Identifier.objects.filter(customer_id__in=self.ids).order_by("id"))
        memberships = Membership.objects.filter(customer_id__in=self.ids).select_related("account")
        self.memberships = list(memberships.order_by("id"))

    @cached_property
    def fields(self) -> list[Field]:
        """The single values, those that differ first to be picked."""
        return [*self._own_fields(), *self._properties()]

    @cached_property
    def counts(self) -> list[Count]:
        counted = {key: relation for key, relation in RELATIONS.items() if relation.label}
        numbers = count_rows(list(counted.values()), self.ids)
        return [
            Count(key, relation.label, [each[pk] for pk in self.ids], after)
            for (key, relation), (each, after) in zip(counted.items(), numbers, strict=True)
        ]

    @cached_property
    def fingerprint(self) -> str:
        """Changes with whatever somebody decides by: fields, contact details, accounts, tags, states. New feedback is
        none of it, or nobody could ever merge a customer who writes a lot."""
        seen = [
            [c.pk, c.name, c.state, c.legal_hold, c.properties, sorted(c.tag_ids)]
            for c in sorted(self.customers, key=lambda one: one.pk)
        ]
        seen.append([[i.pk, i.customer_id, i.value, i.primary] for i in self.identifiers])
        seen.append(
            [[m.pk, m.customer_id, m.primary, m.contact, m.key_contact, m.properties] for m in self.memberships]
        )
        return hashlib.sha256(dumps(seen).encode()).hexdigest()[:32]

    def combined(self, *, actor: Actor, now: datetime) -> dict[str, Any]:
        """The survivor's own columns after the merge, except those that triggers keep."""
        values: dict[str, list[Any]] = {}
        marks: dict[str, Any] = {}
        for one in self.fields:
            key = one.key.removeprefix(PROPERTY) if one.key.startswith(PROPERTY) else MARKS.get(one.key)
            if key is None:
                continue
            mark = self._mark(one, actor, now)
            if mark:
                marks[key] = mark
            if one.key.startswith(PROPERTY) and one.result.raw:
                values[key] = one.result.raw
        name = self._field(NAME).result.raw
        others = [c.origin for c in self.customers if c.origin != Customer.Origin.DOCUMENT]
        return {
            "name": name, "sort_name": sort_key(name), "properties": values, "provenance": marks,
            "origin": others[0] if others else Customer.Origin.DOCUMENT,
            "created_at": min(c.created_at for c in self.customers),
            "created_elsewhere_at": _of(min, (c.created_elsewhere_at for c in self.customers)),
            "last_imported_at": _of(max, (c.last_imported_at for c in self.customers)),
            "last_linked_at": _of(max, (c.last_linked_at for c in self.customers)),
        }  # fmt: skip

    def primaries(self) -> dict[str, int]:
        """The row that comes first, by kind, after the merge."""
        return {name: self._field(name).result.raw for name in PRIMARIES if self._has(name)}

    def _mark(self, one: Field, actor: Actor, now: datetime) -> dict[str, Any] | None:
        sides = [one.values[pk] for pk in self.ids]
        mark = mark_of([side.mark for side in sides], [side.raw for side in sides], self.ids.index(one.chosen))
        if one.chosen == one.by_itself or one.result.text == one.values[one.by_itself].text:
            return mark
        synced = {"synced": mark["synced"]} if mark and "synced" in mark else {}
        return provenance.stamp(actor, now, removed=not one.result.raw) | synced

    def _own_fields(self) -> Iterable[Field]:
        yield self._made(NAME, LABELS[NAME], {c.pk: Value(c.name, c.name, c.provenance.get(provenance.NAME))
                                              for c in self.customers})  # fmt: skip
        for name, kind in (("primary_email", "email"), ("primary_phone", "phone")):
            rows = {row.customer_id: row for row in self.identifiers if row.kind == kind and row.primary}
            yield self._of_rows(name, {pk: (row.pk, row.value) for pk, row in rows.items()})
        places = {row.customer_id: row for row in self.memberships if row.primary}
        yield self._of_rows("primary_account", {pk: (row.pk, row.account.name) for pk, row in places.items()})

    def _of_rows(self, name: str, rows: dict[int, tuple[int, str]]) -> Field:
        values = {}
        for customer in self.customers:
            pk, text = rows.get(customer.pk, (None, ""))
            values[customer.pk] = Value(pk, text, customer.provenance.get(MARKS.get(name, "")) if pk else None)
        return self._made(name, LABELS[name], values)

    def _properties(self) -> Iterable[Field]:
        keys = {key for c in self.customers for key in (*c.properties, *c.provenance) if not key.startswith("@")}
        definitions = {one.key: one for one in Definition.objects.filter(subject="customer", key__in=keys)}
        for key in sorted(keys, key=lambda key: (definitions[key].position if key in definitions else 10**6, key)):
            type_ = definitions[key].type if key in definitions else Definition.Type.TEXT
            values = {
                c.pk: Value(
                    c.properties.get(key), ", ".join(shown(one, type_) for one in c.properties.get(key, [])),
                    c.provenance.get(key),
                )
                for c in self.customers
            }  # fmt: skip
            yield self._made(PROPERTY + key, definitions[key].label if key in definitions else key, values)

    def _made(self, key: str, label: str, values: dict[int, Value]) -> Field:
        by_itself = self.ids[winner_of([(values[pk].raw, values[pk].mark) for pk in self.ids])]
        picked = self.picks.get(key)
        allowed = picked in values and (bool(values[picked].raw) or key.startswith(PROPERTY))
        return Field(key, label, values, picked if allowed and picked is not None else by_itself, by_itself)

    def _field(self, key: str) -> Field:
        return next(one for one in self.fields if one.key == key)

    def _has(self, key: str) -> bool:
        return self._field(key).result.raw is not None


def plan_of(
    survivor_id: int, source_ids: Sequence[int], *, viewer: Any, picks: Mapping[str, int] | None = None
) -> Plan:
    """The plan for these customers, as `viewer` may see them. Raises Customer.DoesNotExist."""
    source_ids = list(dict.fromkeys(source_ids))
    found = Customer.objects.visible_to(viewer) if viewer is not None else Customer.objects.all()
    rows = found.in_bulk([survivor_id, *source_ids])
    missing = {survivor_id, *source_ids} - rows.keys()
    if missing:
        raise Customer.DoesNotExist
    sources = [rows[pk] for pk in source_ids if pk != survivor_id]
    plan = Plan(rows[survivor_id], sources, picks or {})
    if survivor_id in source_ids:
        plan.refusals.append("A customer cannot be merged with itself. Choose another one.")
    plan.refusals += _refusals(plan, viewer)
    return plan


def _refusals(plan: Plan, viewer: Any) -> Iterable[str]:
    held = holds_on(plan.ids, told_to=getattr(viewer, "pk", None))
    for customer in plan.customers:
        name = customer.display_name
        if customer.state in STATES:
            yield f"{name} {STATES[customer.state]}"
        if customer.pk in held:
            yield f"{name} cannot be merged as long as a legal hold stands. {held[customer.pk]}."
        if customer.deletion_requested_at:
            yield f"{name} asked for the deletion of their data, which a merge would hide. Delete it, or cancel that."
    if Login.objects.filter(customer__in=plan.ids).count() > 1:
        yield (
            "They sign in to the portal as two different people, and a merge moves no authority. Take one login away"
            " first, on the profile of whoever should lose it."
        )
    if len(plan.sources) > MOST_SOURCES:
        yield f"At most {MOST_SOURCES + 1} customers can be merged at once."
    if len(plan.identifiers) > LOCKS_LIMIT:
        yield f"Together they have more than {LOCKS_LIMIT:,} contact details."
    if viewer is not None and teams_of(viewer) is not None:
        accounts = {row.account_id for row in plan.memberships}
        if Account.objects.filter(pk__in=accounts).exclude(pk__in=Account.objects.visible_to(viewer)).exists():
            yield "They belong to accounts that you may not see. Ask an admin to merge them."
        elif _has_hidden_feedback(plan.ids, viewer):
            yield "They have feedback that you may not see. Ask an admin to merge them."


def _has_hidden_feedback(ids: Sequence[int], viewer: Any) -> bool:
    documents = apps.get_model("feedback", "Document").objects
    return documents.filter(customer__in=ids).exclude(pk__in=documents.visible_to(viewer).values("pk")).exists()


def _of(pick: Any, moments: Iterable[datetime | None]) -> datetime | None:
    known = [moment for moment in moments if moment]
    return pick(known) if known else None
