"""Accounts deleted so that they can come back (6.1), with the people who belong nowhere else if somebody says so.

The account and those customers are deleted by one command at one moment, which is how restoring knows whom it took.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Account
from audit.actor import Actor
from audit.models import Change, Entry
from audit.recording import recorded
from core import schedules
from core.retrying import retrying
from customers.deleting import NOT_THERE, NotDeleted, Outcome, outcome
from customers.editing import NotActive
from customers.holding import Held, holds_on, holds_on_accounts
from customers.models import Customer, Membership

State = Account.State
IN_THE_WAY: dict[str, str] = {
    State.ACTIVE: "Not deleted",
    State.DELETED: "Deleted already",
    State.PURGING: "Being permanently deleted",
}


def only_in(account_ids: Collection[int]) -> QuerySet[Customer]:
    """The active customers who belong to these accounts and to no other that is not deleted."""
    elsewhere = Membership.objects.filter(customer=OuterRef("pk"), account__state=State.ACTIVE)
    inside = Membership.objects.filter(account__in=account_ids)
    return Customer.objects.active().filter(
        ~Exists(elsewhere.exclude(account__in=account_ids)), pk__in=inside.values("customer")
    )


def delete(account: Account, *, customers: bool = False, actor: Actor, now: datetime | None = None) -> Outcome:
    """Raises Held and NotActive."""
    done = delete_many([account.pk], customers=customers, actor=actor, now=now)
    if account.pk in done.held:
        raise Held(done.skipped[account.pk])
    if not done.changed:
        raise NotActive(done.skipped[account.pk])
    return done


def restore(account: Account, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Brings back the account, and the people who were deleted with it. Raises NotDeleted."""
    done = restore_many([account.pk], actor=actor, now=now)
    if not done.changed:
        raise NotDeleted(done.skipped[account.pk])
    return done


@retrying
def delete_many(ids: Collection[int], *, customers: bool = False, actor: Actor, now: datetime | None = None) -> Outcome:
    """Deletes those that are active and not on legal hold; with `customers` also whoever belongs to nothing else and is
    not on legal hold."""
    with recorded(actor, "account.deleted", now=now) as entry:
        locked = _locked(ids)
        held = holds_on_accounts(account.pk for account in locked if account.is_active)
        skipped = held | _not_in(State.ACTIVE, locked, ids)
        changed = [account.pk for account in locked if account.pk not in skipped]
        people = _people(only_in(changed)) if customers and changed else []
        Account.objects.filter(pk__in=changed).update(state=State.DELETED, deleted_at=entry.at)
        if people:
            held_people = holds_on(people)
            gone = [pk for pk in people if pk not in held_people]
            Customer.objects.filter(pk__in=gone).update(state=Customer.State.DELETED, deleted_at=entry.at)
            entry.facts |= {"customers": len(gone)}
        return outcome(entry, Account, changed, skipped, held)


@retrying
def restore_many(
    ids: Collection[int], *, actor: Actor, now: datetime | None = None, deleted_at: datetime | None = None
) -> Outcome:
    """Restores those that are deleted, with the people who went with them; with `deleted_at` only those deleted at that
    very moment, for an undo."""
    with recorded(actor, "account.restored", now=now) as entry:
        locked = _locked(ids)
        skipped = _not_in(State.DELETED, locked, ids) | {
            account.pk: "Deleted again since"
            for account in locked
            if deleted_at is not None and account.state == State.DELETED and account.deleted_at != deleted_at
        }
        changed = [account for account in locked if account.pk not in skipped]
        moments = {account.deleted_at for account in changed if account.deleted_at}
        Account.objects.filter(pk__in=[account.pk for account in changed]).update(state=State.ACTIVE, deleted_at=None)
        people = _people(_went_with(changed, moments)) if moments else []
        if people:
            Customer.objects.filter(pk__in=people).update(state=Customer.State.ACTIVE, deleted_at=None)
            entry.facts |= {"customers": len(people)}
        return outcome(entry, Account, [account.pk for account in changed], skipped)


def undo(entry_id: int, *, actor: Actor, now: datetime | None = None) -> Outcome:
    """Takes back what one deletion of this actor's did, as far as nobody else has done so."""
    entry = Entry.objects.filter(pk=entry_id, actor_id=actor.user_id, verb="account.deleted").first()
    if entry is None:
        return Outcome()
    changes = Change.objects.filter(entry=entry, table=Account._meta.db_table, after__state=State.DELETED)
    return restore_many(list(changes.values_list("row_id", flat=True)), actor=actor, now=now, deleted_at=entry.at)


def due_at(account: Account) -> datetime | None:
    """When a deleted account is permanently deleted; None when it is not deleted, or no schedule does so."""
    return schedules.due_at("accounts", account.deleted_at) if account.state == State.DELETED else None


def _went_with(accounts: Iterable[Account], moments: Collection[datetime]) -> QuerySet[Customer]:
    """Who was deleted by the commands that deleted these accounts: `deleted_at` is the moment of the command."""
    return Customer.objects.deleted().filter(
        deleted_at__in=moments, memberships__account__in=[account.pk for account in accounts]
    )


def _people(customers: QuerySet[Customer]) -> list[int]:
    """The ids of those who still are what was asked for once they are locked, in id order."""
    ids = sorted(set(customers.values_list("pk", flat=True)))
    list(Customer.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
    return sorted(set(customers.filter(pk__in=ids).values_list("pk", flat=True)))


def _locked(ids: Collection[int]) -> list[Account]:
    rows = Account.objects.filter(pk__in=ids).order_by("pk").only("state", "version", "deleted_at", "name")
    return list(rows.select_for_update())


def _not_in(state: str, locked: list[Account], ids: Collection[int]) -> dict[int, str]:
    states = {account.pk: account.state for account in locked}
    return {pk: IN_THE_WAY.get(states.get(pk, ""), NOT_THERE) for pk in ids if states.get(pk) != state}
