"""Changes that people make to one customer: name, identifiers, properties. Each is one command with its audit entry.

Commands that take `version` refuse a stale form: they raise Stale with the customer as it is now (reliability 4).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.retrying import retrying
from customers.creating import Taken, add_identifiers, clean_name
from customers.identifying import Identity, identity
from customers.matching import lock, match
from customers.models import Customer, Identifier
from customers.suppressing import Suppressed, counting
from properties import provenance
from properties.models import Definition
from properties.values import cast_all

PRIMARY_KEYS = {"email": provenance.PRIMARY_EMAIL, "phone": provenance.PRIMARY_PHONE}


class Stale(Exception):
    """Somebody changed the customer after the form was made; `customer` is as it is now."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(f"Customer {customer.pk} is at version {customer.version}")
        self.customer = customer


class NotActive(Exception):
    """The customer is deleted or merged, so nothing about it can be edited."""


@contextmanager
def edited(
    customer: Customer,
    verb: str,
    *,
    actor: Actor,
    version: int | None,
    now: datetime | None,
    identities: Sequence[Identity] = (),
) -> Iterator[tuple[Customer, Entry]]:
    """The customer locked inside an audit entry of its own, checked to be active and, if asked, unchanged."""
    with recorded(actor, verb, customer, now=now) as entry:
        lock(identities)
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        if not locked.is_active:
            raise NotActive
        if version is not None and version != locked.version:
            raise Stale(locked)
        yield locked, entry


@retrying
def rename(
    customer: Customer, name: str, *, actor: Actor, version: int | None = None, now: datetime | None = None
) -> Customer:
    """Raises ValidationError, Stale, NotActive."""
    cleaned = clean_name(name)
    with edited(customer, "customer.renamed", actor=actor, version=version, now=now) as (locked, entry):
        if locked.name == cleaned:
            entry.discard()
            return locked
        locked.name = cleaned
        locked.provenance[provenance.NAME] = provenance.stamp(actor, entry.at)
        locked.save(update_fields=["name", "sort_name", "provenance"])
        return locked


@counting
@retrying
def add_identifier(
    customer: Customer, kind: str, value: str, *, actor: Actor, now: datetime | None = None
) -> Identifier:
    """Raises ValidationError when malformed, Taken when another has it (a phone may be shared), and Suppressed."""
    new = identity(kind, value)
    with edited(customer, "customer.identifier_added", actor=actor, version=None, now=now, identities=[new]) as (
        locked,
        entry,
    ):
        _refuse_taken(new, locked)
        held = locked.identifiers.filter(kind=new.kind, normalized=new.normalized).first()
        if held:
            entry.discard()
            return held
        add_identifiers(locked, [new], actor=actor, now=entry.at)
        return locked.identifiers.get(kind=new.kind, normalized=new.normalized)


@counting
@retrying
def change_identifier(
    identifier: Identifier, value: str, *, actor: Actor, expecting: str | None = None, now: datetime | None = None
) -> Identifier:
    """Corrects an identifier in place, primary or not.

    Raises ValidationError, Taken, Suppressed, NotActive, Identifier.DoesNotExist; Stale when its value is not
    `expecting`.
    """
    new = identity(identifier.kind, value)
    with edited(
        identifier.customer, "customer.identifier_changed", actor=actor, version=None, now=now, identities=[new]
    ) as (locked, entry):
        _refuse_taken(new, locked)
        row = locked.identifiers.get(pk=identifier.pk)
        if expecting is not None and row.value != expecting:
            raise Stale(locked)
        if row.value == new.value:
            entry.discard()
            return row
        locked.identifiers.filter(kind=new.kind, normalized=new.normalized).exclude(pk=row.pk).delete()
        row.value, row.normalized, row.digest, row.verified = new.value, new.normalized, new.digest, True
        row.save(update_fields=["value", "normalized", "digest", "verified"])
        _stamp_primary(locked, row.kind, actor, entry.at) if row.primary else None
        return row


@retrying
def remove_identifier(identifier: Identifier, *, actor: Actor, now: datetime | None = None) -> None:
    """Takes an identifier away; the oldest other one of its kind becomes primary in its place."""
    with edited(identifier.customer, "customer.identifier_removed", actor=actor, version=None, now=now) as (
        locked,
        entry,
    ):
        row = locked.identifiers.filter(pk=identifier.pk).first()
        if row is None:
            entry.discard()
            return
        row.delete()
        following = locked.identifiers.filter(kind=row.kind).order_by("pk").first() if row.primary else None
        if following:
            locked.identifiers.filter(pk=following.pk).update(primary=True)
            _stamp_primary(locked, row.kind, actor, entry.at)


@retrying
def make_primary(identifier: Identifier, *, actor: Actor, now: datetime | None = None) -> None:
    """Makes this the customer's primary email or phone."""
    with edited(identifier.customer, "customer.identifier_made_primary", actor=actor, version=None, now=now) as (
        locked,
        entry,
    ):
        row = locked.identifiers.get(pk=identifier.pk)
        if row.primary or row.kind not in Identifier.RANKED:
            entry.discard()
            return
        locked.identifiers.filter(kind=row.kind, primary=True).update(primary=False)
        locked.identifiers.filter(pk=row.pk).update(primary=True)
        _stamp_primary(locked, row.kind, actor, entry.at)


@retrying
def set_property(
    customer: Customer, key: str, raws: Sequence[object], *, actor: Actor, type_: str = Definition.Type.TEXT,
    version: int | None = None, now: datetime | None = None,
) -> Customer:  # fmt: skip
    """Sets the values of one property; none at all removes it. A key never seen defines itself with `type_`.

    Raises ValidationError, Stale, NotActive. Nothing is defined when the values do not fit.
    """
    expected = Definition.objects.expected(key, type_=type_)
    values = cast_all(expected, raws)
    verb = "customer.property_set" if values else "customer.property_removed"

    def change(locked: Customer, at: datetime) -> bool:
        if not (expected.pk or values):
            return False
        definition = Definition.objects.for_key(key, type_=type_)
        return provenance.put(locked.properties, locked.provenance, definition.key, values, actor=actor, now=at)

    return _change_properties(customer, verb, change, actor=actor, version=version, now=now)


@retrying
def reset_property(customer: Customer, key: str, *, actor: Actor, now: datetime | None = None) -> Customer:
    """Gives a property back to the syncs, at the value they sent last (2.7)."""

    def change(locked: Customer, at: datetime) -> bool:
        return provenance.reset(locked.properties, locked.provenance, key, now=at)

    return _change_properties(customer, "customer.property_reset", change, actor=actor, version=None, now=now)


def _change_properties(
    customer: Customer, verb: str, change: Callable[[Customer, datetime], bool], *, actor: Actor, version: int | None,
    now: datetime | None,
) -> Customer:  # fmt: skip
    with edited(customer, verb, actor=actor, version=version, now=now) as (locked, entry):
        if change(locked, entry.at):
            locked.save(update_fields=["properties", "provenance"])
        else:
            entry.discard()
        return locked


def _refuse_taken(new: Identity, customer: Customer) -> None:
    found = match([new])
    if found.suppressed:
        raise Suppressed(new)
    owners = found.owners[new]
    if new.kind != Identifier.Kind.PHONE and owners and owners != [customer.pk]:
        raise Taken(new, Customer.objects.get(pk=owners[0]))


def _stamp_primary(customer: Customer, kind: str, actor: Actor, at: datetime) -> None:
    if kind in PRIMARY_KEYS:
        customer.provenance[PRIMARY_KEYS[kind]] = provenance.stamp(actor, at)
        customer.save(update_fields=["provenance"])
