"""Documents as JSON. Lists give the beginning of long bodies, one document the whole."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Left, Length

from api.presenting.customers import said
from customers.models import Customer, Tag
from feedback.models import Document
from staff.permissions import teams_of

BODY_SHOWN = 10_000  # characters in a list
COLUMNS = (
    "pk", "title", "body_format", "channel", "external_id", "author", "customer_id", "account_id", "custom_fields",
    "metadata", "status", "tag_ids", "state", "deleted_at", "occurred_at", "received_at", "updated_at",
)  # fmt: skip
NAMES = {
    "text": Left("body", BODY_SHOWN), "body_length": Length("body"), "account_name": F("account__name"),
    "source_name": F("source__name"), "customer_state": F("customer__state"),
}  # fmt: skip


def columns(documents: QuerySet[Document]) -> QuerySet[Any]:
    return documents.annotate(**NAMES).values_list(*COLUMNS, *NAMES, named=True)


def presented(rows: Sequence[Any], viewer: Any) -> list[dict[str, Any]]:
    """The documents of these `columns`, in order. A customer whom `viewer` may not see is none."""
    tags = dict(Tag.objects.filter(pk__in={pk for row in rows for pk in row.tag_ids}).values_list("pk", "name"))
    seen = _seen({row.customer_id for row in rows if row.customer_id}, viewer)
    return [_one(row, tags, hidden=seen is not None and row.customer_id not in seen) for row in rows]


def presented_one(document_id: int, viewer: Any) -> dict[str, Any]:
    """One document that `viewer` may see, with its whole body."""
    found = presented(list(columns(Document.objects.filter(pk=document_id))), viewer)[0]
    if found.pop("body_truncated", False):
        found["body"] = Document.objects.values_list("body", flat=True).get(pk=document_id)
    return found


def _seen(customer_ids: set[int], viewer: Any) -> set[int] | None:
    if teams_of(viewer) is None:
        return None
    return set(Customer.objects.visible_to(viewer).filter(pk__in=customer_ids).values_list("pk", flat=True))


def _one(row: Any, tags: dict[int, str], *, hidden: bool) -> dict[str, Any]:
    there = row.customer_id is not None and not hidden
    active = there and row.customer_state == Customer.State.ACTIVE
    found = {
        "id": row.pk,
        "title": row.title,
        "body": row.text,
        "body_format": row.body_format,
        "channel": row.channel,
        "source": row.source_name,
        "external_id": row.external_id,
        "author": row.author,
        "customer_id": row.customer_id if active else None,
        "customer_deleted": there and not active,
        "account_id": row.account_id,
        "account": row.account_name,
        "status": row.status,
        "tags": [tags[pk] for pk in row.tag_ids if pk in tags],
        "custom_fields": row.custom_fields,
        "metadata": row.metadata,
        "occurred_at": said(row.occurred_at),
        "received_at": said(row.received_at),
        "updated_at": said(row.updated_at),
    }
    if row.body_length > BODY_SHOWN:
        found["body_truncated"] = True
    if row.state == Document.State.DELETED:
        found |= {"deleted": True, "deleted_at": said(row.deleted_at)}
    return found
