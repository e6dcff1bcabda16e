"""Survey scores of imported rows: at most one response a survey and document."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from audit.models import Source
from core.arrays import AnyOf
from core.writing_many import insert_rows, update_many
from customers.matching import lock_customers
from engagement.models import Survey, SurveyResponse
from feedback.models import Document
from feedback.prepared import Kept

_FIELDS = ("survey", "customer", "account", "document", "source", "score", "comment", "answered_at")


def put_scores(
    rows: Sequence[tuple[Kept, dict[str, Decimal]]], surveys: dict[str, Survey], *, source: Source
) -> set[int]:
    """Writes what is new or different. Returns the ids of the documents whose scores were; later rows win."""
    wanted: dict[tuple[int, int], tuple[Kept, Decimal]] = {}
    for kept, scores in rows:
        for name, score in scores.items():
            wanted[surveys[name].pk, kept.document_id] = (kept, score)
    if not wanted:
        return set()
    held = {
        (response.survey_id, response.document_id): response
        for response in SurveyResponse.objects.filter(
            AnyOf("document_id", {kept.document_id for kept, _ in wanted.values() if kept.status != "created"})
        )
    }
    different = {key: told for key, told in wanted.items() if key not in held or held[key].score != told[1]}
    current = _locked(kept for kept, _ in different.values() if kept.status != "created")
    new: list[tuple[object, ...]] = []
    old: list[SurveyResponse] = []
    for (survey_id, document_id), (told, score) in different.items():
        kept = current.get(document_id, told)
        if response := held.get((survey_id, document_id)):
            response.score, response.answered_at = score, kept.occurred_at
            response.customer_id, response.account_id = kept.customer_id, kept.account_id
            old.append(response)
        else:
            new.append(
                (survey_id, kept.customer_id, kept.account_id, document_id, source.pk, score, "", kept.occurred_at)
            )
    update_many(old, ("score", "customer", "account", "answered_at"))
    if new:
        insert_rows(SurveyResponse, _FIELDS, new)
    return {document_id for _, document_id in different}


def _locked(documents: Iterable[Kept]) -> dict[int, Kept]:
    """The documents that were here before, by id, as they are under the locks of their customers and their own.

    One whose content did not change was read without a lock: a merge may have given it to somebody else since.
    """
    known = {kept.document_id: kept for kept in documents}
    if not known:
        return {}
    owners = {kept.customer_id for kept in known.values() if kept.customer_id}
    lock_customers(owners)
    rows = Document.objects.filter(AnyOf("pk", known)).order_by("pk").select_for_update(no_key=True)
    for pk, customer_id, account_id, occurred_at in rows.values_list("pk", "customer_id", "account_id", "occurred_at"):
        known[pk] = replace(known[pk], customer_id=customer_id, account_id=account_id, occurred_at=occurred_at)
    lock_customers({kept.customer_id for kept in known.values() if kept.customer_id} - owners)
    return known
