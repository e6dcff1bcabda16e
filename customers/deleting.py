"""Customers deleted so that they can come back (6.1): gone from lists, search and suggestions, with everything kept.

Deleting and restoring change the state and nothing else, so a restored customer has every link it had, and what arrived
meanwhile. The row lock is `FOR UPDATE`: whoever links feedback to the customer waits and then sees the new state.
Identifiers stay taken (6.6), so no identifier lock is needed: nothing that such a lock protects changes hands.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models

from audit.actor import Actor
from audit.history import who
from audit.models import Change, Entry
from audit.recording import recorded
from core import schedules
from core.retrying import retrying
from customers.editing import NotActive, Stale
from customers.holding import Held, holds_on
from customers.models import Customer

State = Customer.State
NOT_THERE = "No longer there"
IN_THE_WAY: dict[str, str] = {
    State.ACTIVE: "Not deleted",
    State.DELETED: "Deleted already",
    State.PURGING: "Being permanently deleted",
    State.MERGED: "Merged into another customer",
}
VERBS = {State.DELETED: "customer.deleted", State.ACTIVE: "customer.restored"}


@dataclass(frozen=True)
class Outcome:
    """What was `changed`, by id; what was `skipped` and why, of it what is `held`; the audit entry, 0 for no change."""

    changed: list[int] = field(default_factory=list)
    skipped: dict[int, str] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    entry_id: int = 0


class NotDeleted(Exception):
    """There is nothing to restore; the message says what the customer is instead."""


def delete(customer: Customer, *, actor: Actor, version: int | None = None, now: datetime | None = None) -> Outcome:
    """Raises Held, Stale when the customer is not at `version`, and NotActive."""
    done = delete_many([customer.pk], actor=actor, now=now, version=version)
    if customer.pk in done.held:
        raise Held(done.skipped[customer.pk])
    if not done.changed:
        raise NotActive(done.skipped[customer.pk])
    return done


def restore(customer: Customer, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Brings back exactly what was there. Raises NotDeleted."""
    done = restore_many([customer.pk], actor=actor, now=now)
    if not done.changed:
        raise NotDeleted(done.skipped[customer.pk])
    return done


@retrying
def delete_many(
    ids: Collection[int], *, actor: Actor, now: datetime | None = None, version: int | None = None
) -> Outcome:
    """Deletes those who are active and not on legal hold. Raises Stale when one of them is not at `version`."""
    with recorded(actor, "customer.deleted", now=now) as entry:
        locked = _locked(ids)
        for customer in locked:
            if version is not None and customer.is_active and customer.version != version:
                raise Stale(Customer.objects.get(pk=customer.pk))
        held = holds_on((customer.pk for customer in locked if customer.is_active), told_to=actor.user_id)
        skipped = held | _not_in(State.ACTIVE, locked, ids)
        changed = [customer.pk for customer in locked if customer.pk not in skipped]
        Customer.objects.filter(pk__in=changed).update(state=State.DELETED, deleted_at=entry.at)
        return outcome(entry, Customer, changed, skipped, held)


@retrying
def restore_many(
    ids: Collection[int], *, actor: Actor, now: datetime | None = None, deleted_at: datetime | None = None
) -> Outcome:
    """Restores those who are deleted; with `deleted_at` only those deleted at that very moment, for an undo."""
    with recorded(actor, "customer.restored", now=now) as entry:
        locked = _locked(ids)
        skipped = _not_in(State.DELETED, locked, ids) | {
            customer.pk: "Deleted again since"
            for customer in locked
            if deleted_at is not None and customer.state == State.DELETED and customer.deleted_at != deleted_at
        }
        changed = [customer.pk for customer in locked if customer.pk not in skipped]
        Customer.objects.filter(pk__in=changed).update(state=State.ACTIVE, deleted_at=None, deletion_requested_at=None)
        return outcome(entry, Customer, changed, skipped)


def undo(entry_id: int, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Takes back what one deletion of this actor's did, as far as nobody else has done so."""
    entry = Entry.objects.filter(pk=entry_id, actor_id=actor.user_id, verb=VERBS[State.DELETED]).first()
    if entry is None:
        return Outcome()
    changes = Change.objects.filter(entry=entry, table=Customer._meta.db_table, after__state=State.DELETED)
    return restore_many(list(changes.values_list("row_id", flat=True)), actor=actor, now=now, deleted_at=entry.at)


def kept_days() -> int | None:
    """For how many days deleted customers are kept; None: until somebody permanently deletes them."""
    return schedules.kept_days("customers")


def due_at(customer: Customer) -> datetime | None:
    """When a deleted customer is permanently deleted; None for one who is not deleted, or when no schedule does so."""
    return schedules.due_at("customers", customer.deleted_at) if customer.state == State.DELETED else None


def deleted_by(moments: Iterable[datetime | None], verb: str = "customer.deleted") -> dict[datetime | None, str]:
    """Who deleted what was deleted at these moments: `deleted_at` is the moment of the audit entry."""
    known = [moment for moment in moments if moment]
    entries = Entry.objects.filter(at__in=known, verb=verb).select_related("actor", "source") if known else []
    return {entry.at: who(entry) for entry in entries}


def _locked(ids: Collection[int]) -> list[Customer]:
    rows = Customer.objects.filter(pk__in=ids).order_by("pk").only("state", "version", "deleted_at")
    return list(rows.select_for_update())


def _not_in(state: str, locked: list[Customer], ids: Collection[int]) -> dict[int, str]:
    states = {customer.pk: customer.state for customer in locked}
    return {pk: IN_THE_WAY.get(states.get(pk, ""), NOT_THERE) for pk in ids if states.get(pk) != state}


def outcome(
    entry: Entry, model: type[models.Model], changed: list[int], skipped: dict[int, str], held: Iterable[int] = ()
) -> Outcome:
    """Completes the audit entry: about the one that changed, or with how many did."""
    if not changed:
        entry.discard()
        return Outcome(skipped=skipped, held=frozenset(held))
    if len(changed) == 1:
        entry.about(model(pk=changed[0]))
    else:
        entry.facts |= {f"{model._meta.model_name}s": len(changed)}
    return Outcome(changed, skipped, frozenset(held), entry.pk)
