"""Feedback of the customers in a segment (5.1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from customers.filters import ConditionFilter, ListField
from customers.models import Customer
from customers.search import Condition
from customers.segment_filters import conditions_of
from customers.visibility import Belongs
from feedback.listing import estimated
from feedback.property_filters import FEW
from feedback.visibility import parted


class SegmentFilter(ConditionFilter):
    """Few customers become a list of ids that an index of documents answers; many are asked of each document."""

    field_class = ListField

    def conditions(self, value: Any, *, now: datetime, **_: Any) -> list[Condition]:
        limit = parted(self.parent.queryset)[1]
        customers = Customer.objects.filter(Belongs(limit.teams)) if limit else Customer.objects.all()
        meant = conditions_of(value, customers, now)
        inside = customers.active().filter(*[condition.q for condition in meant])
        if _perhaps_few(meant, inside):
            ids = list(inside.order_by().values_list("pk", flat=True)[: FEW + 1])
            if len(ids) <= FEW:
                return [Condition(Q(customer__in=ids))]
        return [Condition(Q(customer__in=inside), indexed=False)]


def _perhaps_few(meant: Sequence[Condition], inside: QuerySet[Any]) -> bool:
    probes = [condition.probe for condition in meant if condition.probe is not None]
    if any(probe.order_by()[: FEW + 1].count() <= FEW for probe in probes):
        return True
    return not probes and any(condition.indexed for condition in meant) and estimated(inside) <= FEW
