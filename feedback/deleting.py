"""Documents deleted so that they can come back (6.1): each keeps its customer, account and tags meanwhile."""

from collections.abc import Collection, Iterable
from datetime import datetime

from audit.actor import Actor
from audit.models import Change, Entry
from audit.recording import recorded
from core import schedules
from core.retrying import retrying
from customers.deleting import NOT_THERE, NotDeleted, Outcome, outcome
from customers.holding import Held, holds_on, holds_on_accounts
from customers.matching import lock_customers
from feedback.models import Document

State = Document.State
IN_THE_WAY: dict[str, str] = {
    State.ACTIVE: "Not deleted",
    State.DELETED: "Deleted already",
    State.PURGING: "Being permanently deleted",
}


class NotActive(Exception):
    """The document is deleted already, or being permanently deleted."""


def delete(document: Document, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Raises Held and NotActive."""
    done = delete_many([document.pk], actor=actor, now=now)
    if document.pk in done.held:
        raise Held(done.skipped[document.pk])
    if not done.changed:
        raise NotActive(done.skipped[document.pk])
    return done


def restore(document: Document, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Brings back exactly what was there. Raises NotDeleted."""
    done = restore_many([document.pk], actor=actor, now=now)
    if not done.changed:
        raise NotDeleted(done.skipped[document.pk])
    return done


@retrying
def delete_many(ids: Collection[int], *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Deletes the active ones whose customer and account are not on legal hold."""
    with recorded(actor, "document.deleted", now=now) as entry:
        locked = _locked(ids)
        held = holds_of((document for document in locked if document.is_active), told_to=actor.user_id)
        skipped = held | _not_in(State.ACTIVE, locked, ids)
        changed = [document.pk for document in locked if document.pk not in skipped]
        Document.objects.filter(pk__in=changed).update(state=State.DELETED, deleted_at=entry.at)
        return outcome(entry, Document, changed, skipped, held)


@retrying
def restore_many(
    ids: Collection[int], *, actor: Actor, now: datetime | None = None, deleted_at: datetime | None = None
) -> Outcome:
    """Restores the deleted ones; with `deleted_at` only those deleted at that very moment, for an undo."""
    with recorded(actor, "document.restored", now=now) as entry:
        locked = _locked(ids)
        skipped = _not_in(State.DELETED, locked, ids) | {
            document.pk: "Deleted again since"
            for document in locked
            if deleted_at is not None and document.state == State.DELETED and document.deleted_at != deleted_at
        }
        changed = [document.pk for document in locked if document.pk not in skipped]
        Document.objects.filter(pk__in=changed).update(state=State.ACTIVE, deleted_at=None)
        return outcome(entry, Document, changed, skipped)


def undo(entry_id: int, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Takes back what one deletion of this actor's did, as far as nobody else has done so."""
    entry = Entry.objects.filter(pk=entry_id, actor_id=actor.user_id, verb="document.deleted").first()
    if entry is None:
        return Outcome()
    changes = Change.objects.filter(entry=entry, table=Document._meta.db_table, after__state=State.DELETED)
    return restore_many(list(changes.values_list("row_id", flat=True)), actor=actor, now=now, deleted_at=entry.at)


def holds_of(documents: Iterable[Document], *, told_to: int | None = None) -> dict[int, str]:
    """Why these documents may not be deleted, by document: their customer's legal hold, or their account's."""
    asked = list(documents)
    customers = holds_on({one.customer_id for one in asked if one.customer_id}, told_to=told_to)
    accounts = holds_on_accounts({one.account_id for one in asked if one.account_id})
    found = {one.pk: customers.get(one.customer_id or 0) or accounts.get(one.account_id or 0) for one in asked}
    return {pk: why for pk, why in found.items() if why}


def due_at(document: Document) -> datetime | None:
    """When a deleted document is permanently deleted; None when it is not deleted, or no schedule does so."""
    return schedules.due_at("documents", document.deleted_at) if document.state == State.DELETED else None


def _locked(ids: Collection[int]) -> list[Document]:
    """The documents, locked after their customers, whose counts the triggers are about to write (reliability 2)."""
    owners = Document.objects.filter(pk__in=ids, customer__isnull=False).values_list("customer_id", flat=True)
    lock_customers(owners)
    rows = Document.objects.filter(pk__in=ids).order_by("pk")
    return list(rows.only("state", "deleted_at", "customer_id", "account_id").select_for_update())


def _not_in(state: str, locked: list[Document], ids: Collection[int]) -> dict[int, str]:
    states = {document.pk: document.state for document in locked}
    return {pk: IN_THE_WAY.get(states.get(pk, ""), NOT_THERE) for pk in ids if states.get(pk) != state}
