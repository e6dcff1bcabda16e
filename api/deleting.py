"""What deleting through the API shares: permanent deletion in the background, and what a legal hold says."""

from typing import Any

from django.http import HttpResponse

from api.rest import ApiRequest, actor_of, reply
from customers.holding import UNTOLD, holds_on, holds_on_accounts
from feedback.deleting import holds_of
from integrations.answers import Refused
from integrations.models import ApiKey
from retention import purging
from retention.models import Purge
from staff.permissions import teams_of


def delete_permanently(request: ApiRequest, record: Any, subject: str) -> HttpResponse:
    """Begins the permanent deletion of a deleted record. Raises Refused."""
    if teams_of(request.key) is not None:
        raise Refused(403, "limited_key", "A key bound to a team cannot delete permanently.")
    choice = request.GET.get("documents") or Purge.Documents.DELETE
    if choice not in Purge.Documents.values:
        raise Refused(422, "invalid", "documents: Choose delete or anonymise.", {"documents": ["No such choice."]})
    if record.state != "deleted":
        raise Refused(409, "not_deleted", "Delete it first. What is not deleted is not deleted permanently.")
    why = _holds(record, subject).get(record.pk)
    if why:
        raise held(request.key, why)
    purge = purging.start([record.pk], actor=actor_of(request), subject=subject, documents=choice)
    return reply({"status": "purging", "purge_id": purge.pk}, 202)


def held(key: ApiKey, why: str) -> Refused:
    """A limited key is not told the reason, which may be of what it may not see (3.5)."""
    return Refused(409, "held", f"{UNTOLD}." if teams_of(key) is not None else f"{why}.")


def _holds(record: Any, subject: str) -> dict[int, str]:
    if subject == Purge.Subject.DOCUMENT:
        return holds_of([record])
    if subject == Purge.Subject.ACCOUNT:
        return holds_on_accounts([record.pk])
    return holds_on([record.pk]) | purging.held_by_documents([record.pk])
