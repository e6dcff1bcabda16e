"""Permanent deletion (6.2, reliability 9): claimed by compare-and-set, suppressed first, deleted, then verified.

A batch is one transaction. One claims customers (deleted → purging: restore competes for the same row), the next ones
take away what there is of them. Every step is idempotent: a worker killed anywhere leaves it before or after.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, models

from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.arrays import AnyOf
from core.retrying import retrying
from customers import ledger, suppressing
from customers.deleting import IN_THE_WAY, NOT_THERE
from customers.holding import holds_on, holds_on_accounts
from customers.identifying import Identity
from customers.matching import LOCKS_LIMIT, lock
from customers.models import Customer, Erasure, Identifier
from feedback.anonymising import Known
from feedback.models import Document
from retention import knowing, logins, papers, traces
from retention.inventory import Fate, relations
from retention.models import Purge

BATCH = 100  # customers
DOCUMENTS = 2_000  # a transaction
SKIPPED_SHOWN = 200
State = Customer.State


class Leftover(Exception):
    """Something that was to be deleted is still there: nothing is committed, and the job says so."""


@retrying
def start(
    ids: Sequence[int], *, actor: Actor, subject: str = Purge.Subject.CUSTOMER, documents: str = Purge.Documents.DELETE,
    suppress: bool = True, reason: str = Purge.Reason.HAND, now: datetime | None = None,
) -> Purge:  # fmt: skip
    """Begins the permanent deletion of these deleted customers (or documents) in the background.

    `suppress=False` allows their identifiers to come back. Who is not deleted or on legal hold is skipped, with why.
    """
    with recorded(actor, "purge.started", now=now) as entry:
        purge = Purge.objects.create(
            subject=subject, ids=sorted(set(ids)), total=len(set(ids)), documents=documents, suppress=suppress,
            reason=reason, actor_id=actor.user_id,
        )  # fmt: skip
        purge.enqueue()
        if len(purge.ids) == 1:
            entry.subject_type, entry.subject_id = subject, purge.ids[0]
        entry.facts |= {"purge_id": purge.pk, f"{subject}s": len(purge.ids)}
        return purge


def next_batch(purge: Purge, now: datetime) -> bool:
    """Claims or deletes the next ones; whether there is more."""
    if purge.subject == Purge.Subject.DOCUMENT:
        return papers.next_batch(purge, now)
    if purge.subject == Purge.Subject.ACCOUNT:
        from retention import organisations

        return organisations.next_batch(purge, now)
    begun = list(Erasure.objects.filter(purge_id=purge.pk, done_at=None).order_by("customer_id")[:BATCH])
    if begun:
        _erase(purge, begun, now)
    else:
        _claim(purge, now)
    return purge.position < len(purge.ids) or Erasure.objects.filter(purge_id=purge.pk, done_at=None).exists()


@contextmanager
def unrecorded(purge: Purge, verb: str, now: datetime) -> Iterator[Entry]:
    """An audit entry without row detail, in which the log's values may be emptied."""
    actor = Actor(via="task", rank="staff", user_id=purge.actor_id)
    with recorded(actor, verb, now=now, facts={"purge_id": purge.pk}) as entry:
        _set(audit_rows="off", erasing="on")
        yield entry
        _set(audit_rows="", erasing="")


def _set(**values: str) -> None:
    with connection.cursor() as cursor:
        for name, value in values.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [f"roster.{name}", value])


def skip(purge: Purge, why: dict[int, str]) -> None:
    """Counts what could not be deleted, and keeps why of the first."""
    purge.skipped_count += len(why)
    purge.done += len(why)
    room = SKIPPED_SHOWN - len(purge.skipped_why)
    purge.skipped_why += [[pk, reason] for pk, reason in sorted(why.items())[: max(0, room)]]


# Claiming


def _claim(purge: Purge, now: datetime) -> None:
    ids = purge.ids[purge.position : purge.position + BATCH]
    purge.position += len(ids)
    with unrecorded(purge, "customer.purge_claimed", now) as entry:
        locked = Customer.objects.filter(AnyOf("pk", ids)).order_by("pk").only("state", "created_at")
        there = {customer.pk: customer for customer in locked.select_for_update()}
        states = {pk: customer.state for pk, customer in there.items()}
        held = holds_on(states) | held_by_documents(states)
        why = {pk: IN_THE_WAY.get(states.get(pk, ""), NOT_THERE) for pk in ids if states.get(pk) != State.DELETED}
        why |= {pk: reason for pk, reason in held.items() if pk not in why}
        claimed = [pk for pk in ids if pk not in why]
        Customer.objects.filter(AnyOf("pk", claimed), state=State.DELETED).update(state=State.PURGING)
        Erasure.objects.bulk_create(
            Erasure(token=_token(there[pk]), customer_id=pk, purge_id=purge.pk, begun_at=now) for pk in claimed
        )
        skip(purge, why)
        entry.facts |= {"customers": len(claimed), "skipped": len(why)}


def _token(customer: Customer) -> uuid.UUID:
    """The same each time: a worker that died between ledger and commit is followed by one that writes the same."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"roster customer {customer.pk} of {customer.created_at.isoformat()}")


def held_by_documents(ids: Iterable[int]) -> dict[int, str]:
    """Customers with feedback in an account that is on legal hold."""
    rows = Document.objects.filter(customer_id__in=list(ids)).exclude(account=None).exclude(account__legal_hold="")
    found = dict(rows.values_list("customer_id", "account_id"))
    reasons = holds_on_accounts(found.values())
    return {pk: reasons[account_id] for pk, account_id in found.items() if pk}


# Deleting


def _erase(purge: Purge, begun: list[Erasure], now: datetime) -> None:
    """Takes away what there is of these customers, as much as one transaction should."""
    with unrecorded(purge, "customer.purged", now) as entry:
        begun, rows = _within_locks(begun)
        lock([_identity(row) for row in rows], exclusive=True)
        ids = [one.customer_id for one in begun]
        absorbed = dict(Customer.objects.filter(AnyOf("merged_into_id", ids)).values_list("pk", "merged_into_id"))
        every = sorted({*ids, *absorbed})
        locked = Customer.objects.filter(AnyOf("pk", every)).order_by("pk").only("created_at").select_for_update()
        made_at = {customer.pk: customer.created_at for customer in locked}
        known = _known(begun, absorbed)
        suppressed = _suppress(purge, rows, ids, now) if purge.suppress else []
        _append(purge, begun, absorbed, made_at, suppressed, now)
        Identifier.objects.filter(pk__in=[row.pk for row in rows]).delete()
        counts = papers.take(purge, every, absorbed, known, now, most=DOCUMENTS)
        purge.add(suppressions=len(suppressed), identifiers=len(rows), **counts)
        traces.forget(every, known)
        left = _with_more(every, absorbed)
        for one in begun:
            one.known = known[one.customer_id].as_json() if one.customer_id in left else None
        Erasure.objects.bulk_update([one for one in begun if one.known], ["known"])
        done = [one for one in begun if one.customer_id not in left]
        _finish(purge, done, absorbed, now)
        entry.facts |= {"customers": len(done), **{name: number for name, number in counts.items() if number}}
        if len(begun) == 1:
            entry.subject_type, entry.subject_id = "customer", begun[0].customer_id


def _within_locks(begun: list[Erasure]) -> tuple[list[Erasure], list[Identifier]]:
    """The first of them that together have no more identifiers than a transaction may lock, and those."""
    ids = [one.customer_id for one in begun]
    held = Identifier.objects.filter(AnyOf("customer_id", ids)).order_by("customer_id", "pk")
    rows = list(held[: LOCKS_LIMIT + 1])
    if len(rows) > LOCKS_LIMIT:
        cut = rows[-1].customer_id
        whole = [row for row in rows if row.customer_id < cut]
        if whole:
            return [one for one in begun if one.customer_id < cut], whole
        return begun[:1], rows[:LOCKS_LIMIT]  # somebody with thousands: the rest comes with the next batch
    return begun, rows


def _identity(row: Identifier) -> Identity:
    return Identity(row.kind, row.normalized, row.value)


def _known(begun: list[Erasure], absorbed: dict[int, int]) -> dict[int, Known]:
    """What is known of each, now and from what an earlier batch has taken away already."""
    found = knowing.gather([one.customer_id for one in begun], absorbed)
    for one in begun:
        if one.known:
            before = Known.of_json(one.known)
            now = found[one.customer_id]
            found[one.customer_id] = Known([*before.names, *now.names], [*before.identifiers, *now.identifiers])
    return found


def _suppress(purge: Purge, rows: list[Identifier], ids: list[int], now: datetime) -> list[tuple[int, Identity]]:
    """Remembers what nobody else holds; a phone that somebody shares may still arrive."""
    phones = [row.normalized for row in rows if row.kind == Identifier.Kind.PHONE]
    others = Identifier.objects.filter(AnyOf("normalized", phones), kind=Identifier.Kind.PHONE)
    shared = set(
        others.exclude(customer_id__in=ids).exclude(customer__state=State.PURGING).values_list("normalized", flat=True)
    )
    gone = [
        (row.customer_id, _identity(row))
        for row in rows
        if row.kind != Identifier.Kind.PHONE or row.normalized not in shared
    ]
    if gone:
        suppressing.suppress([one for _, one in gone], now)
    return gone


def _append(
    purge: Purge, begun: list[Erasure], absorbed: dict[int, int], made_at: dict[int, datetime],
    suppressed: list[tuple[int, Identity]], now: datetime,
) -> None:  # fmt: skip
    ledger.append(
        ledger.Erased(
            str(one.token), one.customer_id, made_at[one.customer_id].isoformat(), now.isoformat(), purge.documents,
            sorted(pk for pk, into in absorbed.items() if into == one.customer_id),
            [[row.kind, row.digest.hex()] for pk, row in suppressed if pk == one.customer_id],
        )
        for one in begun
        if one.known is None
    )  # fmt: skip


def _with_more(every: list[int], absorbed: dict[int, int]) -> set[int]:
    """Who of them still has documents or identifiers."""
    left = set(Document.objects.filter(AnyOf("customer_id", every)).values_list("customer_id", flat=True).distinct())
    left |= set(Identifier.objects.filter(AnyOf("customer_id", every)).values_list("customer_id", flat=True).distinct())
    return {absorbed.get(pk, pk) for pk in left if pk}


def _finish(purge: Purge, done: list[Erasure], absorbed: dict[int, int], now: datetime) -> None:
    """Deletes the rows themselves and what is part of them, and looks whether anything is left."""
    ids = [one.customer_id for one in done]
    if not ids:
        return
    merged = [pk for pk, into in absorbed.items() if into in set(ids)]
    every = [*merged, *ids]
    logins.forget(every)
    for model, name in relations("customers.Customer", Fate.DELETED):
        gone = _delete(model, name, every)
        purge.add(**{str(model._meta.verbose_name_plural).replace(" ", "_"): gone} if gone else {})
    for group in (merged, ids):  # the absorbed point at the survivors
        _delete(Customer, "pk", group)
    _verify(every)
    purge.add(customers=len(ids), merged_records=len(merged))
    purge.deleted_count += len(ids)
    purge.done += len(ids)
    Erasure.objects.filter(pk__in=[one.pk for one in done]).update(done_at=now, known=None)


def _delete(model: type[models.Model], name: str, ids: Sequence[int]) -> int:
    column = name if name == "pk" else f"{name}_id"
    rows = model._base_manager.filter(AnyOf(column, ids))
    return rows._raw_delete(rows.db) if ids else 0


def _verify(every: Sequence[int]) -> None:
    """Raises Leftover when a row or a value of theirs is still there."""
    for fate in (Fate.DELETED, Fate.UNLINKED, Fate.CHOSEN):
        for model, name in relations("customers.Customer", fate):
            if model._base_manager.filter(AnyOf(f"{name}_id", every)).exists():
                raise Leftover(f"{model._meta.label} still has rows of a permanently deleted customer")
    if Customer.objects.filter(AnyOf("pk", every)).exists() or traces.values_of(every):
        raise Leftover("Values of a permanently deleted customer are still there")
