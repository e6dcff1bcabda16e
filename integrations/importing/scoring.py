"""Survey scores of imported rows: at most one response a survey and document."""

from collections.abc import Sequence
from decimal import Decimal

from audit.models import Source
from core.writing_many import insert_rows
from engagement.models import Survey, SurveyResponse
from feedback.receiving_many import Kept

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
    old = [document_id for (_, document_id), (kept, _) in wanted.items() if kept.status != "created"]
    held = {
        (response.survey_id, response.document_id): response
        for response in (SurveyResponse.objects.filter(document_id__in=old) if old else ())
    }
    new: list[tuple[object, ...]] = []
    changed: set[int] = set()
    for (survey_id, document_id), (kept, score) in wanted.items():
        response = held.get((survey_id, document_id))
        if response is not None and response.score == score:
            continue
        changed.add(document_id)
        if response is None:
            new.append(
                (survey_id, kept.customer_id, kept.account_id, document_id, source.pk, score, "", kept.occurred_at)
            )
        else:
            SurveyResponse.objects.filter(pk=response.pk).update(
                score=score, customer_id=kept.customer_id, account_id=kept.account_id, answered_at=kept.occurred_at
            )
    if new:
        insert_rows(SurveyResponse, _FIELDS, new)
    return changed
