"""The query language of the log of deliveries: whose, how it went, when, and by what the sender knows it."""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django_filters import ChoiceFilter, Filter, FilterSet, ModelChoiceFilter

from audit.filters import DayFilter
from core.text import problem
from integrations.models import Delivery, DeliveryRecord, Integration

FOUND_AT_MOST = 1_000  # deliveries with one external ID
SEARCH_LIMIT = 320
_REFERENCE = re.compile(r"d_([0-9a-f]{1,15})")


class SearchField(forms.Field):
    def clean(self, value: Any) -> str:
        text = str(value or "").strip()
        if text and (fault := problem(text, limit=SEARCH_LIMIT)):
            raise forms.ValidationError(fault)
        return text


class SearchFilter(Filter):
    """The reference that the sender was told, or an external ID, whole."""

    field_class = SearchField

    def filter(self, qs: Any, value: Any) -> Any:
        if not value:
            return qs
        if reference := _REFERENCE.fullmatch(value.lower()):
            return qs.filter(pk=int(reference[1], 16))
        records = DeliveryRecord.objects.filter(external_id=value).exclude(external_id="")
        ids = records.order_by("-delivery_id").values_list("delivery", flat=True)[:FOUND_AT_MOST]
        return qs.filter(pk__in=list(ids))


class IntegrationFilter(ModelChoiceFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(source=value.source_id) if value else qs


class OutcomeFilter(ChoiceFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        if not value:
            return qs
        if value == DeliveryRecord.Status.REJECTED:
            qs = qs.exclude(status=Delivery.Status.DONE)  # which the index of what failed holds
        return qs.filter(**{f"{value}_count__gt": 0})


class StatusFilter(ChoiceFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        if value and value != Delivery.Status.DONE:
            qs = qs.exclude(status=Delivery.Status.DONE)
        return qs.filter(status=value) if value else qs


class DeliveryFilter(FilterSet):
    q = SearchFilter(label="External ID or reference")
    integration = IntegrationFilter(label="Integration", queryset=Integration.objects.select_related("source"))
    status = StatusFilter(label="Status", choices=Delivery.Status.choices)
    outcome = OutcomeFilter(label="Outcome", choices=DeliveryRecord.Status.choices)
    since = DayFilter(field_name="received_at", lookup_expr="gte", label="Since")
    until = DayFilter(field_name="received_at", lookup_expr="lt", label="Until")

    class Meta:
        model = Delivery
        fields: list[str] = []

    @property
    def wrong(self) -> dict[str, list[str]]:
        """What cannot be understood, by parameter."""
        return {} if self.is_valid() else {name: list(map(str, texts)) for name, texts in self.form.errors.items()}

    def active(self) -> Iterator[tuple[str, Any]]:
        self.is_valid()
        for name in self.filters:
            value = self.form.cleaned_data.get(name)
            if value:
                yield name, value
