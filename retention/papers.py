"""Documents in a permanent deletion: deleted, or kept without the person (6.2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from audit.models import Change
from core.arrays import AnyOf
from core.writing_many import update_many
from customers import ledger
from customers.deleting import NOT_THERE
from customers.holding import holds_on, holds_on_accounts
from engagement.models import SurveyResponse, UsageEvent
from feedback.anonymising import Known
from feedback.deleting import IN_THE_WAY
from feedback.models import Document
from retention import traces
from retention.inventory import Fate, relations
from retention.models import Purge

BATCH = 1_000
_REWRITTEN = (
    "title", "body", "author", "author_email", "custom_fields", "metadata", "status", "external_id", "customer", "link",
    "content_digest", "anonymised_at",
)  # fmt: skip


def take(
    purge: Purge, every: Sequence[int], absorbed: dict[int, int], known: dict[int, Known], now: datetime, *, most: int
) -> dict[str, int]:
    """The next documents of these customers, and survey answers; what happened to how many."""
    theirs = Document.objects.filter(AnyOf("customer_id", every)).order_by("pk")
    counts = {"survey_answers_kept_without_the_person": _part_with_answers(every, absorbed, known)}
    counts["usage_events_kept_without_the_person"] = UsageEvent.objects.filter(AnyOf("customer_id", every)).update(
        customer=None
    )
    counts["other_documents_anonymised"] = _others(every, known, now)
    if purge.documents == Purge.Documents.DELETE:
        ids = list(theirs.values_list("pk", flat=True)[:most])
        counts["documents_deleted"] = delete(ids)
    else:
        rows = list(theirs.defer("search_vector").select_for_update()[:most])
        for row in rows:
            anonymise(row, known[absorbed.get(row.customer_id or 0, row.customer_id or 0)], now)
            row.customer_id, row.link = None, Document.Link.NONE
        update_many(rows, _REWRITTEN)
        traces.empty_changes(document_ids=[row.pk for row in rows])
        counts["documents_anonymised"] = len(rows)
    return counts


def anonymise(document: Document, known: Known, now: datetime) -> None:
    """Takes the author and what is known of the person out of the document, in memory."""
    document.title, document.body = known.text(document.title)[:500], known.text(document.body)
    document.custom_fields, document.metadata = known.data(document.custom_fields), known.data(document.metadata)
    document.status = known.text(document.status)[:60]
    if document.external_id and known.is_in(document.external_id):
        document.external_id = None
    document.author, document.author_email = {}, ""
    document.content_digest, document.anonymised_at = None, now


def delete(ids: Sequence[int]) -> int:
    """Deletes these documents with what is part of them; survey scores stay. Their history loses its values."""
    if not ids:
        return 0
    SurveyResponse.objects.filter(AnyOf("document_id", ids)).update(document=None, comment="")
    for model, name in relations("feedback.Document", Fate.DELETED):
        rows = model._base_manager.filter(AnyOf(f"{name}_id", ids))
        rows._raw_delete(rows.db)
    traces.empty_changes(document_ids=ids)
    gone = Document.objects.filter(AnyOf("pk", ids))
    return gone._raw_delete(gone.db)


def _part_with_answers(every: Sequence[int], absorbed: dict[int, int], known: dict[int, Known]) -> int:
    """Scores stay without the person: no comment, and no ID of the sender's that names them."""
    rows = SurveyResponse.objects.filter(AnyOf("customer_id", every))
    for pk, customer_id, external_id in rows.exclude(external_id=None).values_list("pk", "customer_id", "external_id"):
        if known[absorbed.get(customer_id, customer_id)].is_in(external_id or ""):
            SurveyResponse.objects.filter(pk=pk).update(external_id=None)
    return rows.update(customer=None, comment="")


def _others(every: Sequence[int], known: dict[int, Known], now: datetime) -> int:
    """Documents that are not theirs any more, or never were, with them as the author: unlinked, or linked to others."""
    owners: dict[str, int] = {}
    for pk, one in known.items():
        owners |= {text.casefold(): pk for kind, text in one.identifiers}
    emails = [text for text in owners if "@" in text]
    left = set(Change.objects.left(*every).values_list("document_id", flat=True))
    candidates = Document.objects.filter(Q(author_email__in=emails) | Q(pk__in=[pk for pk in left if pk]))
    rows: list[Document] = []
    for document in candidates.exclude(customer_id__in=every).order_by("pk").defer("search_vector").select_for_update():
        said = [str(text).casefold() for text in [*document.author.values(), document.author_email]]
        owner = next((owners[text] for text in said if text in owners), None)
        if owner is not None:
            anonymise(document, known[owner], now)
            rows.append(document)
    update_many(rows, _REWRITTEN)
    traces.empty_changes(document_ids=[row.pk for row in rows])
    return len(rows)


# Documents by themselves


def next_batch(purge: Purge, now: datetime) -> bool:
    """Permanently deletes the next documents of a purge of documents; whether there are more."""
    from retention.purging import skip, unrecorded

    ids = purge.ids[purge.position : purge.position + BATCH]
    purge.position += len(ids)
    with unrecorded(purge, "document.purged", now) as entry:
        owners = Document.objects.filter(AnyOf("pk", ids)).values_list("customer_id", flat=True)
        _lock_customers(owners)
        rows = Document.objects.filter(AnyOf("pk", ids)).order_by("pk")
        rows = rows.only("state", "customer_id", "account_id", "received_at")
        there = {row.pk: row for row in rows.select_for_update()}
        why = {pk: IN_THE_WAY.get(there[pk].state, "") if pk in there else NOT_THERE for pk in ids}
        why = {pk: reason for pk, reason in why.items() if pk not in there or there[pk].state != Document.State.DELETED}
        why |= {pk: reason for pk, reason in _held(there.values()).items() if pk not in why}
        taken = [pk for pk in ids if pk not in why]
        if taken:
            pairs = [[pk, there[pk].received_at.isoformat()] for pk in taken]
            ledger.append([ledger.ErasedDocuments(now.isoformat(), pairs)])
        gone = delete(taken)
        skip(purge, why)
        purge.add(documents_deleted=gone)
        purge.deleted_count += gone
        purge.done += gone
        entry.facts |= {"documents": gone, "skipped": len(why)}
        if len(purge.ids) == 1:
            entry.subject_type, entry.subject_id = "document", purge.ids[0]
    return purge.position < len(purge.ids)


def _lock_customers(ids: Any) -> None:
    from customers.matching import lock_customers

    lock_customers(pk for pk in ids if pk)


def _held(rows: Any) -> dict[int, str]:
    rows = list(rows)
    customers = holds_on(row.customer_id for row in rows if row.customer_id)
    accounts = holds_on_accounts(row.account_id for row in rows if row.account_id)
    found = {row.pk: customers.get(row.customer_id, "") or accounts.get(row.account_id, "") for row in rows}
    return {pk: reason for pk, reason in found.items() if reason}
