"""When and how customers were in touch, as far as limited staff may know: by the feedback that they may read (3.5).

The customer's row keeps the same of all feedback, for everybody else, and to sort and filter by.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Min, Q

from customers.models import Customer
from staff.permissions import teams_of

T = TypeVar("T")
Dealings = dict[str, Any]


def dealings(ids: Iterable[int], viewer: Any) -> dict[int, Dealings]:
    """`feedback_count`, `channels`, `source_ids`, `first_seen_at` and `last_seen_at` of each of these customers; empty
    for a viewer who is not limited: the rows themselves are right."""
    ids = list(ids)
    if teams_of(viewer) is None or not ids:
        return {}
    documents = apps.get_model("feedback", "Document").objects.visible_to(viewer).active()
    of_each = (
        documents.filter(customer__in=ids)
        .order_by()
        .values("customer")
        .annotate(
            feedback_count=Count("pk"),
            channels=ArrayAgg("channel", distinct=True, default=[]),
            source_ids=ArrayAgg("source", distinct=True, filter=Q(source__isnull=False), default=[]),
            first_seen_at=Min("occurred_at"),
            last_seen_at=Max("occurred_at"),
        )
    )
    found: list[dict[str, Any]] = list(of_each)  # type: ignore[arg-type]
    known = {facts.pop("customer"): facts for facts in found}
    silent = Customer.objects.filter(pk__in=[pk for pk in ids if pk not in known])
    return known | {
        pk: {"feedback_count": 0, "channels": [], "source_ids": [], "first_seen_at": since, "last_seen_at": since}
        for pk, since in silent.values_list("pk", "created_at")
    }


def as_seen(found: Sequence[T], viewer: Any) -> list[T]:
    """The same customers (instances or named rows) with what `viewer` may know of their dealings."""
    known = dealings((row.id for row in found), viewer)  # type: ignore[attr-defined]
    return [_with(row, known[row.id]) if row.id in known else row for row in found]  # type: ignore[attr-defined]


def _with(row: Any, facts: Dealings) -> Any:
    if not isinstance(row, Customer):
        return row._replace(**{name: value for name, value in facts.items() if name in row._fields})
    for name, value in facts.items():
        setattr(row, name, value)
    return row
