"""What a permanent deletion did, as a document to keep: no personal data (6.5)."""

from typing import Any

from customers.models import Erasure
from retention.models import Purge

WORDS = {
    "customers": "Customers",
    "merged_records": "Records merged into them",
    "identifiers": "Emails, phones, user IDs and handles",
    "suppressions": "Identifiers that cannot come back",
    "documents_deleted": "Documents deleted",
    "documents_anonymised": "Documents kept, anonymised",
    "other_documents_anonymised": "Other documents by the same author, anonymised",
    "survey_answers_kept_without_the_person": "Survey scores kept without the person",
    "usage_events_kept_without_the_person": "Usage events kept without the person",
    "accounts": "Accounts",
    "documents_kept_without_the_account": "Documents kept without the account",
    "survey_answers_kept_without_the_account": "Survey scores kept without the account",
    "usage_events_kept_without_the_account": "Usage events kept without the account",
    "memberships": "Places in accounts",
    "logins": "Logins for the portal",
    "notes": "Notes",
    "customer_tags": "Tags on profiles",
    "customer_values": "Values by which lists are filtered",
    "duplicate_candidates": "Probable duplicates",
    "merges": "Merges and what their undo needed",
}


def words(counts: dict[str, int]) -> list[tuple[str, int]]:
    """The counts as people read them."""
    known = [(text, counts[name]) for name, text in WORDS.items() if counts.get(name)]
    return known + [(name.replace("_", " ").capitalize(), counts[name]) for name in counts.keys() - WORDS.keys()]


def receipt(purge: Purge) -> dict[str, Any]:
    """The receipt as JSON: what, when, why and by whom; records by their numbers."""
    done = Erasure.objects.filter(purge_id=purge.pk).exclude(done_at=None).order_by("customer_id")
    return {
        "receipt": purge.pk,
        "what": purge.get_subject_display(),
        "status": purge.get_status_display(),
        "requested_at": purge.created_at.isoformat(),
        "finished_at": purge.finished_at.isoformat() if purge.finished_at else None,
        "why": purge.get_reason_display(),
        "by": f"colleague {purge.actor_id}" if purge.actor_id else "Roster",
        "documents": purge.get_documents_display(),
        "re_import": "refused" if purge.suppress else "allowed",
        "customers": [
            {"number": number, "erased_at": at.isoformat() if at else None, "reference": str(token)}
            for number, at, token in done.values_list("customer_id", "done_at", "token")
        ],
        "counts": purge.counts,
        "accounts": _accounts(purge),
        "skipped": [{"number": number, "why": "skipped"} for number, _ in purge.skipped_why],
    }


def _accounts(purge: Purge) -> list[dict[str, Any]]:
    """The accounts that are gone, by their numbers."""
    if purge.subject != Purge.Subject.ACCOUNT:
        return []
    skipped = {number for number, _ in purge.skipped_why}
    return [{"number": number} for number in purge.ids[: purge.position] if number not in skipped]
