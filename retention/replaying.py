"""Erasures done again after a backup was restored: what the ledger names and the database lacks (reliability 14)."""

import uuid
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Coalesce

from accounts.models import Account
from core import clock, jobs
from core.arrays import AnyOf
from core.jobs import Status
from customers import ledger
from customers.models import Customer, Erasure, Identifier, Suppression
from customers.suppressing import forget_checks, prove_key, remember
from feedback.models import Document
from retention import papers
from retention.models import Purge
from retention.purging import unrecorded


def replay() -> int:
    """Erases again whom and what the ledger names and this database does not know of; how many lines that took."""
    forget_checks()
    prove_key(clock.now())
    number = 0
    for line in missing():
        again(line, clock.now())
        number += 1
    number += _documents(clock.now())
    number += sum(_account(line, clock.now()) for line in ledger.entries() if isinstance(line, ledger.ErasedAccount))
    _lift()
    forget_checks()
    return number


def missing() -> Iterator[ledger.Erased]:
    """What the ledger names and the database lacks, each once, oldest first."""
    lines = {line.token: line for line in ledger.entries() if isinstance(line, ledger.Erased)}
    known = {str(token) for token in Erasure.objects.filter(token__in=list(lines)).values_list("token", flat=True)}
    yield from (line for token, line in lines.items() if token not in known)


def again(line: ledger.Erased, now: datetime) -> None:
    """One line: its identifiers are suppressed, and whoever is here under its number or with one of them is erased."""
    with transaction.atomic():
        remember([Suppression(digest=bytes.fromhex(digest), kind=kind, since=now) for kind, digest in line.suppressed])
        ids = _there(line)
        Customer.objects.filter(pk__in=ids).update(
            state=Customer.State.PURGING, merged_into=None, deleted_at=Coalesce("deleted_at", now)
        )
        purge = Purge.objects.create(
            ids=ids, total=len(ids), position=len(ids), documents=line.documents, suppress=bool(line.suppressed),
            reason=Purge.Reason.REPLAY,
        )  # fmt: skip
        Erasure.objects.bulk_create(
            Erasure(token=uuid.uuid4(), customer_id=pk, purge_id=purge.pk, begun_at=now) for pk in ids
        )
        Erasure.objects.get_or_create(
            token=line.token, defaults={"customer_id": line.customer_id, "begun_at": now, "done_at": now}
        )
    jobs.run(Purge, purge.pk, turn_seconds=24 * 3600)


def _there(line: ledger.Erased) -> list[int]:
    """The customers in this database that the line is about: by number and moment made, or by an identifier."""
    numbered = Customer.objects.filter(pk=line.customer_id, created_at=datetime.fromisoformat(line.made_at))
    found = set(numbered.values_list("pk", flat=True))
    if found:
        found |= set(Customer.objects.filter(pk__in=line.absorbed_ids).values_list("pk", flat=True))
    digests = [bytes.fromhex(digest) for _, digest in line.suppressed]
    owners = Identifier.objects.filter(digest__in=digests).exclude(kind=Identifier.Kind.PHONE)
    return sorted(found | set(owners.values_list("customer_id", flat=True)))


def _documents(now: datetime) -> int:
    """Deletes again the documents that were deleted by themselves; how many lines that took."""
    number = 0
    for line in ledger.entries():
        if not isinstance(line, ledger.ErasedDocuments):
            continue
        moments = {pk: datetime.fromisoformat(at) for pk, at in line.documents}
        rows = Document.objects.filter(AnyOf("pk", moments)).order_by("pk").select_for_update()
        with transaction.atomic():
            ids = [pk for pk, at in rows.values_list("pk", "received_at") if moments[pk] == at]
            if not ids:
                continue
            purge = Purge.objects.create(
                subject=Purge.Subject.DOCUMENT, ids=ids, total=len(ids), position=len(ids), done=len(ids),
                deleted_count=len(ids), reason=Purge.Reason.REPLAY, status=Status.DONE, started_at=now,
                finished_at=now, counts={"documents_deleted": len(ids)},
            )  # fmt: skip
            with unrecorded(purge, "document.purged", now) as entry:
                papers.delete(ids)
                entry.facts["documents"] = len(ids)
        number += 1
    return number


def _account(line: ledger.ErasedAccount, now: datetime) -> bool:
    """Deletes an account again; whether it was there."""
    with transaction.atomic():
        there = Account.objects.filter(pk=line.account_id, created_at=datetime.fromisoformat(line.made_at))
        if not there.exclude(state=Account.State.PURGING).update(state=Account.State.PURGING, deleted_at=now):
            return False
        purge = Purge.objects.create(
            subject=Purge.Subject.ACCOUNT, ids=[line.account_id], total=1, reason=Purge.Reason.REPLAY
        )
    jobs.run(Purge, purge.pk, turn_seconds=24 * 3600)
    return True


def _lift() -> None:
    """What an admin lifted after it was suppressed stays lifted."""
    suppressed: dict[str, bool] = {}
    for line in ledger.entries():
        if isinstance(line, ledger.Lifted):
            suppressed[line.digest] = False
        elif isinstance(line, ledger.Erased):
            suppressed |= {digest: True for _, digest in line.suppressed}
    lifted = [bytes.fromhex(digest) for digest, stands in suppressed.items() if not stands]
    Suppression.objects.filter(digest__in=lifted).delete()
