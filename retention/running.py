"""Retention runs at work: what is due is found by index and permanently deleted, a batch at a time (6.4).

What a batch finds is locked, looked at again, and claimed for permanent deletion in one transaction. The run drives
that deletion itself, so its lease, progress and cancellation are those of the run. Customers who were not deleted
before are gone when that transaction ends: a document that arrives meanwhile saves its customer or makes a new one.
"""

from datetime import datetime, timedelta

from django.db import transaction

from audit.actor import Actor
from audit.recording import recorded
from core.jobs import Status
from core.retrying import retrying
from customers import deleting as customers_deleting
from customers.identifying import Identity
from customers.matching import LOCKS_LIMIT, lock
from customers.models import Customer, Identifier
from feedback import deleting as documents_deleting
from feedback.models import Document
from retention import logs, policies, purging
from retention.models import Policy, Purge, Run

BATCH = {
    "customers": 50,
    "documents": 1_000,
    "accounts": 50,
    "imports": 100,
    "usage events": 5_000,
    "bodies of deliveries": 200,
    "deliveries": 200,
    "audit entries": 500,
}
SKIPPED_SHOWN = 200
JUMP = timedelta(days=2)  # the schedule is looked at every minute
NEVER = timedelta(days=36_500)
Kind = Policy.Kind


@retrying
def start(policy: Policy, *, actor: Actor, now: datetime | None = None, jumped: str = "") -> Run:
    """Begins a run in the background, or returns the one that is under way.

    It waits for approval when it would delete more than a share or a number, or when the clock `jumped`.
    """
    with recorded(actor, "policy.run_started", policy, now=now) as entry:
        policy = Policy.objects.select_for_update().get(pk=policy.pk)
        under_way = Run.objects.filter(policy=policy, status__in=[Status.QUEUED, Status.RUNNING]).first()
        if under_way:
            entry.discard()
            return under_way
        found = policies.preview(policy, entry.at)
        brake = jumped or found.brake
        run = Run.objects.create(
            policy=policy, actor_id=actor.user_id, cutoff=policies.cutoff_of(policy, entry.at),
            suppress=policy.suppress, documents=policy.documents, total=found.count, brake=brake,
            enqueue_at=entry.at + NEVER if brake else None,
        )  # fmt: skip
        entry.facts |= {"run_id": run.pk, "due": found.count, "waits": bool(brake)}
        if not brake:
            run.enqueue()
        return run


@retrying
def approve(run: Run, *, actor: Actor, now: datetime | None = None) -> bool:
    """Lets a run that waits go on; False when it does not wait."""
    with recorded(actor, "policy.run_approved", run.policy, now=now, facts={"run_id": run.pk}) as entry:
        waiting = Run.objects.filter(pk=run.pk, status=Status.QUEUED, approved_at=None).exclude(brake="")
        if not waiting.update(approved_at=entry.at, approved_by_id=actor.user_id, enqueue_at=None, enqueued_at=None):
            entry.discard()
            return False
        run.enqueue()
        return True


@retrying
def cancel(run: Run, *, actor: Actor, now: datetime | None = None) -> bool:
    """Stops a run before its next batch. A permanent deletion that it has begun ends by itself."""
    with recorded(actor, "policy.run_cancelled", run.policy, now=now, facts={"run_id": run.pk}) as entry:
        if not run.cancel(entry.at):
            entry.discard()
            return False
    hand_over()
    return True


def start_due(now: datetime) -> list[Run]:
    """Starts what is due by its schedule; notices when the clock has jumped since the schedule was last looked at."""
    hand_over()
    begun = []
    for policy in policies.every():
        jumped = _jumped(policy, now)
        if not policy.enabled:
            continue
        if policy.next_run_at is None:
            Policy.objects.filter(pk=policy.pk).update(next_run_at=policies.next_run(policy.at, now))
        elif policy.next_run_at <= now or jumped:
            due = policy.next_run_at <= now
            following = policies.next_run(policy.at, now)
            mine = Policy.objects.filter(pk=policy.pk, next_run_at=policy.next_run_at)
            if mine.update(next_run_at=following) and due:
                begun.append(start(policy, actor=Actor.of_system(), now=now, jumped=jumped))
    Policy.objects.update(checked_at=now)
    return begun


def hand_over() -> int:
    """Permanent deletions whose run ended before them go on by themselves; how many."""
    unfinished = Run.objects.filter(status__in=[Status.QUEUED, Status.RUNNING]).exclude(purge_id=None)
    with transaction.atomic():
        driven = Purge.objects.filter(status=Status.RUNNING, lease_until=None, reason=Purge.Reason.POLICY)
        left = driven.exclude(pk__in=unfinished.values("purge_id")).select_for_update(skip_locked=True)
        found = list(left)
        Purge.objects.filter(pk__in=[one.pk for one in found]).update(status=Status.QUEUED, attempts=0)
        for purge in found:
            purge.enqueue()
    return len(found)


def next_batch(run: Run, now: datetime) -> bool:
    """Goes on with the permanent deletion at work, or finds the next ones; whether there is more."""
    mine = Purge.objects.filter(pk=run.purge_id or 0, status=Status.RUNNING, lease_until=None)  # no other worker has it
    purge = mine.first()
    if purge:
        _drive(run, purge, now)
        return True
    rows = policies.due(run.policy.kind, run.policy.channel, run.cutoff)
    rows = policies.ordered(policies.after(rows, run.policy.kind, run.after_at, run.after_id), run.policy.kind)
    moment = policies.MOMENT[run.policy.kind]
    found = list(rows.values_list("pk", moment)[: BATCH[run.policy.subject]])
    if not found:
        return False
    run.after_id, run.after_at = found[-1]
    run.done += len(found)
    run.total = max(run.total or 0, run.done)
    _delete(run, [pk for pk, _ in found], now)
    return True


def _delete(run: Run, ids: list[int], now: datetime) -> None:
    system = Actor.of_system()
    if run.policy.kind in logs.FORGET:
        gone, why = logs.FORGET[run.policy.kind](ids, run.cutoff, now)
        run.deleted += gone
        _skip(run, why)
        return
    if run.policy.kind not in {Kind.DELETED_CUSTOMERS, Kind.DELETED_DOCUMENTS, Kind.DELETED_ACCOUNTS}:
        customers = run.policy.subject == "customers"
        model, command = (Customer, customers_deleting) if customers else (Document, documents_deleting)
        if customers:
            _lock_identifiers(ids)
        list(model._default_manager.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
        still = set(
            policies.due(run.policy.kind, run.policy.channel, run.cutoff)
            .filter(pk__in=ids)
            .values_list("pk", flat=True)
        )
        _skip(run, {pk: "Not due any more" for pk in ids if pk not in still})
        done = command.delete_many(sorted(still), actor=system, now=now)
        _skip(run, done.skipped)
        ids = done.changed
    if not ids:
        return
    purge = Purge.objects.create(
        subject=run.policy.subject.removesuffix("s"), ids=sorted(ids), total=len(ids),
        documents=run.documents, suppress=run.suppress, reason=Purge.Reason.POLICY, actor_id=run.actor_id,
        status=Status.RUNNING, started_at=now,
    )  # fmt: skip
    run.purge_id = purge.pk
    _drive(run, purge, now)
    while run.policy.kind in {Kind.ORPHANS, Kind.UNSEEN} and purge.status == Status.RUNNING:
        _drive(run, purge, now)  # to its end: a document that arrives in between would go with its customer


def _lock_identifiers(ids: list[int]) -> None:
    """Before the customers themselves, as everybody does; an intake with one of them then waits, and comes after."""
    rows = Identifier.objects.filter(customer_id__in=ids).order_by("customer_id", "pk")[:LOCKS_LIMIT]
    lock([Identity(row.kind, row.normalized, row.value) for row in rows], exclusive=True)


def _drive(run: Run, purge: Purge, now: datetime) -> None:
    """One batch of a permanent deletion, as its own worker would do it."""
    more = purging.next_batch(purge, now)
    if not more:
        purge.status, purge.finished_at = Status.DONE, now
        run.deleted += purge.deleted_count
        run.skipped += purge.skipped_count
        run.skipped_why += purge.skipped_why[: max(SKIPPED_SHOWN - len(run.skipped_why), 0)]
    purge.save()


def _skip(run: Run, why: dict[int, str]) -> None:
    run.skipped += len(why)
    run.skipped_why += [[pk, text] for pk, text in why.items()][: max(SKIPPED_SHOWN - len(run.skipped_why), 0)]


def _jumped(policy: Policy, now: datetime) -> str:
    if policy.checked_at is None:
        return ""
    apart = now - policy.checked_at
    if apart > JUMP:
        return f"Nobody looked at the schedule for {apart.days} days: the clock jumped, or Roster stood still."
    return "The clock went back." if apart < -timedelta(hours=1) else ""
