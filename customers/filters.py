"""The query language of customer lists: parameters of an address to conditions (docs/search.md lists them).

Shared by the page, the export, bulk edits and the API. Every filter makes `Condition`s, so that `customers.listing`
can find rows fast; `CustomerFilter(...).qs` applies the same to any queryset.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
from django.http import QueryDict
from django.utils import timezone
from django_filters import Filter, FilterSet

from accounts.models import Account
from customers import search
from customers.account_properties import OF_ACCOUNT, AccountPropertyFilter, named_in
from customers.models import Customer, Membership
from customers.property_filters import PREFIX, PropertyFilter, definitions_in
from customers.search import Condition
from customers.visibility import parted
from properties.models import Definition

CHANNELS = {
    "widget": "Widget", "email": "Email", "api": "API", "voice": "Voice", "chat": "Chat", "survey": "Survey",
    "social": "Social", "import": "Import",
}  # fmt: skip
FEEDBACK = {"yes": "Has feedback", "no": "No feedback"}
PERIODS = {
    "1d": "In the last day",
    "7d": "In the last 7 days",
    "30d": "In the last 30 days",
    "90d": "In the last 90 days",
    "365d": "In the last year",
    "over:30d": "Over 30 days ago",
    "over:90d": "Over 90 days ago",
    "over:365d": "Over a year ago",
}
NONE = "none"
BIGGEST_ID = 2**31 - 1
MOST_CHOICES = 50


class ListWidget(forms.SelectMultiple):
    """`tag=3&tag=5` and `tag=3,5` are the same."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if hasattr(data, "getlist") else [str(data.get(name) or "")]
        parts = (part.strip() for text in given for part in text.split(","))
        return list(dict.fromkeys(part for part in parts if part))


class ListField(forms.Field):
    """Several words out of `choices`, or ids."""

    widget = ListWidget

    def __init__(self, *, choices: dict[str, str] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def clean(self, value: Any) -> list[Any]:
        parts: list[str] = value or []
        if len(parts) > MOST_CHOICES:
            raise ValidationError(f"Choose at most {MOST_CHOICES}.")
        if self.choices is not None:
            unknown = [part for part in parts if part not in self.choices]
            if unknown:
                raise ValidationError(f"Choose among {', '.join(self.choices)}; “{unknown[0][:60]}” is none of them.")
            return parts
        if NONE in parts:
            if len(parts) > 1:
                raise ValidationError("Choose “none” alone, or others without it.")
            return [NONE]
        if not all(part.isascii() and part.isdigit() and int(part[:11]) <= BIGGEST_ID for part in parts):
            raise ValidationError("Must be the numbers of what to show, such as 3 or 3,5.")
        return [int(part) for part in parts]


class ConditionFilter(Filter):
    """A filter that says what it means as conditions."""

    def conditions(self, value: Any, *, now: datetime, zone: tzinfo) -> list[Condition]:
        raise NotImplementedError

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        found = self.conditions(value, now=timezone.now(), zone=timezone.get_current_timezone()) if value else []
        return qs.filter(*[condition.q for condition in found])


class SearchFilter(ConditionFilter):
    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return search.conditions(value)


class SearchField(forms.Field):
    def clean(self, value: Any) -> str:
        return " ".join(search.words_of(value or ""))


class ArrayFilter(ConditionFilter):
    """Any of these in an array column that documents or tags keep."""

    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if value == [NONE]:
            return [Condition(Q(**{self.field_name: []}), indexed=False)]
        found = [Condition(Q(**{f"{self.field_name}__overlap": value}))]
        if self.field_name in {"channels", "source_ids"}:  # only who has feedback has these
            found.append(Condition(Q(feedback_count__gt=0), column="feedback_count"))
        return found


class AccountFilter(ConditionFilter):
    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if value == [NONE]:
            of_one = Subquery(Membership.objects.filter(customer=OuterRef("pk")).values("account")[:1])
            return [Condition(Q(IsNull(of_one, True)), indexed=False)]
        members = Membership.objects.filter(account__in=value)
        limit = parted(self.parent.queryset)[1]
        if limit:  # whoever else belongs to an account that is not visible is not told apart
            members = members.filter(account__in=Account.objects.of_teams(limit.teams))
        return [Condition(Q(pk__in=members.values("customer")))]


class SegmentFilter(ConditionFilter):
    """Who is in any of these segments; `none`: who is in no static one."""

    field_class = ListField

    def conditions(self, value: Any, *, now: datetime, **_: Any) -> list[Condition]:
        from customers.segment_filters import conditions_of  # saved filters are made of all these

        return conditions_of(value, self.parent.queryset, now)


class FeedbackFilter(ConditionFilter):
    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if len(value) != 1:  # both: everybody
            return []
        if value == ["yes"]:
            return [Condition(Q(feedback_count__gt=0), column="feedback_count")]
        return [Condition(Q(feedback_count=0), column="feedback_count", ordered=True)]


class PeriodField(forms.Field):
    """`30d`: within the last 30 days; `over:30d`: longer ago than that."""

    def clean(self, value: Any) -> str:
        days = (value or "").removeprefix("over:").removesuffix("d")
        if value and not (value.endswith("d") and days.isascii() and days.isdigit() and 0 < int(days[:6]) <= 36_500):
            raise ValidationError("Must be a number of days such as 30d, or over:30d.")
        return value or ""


class PeriodFilter(ConditionFilter):
    field_class = PeriodField

    def conditions(self, value: Any, *, now: datetime, **_: Any) -> list[Condition]:
        since = now - timedelta(days=int(value.removeprefix("over:").removesuffix("d")))
        sign = "lt" if value.startswith("over:") else "gte"
        return [Condition(Q(**{f"{self.field_name}__{sign}": since}), column=self.field_name)]


class DayField(forms.Field):
    def clean(self, value: Any) -> date | None:
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValidationError("Must be a day, such as 2026-02-03.") from None


class DayFilter(ConditionFilter):
    """From the beginning of a day, or with `last` to its end, in the reader's time zone."""

    field_class = DayField

    def __init__(self, *, last: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.last = last

    def conditions(self, value: Any, *, zone: tzinfo, **_: Any) -> list[Condition]:
        try:
            moment = datetime.combine(value + timedelta(days=self.last), time(), zone).astimezone(UTC)
        except OverflowError:  # the first or the last day that there is: everybody
            return []
        sign = "lt" if self.last else "gte"
        return [Condition(Q(**{f"{self.field_name}__{sign}": moment}), column=self.field_name)]


class DeletedField(forms.Field):
    def clean(self, value: Any) -> bool:
        if value not in (None, "", "true", "false"):
            raise ValidationError("Must be true or false.")
        return value == "true"


class DeletedFilter(ConditionFilter):
    """Deleted ones instead of active ones: never both."""

    field_class = DeletedField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [Condition(Q(state=Customer.State.DELETED), column="deleted_at")] if value else []

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.deleted() if value else qs.active()  # type: ignore[attr-defined]


class ListFilter(FilterSet):
    """The filters of a list, out of the parameters of its address. Parameters that it does not know are ignored."""

    def __init__(self, data: QueryDict | None, queryset: QuerySet[Any], *, zone: tzinfo | None = None) -> None:
        data = data or QueryDict()
        every = vars(type(self))["base_filters"]
        self.base_filters = {name: one for name, one in every.items() if name in data}  # others need no form field
        super().__init__(data, queryset)
        self.zone = zone or ZoneInfo("UTC")
        for name, one in self.of_properties(data):
            one.parent, one.model = self, queryset.model
            self.filters[name] = one

    def of_properties(self, data: QueryDict) -> Iterator[tuple[str, Filter]]:
        """(parameter, filter) of every filter by a property."""
        raise NotImplementedError

    @property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong, by parameter."""
        return {name: [str(text) for text in texts] for name, texts in self.form.errors.items()}

    def active(self) -> Iterator[tuple[str, ConditionFilter, Any]]:
        """(parameter, filter, value) of every filter that is set and understood."""
        self.form.is_valid()
        for name, one in self.filters.items():
            value = self.form.cleaned_data.get(name)
            if value:
                yield name, one, value

    def conditions(self, *, now: datetime) -> list[Condition]:
        return [found for _, one, value in self.active() for found in one.conditions(value, now=now, zone=self.zone)]

    def listed(self) -> QuerySet[Any]:
        """What the list holds before any filter."""
        return self.queryset

    def matching(self, *, now: datetime) -> QuerySet[Any]:
        """All that the filters let through, as a plain queryset."""
        return self.listed().filter(*[condition.q for condition in self.conditions(now=now)])


class CustomerFilter(ListFilter):
    """Every filter of a customer list."""

    q = SearchFilter(label="Search")
    channel = ArrayFilter(field_name="channels", label="Channel", choices=CHANNELS)
    tag = ArrayFilter(field_name="tag_ids", label="Tag")
    segment = SegmentFilter(label="Segment")
    account = AccountFilter(label="Account")
    source = ArrayFilter(field_name="source_ids", label="Source")
    feedback = FeedbackFilter(label="Feedback", choices=FEEDBACK)
    last_seen = PeriodFilter(field_name="last_seen_at", label="Last seen")
    last_seen_from = DayFilter(field_name="last_seen_at", label="Last seen from")
    last_seen_to = DayFilter(field_name="last_seen_at", label="Last seen until", last=True)
    first_seen = PeriodFilter(field_name="first_seen_at", label="First seen")
    first_seen_from = DayFilter(field_name="first_seen_at", label="First seen from")
    first_seen_to = DayFilter(field_name="first_seen_at", label="First seen until", last=True)
    deleted = DeletedFilter(label="Deleted")

    q.field_class = SearchField

    def of_properties(self, data: QueryDict) -> Iterator[tuple[str, Filter]]:
        for definition in definitions_in(data):
            yield f"{PREFIX}{definition.key}", PropertyFilter(definition, data)
        for definition in named_in(data, OF_ACCOUNT, Definition.Subject.ACCOUNT):
            one = AccountPropertyFilter(OF_ACCOUNT, definition, data)
            yield one.parameter, one

    def listed(self) -> QuerySet[Customer]:
        """The customers before any filter: active ones. Deleted ones are a condition, because their list is short."""
        deleted = any(name == "deleted" for name, _, _ in self.active())
        return self.queryset if deleted else self.queryset.active()
