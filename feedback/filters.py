"""The query language of the documents list: parameters of an address to conditions (docs/search.md lists them).

As for customers (customers.filters): every filter makes `Condition`s. Properties of the document's customer are
`cp.<key>=<operator>:<value>`, those of its account `ap.<key>=…`, with the operators of the customers list.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django_filters import Filter

from core.text import problem
from customers.filters import (
    CHANNELS,
    NONE,
    ConditionFilter,
    DayField,
    DeletedField,
    ListField,
    ListFilter,
    PeriodField,
)
from customers.models import Customer
from customers.search import Condition
from customers.visibility import Belongs
from feedback.models import Document
from feedback.property_filters import PropertyFilter, definitions_in
from feedback.search import MOST_CHARACTERS, query_of
from feedback.segment_filters import SegmentFilter
from feedback.visibility import parted

PERIODS = {
    "1d": "In the last day",
    "7d": "In the last 7 days",
    "30d": "In the last 30 days",
    "90d": "In the last 90 days",
    "365d": "In the last year",
}
STATUS_LIMIT = 60
MOST_STATUSES = 20


class SearchField(forms.Field):
    def clean(self, value: Any) -> str:
        typed = str(value or "")[:MOST_CHARACTERS]
        return "".join(c for c in typed if c != "\0" and not "\ud800" <= c <= "\udfff")


class SearchFilter(ConditionFilter):
    field_class = SearchField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        query = query_of(value)
        return [] if query is None else [Condition(Q(query), joint=query.is_joint)]


class ChoiceFilter(ConditionFilter):
    """Any of these values of a column; `none` where it is empty."""

    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if value == [NONE]:
            return [Condition(Q(**{f"{self.field_name}__isnull": True}))]
        return [Condition(Q(**{f"{self.field_name}__in": value}))]


class CustomerFilter(ChoiceFilter):
    """Feedback of these customers. For limited staff of those whom they see: an account's feedback may be others'."""

    def conditions(self, value: Any, **more: Any) -> list[Condition]:
        limit = parted(self.parent.queryset)[1]
        if limit is None or value == [NONE]:
            return super().conditions(value, **more)
        seen = Customer.objects.filter(Belongs(limit.teams), pk__in=value)
        return [Condition(Q(customer__in=list(seen.values_list("pk", flat=True))))]


class TagFilter(ConditionFilter):
    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if value == [NONE]:
            return [Condition(Q(tag_ids=[]), indexed=False)]
        return [Condition(Q(tag_ids__overlap=value))]


class StatusWidget(forms.SelectMultiple):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if hasattr(data, "getlist") else [data.get(name) or ""]
        return list(dict.fromkeys(text.strip() for text in given if text.strip()))


class StatusField(forms.Field):
    """Statuses are any text, commas included, so each stands in a parameter of its own."""

    widget = StatusWidget

    def clean(self, value: Any) -> list[str]:
        return [text for text in (value or [])[:MOST_STATUSES] if not problem(text, limit=STATUS_LIMIT)]


class StatusFilter(ConditionFilter):
    field_class = StatusField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [Condition(Q(status__in=["" if text == NONE else text for text in value]))]


class UnassignedField(forms.Field):
    def clean(self, value: Any) -> bool:
        return str(value or "").lower() in {"true", "1", "yes", "on"}


class UnassignedFilter(ConditionFilter):
    field_class = UnassignedField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [Condition(Q(customer__isnull=True))]


class TimeFilter(ConditionFilter):
    field_class = PeriodField

    def conditions(self, value: Any, *, now: datetime, **_: Any) -> list[Condition]:
        since = now - timedelta(days=int(value.removeprefix("over:").removesuffix("d")))
        sign = "lt" if value.startswith("over:") else "gte"
        return [Condition(Q(**{f"occurred_at__{sign}": since}), column="occurred_at")]


class DayFilter(ConditionFilter):
    """From the beginning of a day, or with `last` to its end, in the reader's time zone."""

    field_class = DayField

    def __init__(self, *, last: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.last = last

    def conditions(self, value: Any, *, zone: tzinfo, **_: Any) -> list[Condition]:
        try:
            moment = datetime.combine(value + timedelta(days=self.last), time(), zone).astimezone(UTC)
        except OverflowError:  # the first or the last day that there is: every document
            return []
        return [Condition(Q(**{f"occurred_at__{'lt' if self.last else 'gte'}": moment}), column="occurred_at")]


class DeletedFilter(ConditionFilter):
    """Deleted ones instead of active ones: never both."""

    field_class = DeletedField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [Condition(Q(state=Document.State.DELETED), column="deleted_at")] if value else []


class DocumentFilter(ListFilter):
    """Every filter of the documents list."""

    q = SearchFilter(label="Search")
    channel = ChoiceFilter(field_name="channel", label="Channel", choices=CHANNELS)
    source = ChoiceFilter(field_name="source", label="Source")
    status = StatusFilter(label="Status")
    tag = TagFilter(label="Tag")
    customer = CustomerFilter(field_name="customer", label="Customer")
    unassigned = UnassignedFilter(label="Unassigned")
    segment = SegmentFilter(label="Segment")
    account = ChoiceFilter(field_name="account", label="Account")
    time = TimeFilter(label="Time")
    time_from = DayFilter(label="From")
    time_to = DayFilter(label="Until", last=True)
    deleted = DeletedFilter(label="Deleted")

    @property
    def of_deleted(self) -> bool:
        return any(name == "deleted" for name, _, _ in self.active())

    def listed(self) -> Any:
        """The documents before any filter: active ones. Deleted ones are a condition, because their list is short."""
        return self.queryset if self.of_deleted else self.queryset.active()

    def of_properties(self, data: QueryDict) -> Iterator[tuple[str, Filter]]:
        for prefix, definition in definitions_in(data):
            one = PropertyFilter(prefix, definition, data)
            yield one.parameter, one
