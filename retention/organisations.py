"""Accounts in a permanent deletion (6.2): gone with who belongs to them and who may view them; what was said, answered
and done there stays without the account.

One account at a time, and of a large one some thousand rows a transaction; a worker killed anywhere goes on there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.arrays import AnyOf
from core.retrying import retrying
from customers import ledger
from customers.accounts.deleting import IN_THE_WAY
from customers.deleting import NOT_THERE, delete_many
from customers.holding import hold_of
from customers.matching import lock_customers
from customers.models import Customer, Membership
from retention import purging, traces
from retention.models import Purge

ROWS = 2_000  # a transaction
State = Account.State
# Every relation to an account: with it, or without it
GOES = ("customers.Membership", "accounts.TeamAccount", "accounts.VisibleAccount", "engagement.UsageDay")
STAYS = {
    "feedback.Document": "documents_kept_without_the_account",
    "engagement.SurveyResponse": "survey_answers_kept_without_the_account",
    "engagement.UsageEvent": "usage_events_kept_without_the_account",
}


def next_batch(purge: Purge, now: datetime) -> bool:
    """Takes away the next rows of the account at hand; whether there is more."""
    pk = purge.ids[purge.position]
    with purging.unrecorded(purge, "account.purged", now) as entry:
        account = (
            Account.objects.filter(pk=pk).only("state", "legal_hold", "name", "created_at").select_for_update().first()
        )
        why = _refusal(account)
        if account is None or why:
            purging.skip(purge, {pk: why})
            purge.position += 1
        else:
            if account.state != State.PURGING:
                ledger.append([ledger.ErasedAccount(now.isoformat(), pk, account.created_at.isoformat())])
                Account.objects.filter(pk=pk).update(state=State.PURGING)
            if _part(purge, account):
                _finish(purge, account)
                purge.position += 1
        entry.subject_type, entry.subject_id = "account", pk
    return purge.position < len(purge.ids)


def _refusal(account: Account | None) -> str:
    """Why it cannot be deleted, "" when it can; one that is being deleted goes on."""
    if account is None:
        return NOT_THERE
    if account.state == State.ACTIVE:
        return IN_THE_WAY[State.ACTIVE]
    return hold_of(account) if account.state == State.DELETED else ""


def _part(purge: Purge, account: Account) -> bool:
    """Parts some rows from the account; whether all are."""
    room = ROWS
    members = list(Membership.objects.filter(account=account).order_by("customer_id")[:room])
    _leave(members)
    purge.add(memberships=len(members))
    room -= len(members)
    for label, word in STAYS.items():
        if room <= 0:
            return False
        rows = apps.get_model(label)._base_manager
        ids = _first(rows.filter(account=account), room)
        rows.filter(AnyOf("pk", ids)).update(account=None)
        purge.add(**{word: len(ids)})
        room -= len(ids)
    return room > 0


def _first(rows: QuerySet[Any], most: int) -> list[int]:
    if rows.model._meta.label == "feedback.Document":
        lock_customers(pk for pk in rows.values_list("customer_id", flat=True)[:most] if pk)
    return list(rows.order_by("pk").select_for_update().values_list("pk", flat=True)[:most])


def _leave(members: list[Membership]) -> None:
    """Takes these people out; the oldest other membership of each becomes primary in its place."""
    lock_customers(member.customer_id for member in members)
    Membership.objects.filter(AnyOf("pk", [member.pk for member in members])).delete()
    losing = [member.customer_id for member in members if member.primary]
    left = Membership.objects.filter(AnyOf("customer_id", losing), account__state=State.ACTIVE).order_by("pk")
    following: dict[int, int] = {}
    for pk, customer_id in left.values_list("pk", "customer_id"):
        following.setdefault(customer_id, pk)
    Membership.objects.filter(AnyOf("pk", list(following.values()))).update(primary=True)


def _finish(purge: Purge, account: Account) -> None:
    """Deletes the account itself; its history keeps who did what when, without the values."""
    traces.empty_changes(account_ids=[account.pk])
    for label in GOES:
        apps.get_model(label)._base_manager.filter(account=account).delete()
    Account.objects.filter(pk=account.pk).delete()
    purge.add(accounts=1)
    purge.deleted_count += 1
    purge.done += 1


@dataclass(frozen=True)
class AccountPreview:
    """(what, how many) of what goes, and of what stays without the account; `people` belong to it alone."""

    goes: list[tuple[str, int]]
    stays: list[tuple[str, int]]
    people: int = 0
    refusal: str = ""


def preview(account: Account) -> AccountPreview:
    refusal = "Only what is deleted can be permanently deleted. Delete the account first."
    if account.state == State.DELETED:
        refusal = f"{hold_of(account)}. Lift the legal hold first." if account.legal_hold else ""
    goes = [("Account, with its properties", 1), ("Places of customers", account.memberships.count())]
    stays = [
        (words, apps.get_model(label)._base_manager.filter(account=account).count())
        for label, words in {
            "feedback.Document": "Documents, without the account",
            "engagement.SurveyResponse": "Survey scores, without the account",
            "engagement.UsageEvent": "Usage events, without the account",
        }.items()
    ]
    return AccountPreview(
        [(what, number) for what, number in goes if number], [(what, number) for what, number in stays if number],
        people=len(_alone(account)), refusal=refusal,
    )  # fmt: skip


@retrying
def start(account: Account, *, customers: bool, documents: str, actor: Actor, now: datetime | None = None) -> Purge:
    """Begins the permanent deletion of a deleted account; with `customers` also of those who belong to nothing else."""
    with recorded(actor, "account.purge_asked", account, now=now) as entry:
        people = _alone(account) if customers else []
        if people:
            delete_many(people, actor=actor, now=entry.at)
            purging.start(people, actor=actor, documents=documents, now=entry.at)
            entry.facts |= {"customers": len(people)}
        return purging.start([account.pk], actor=actor, subject=Purge.Subject.ACCOUNT, suppress=False, now=entry.at)


def _alone(account: Account) -> list[int]:
    """Who belongs to this account and to no other that is there, deleted with it or not."""
    elsewhere = Membership.objects.filter(customer=OuterRef("pk"), account__state=State.ACTIVE).exclude(account=account)
    here = Membership.objects.filter(account=account).values("customer")
    people = Customer.objects.readable().filter(~Exists(elsewhere), pk__in=here)
    return list(people.order_by("pk").values_list("pk", flat=True))
