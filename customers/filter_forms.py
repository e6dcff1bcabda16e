"""Forms that put a filter into the address of the list: those that need more room than a menu."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.models import Account
from audit.models import Source
from core.text import fold, problem
from customers.account_properties import OF_ACCOUNT
from customers.filters import PERIODS, DayField, PeriodField
from customers.models import Segment, Tag
from customers.property_filters import OPERATORS, OPERATORS_OF, PREFIX, WITHOUT_VALUE, understood
from properties.models import Definition

TAGS_OFFERED = 1_000
SEGMENTS_OFFERED = 500


class FilterForm(forms.Form):
    title: ClassVar[str] = ""
    viewer: Any = None

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        """The parameters of the list that this form sets; an empty list takes one out."""
        raise NotImplementedError


class PropertyFilterForm(FilterForm):
    """Which property, compared how, with what. The operators and the input suit the property's type."""

    title = "Filter by property"
    subject: ClassVar[str] = Definition.Subject.CUSTOMER
    prefix_of_parameter: ClassVar[str] = PREFIX
    property = forms.ChoiceField(label="Property")
    operator = forms.ChoiceField(label="Comparison")
    value = forms.CharField(label="Value", required=False, max_length=2_000)

    def __init__(self, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        known = {one.key: one for one in Definition.objects.filter(subject=self.subject)}
        self.fields["property"].choices = [(key, one.label) for key, one in known.items()]  # type: ignore[attr-defined]
        chosen = (data or self.initial).get("property", "")
        self.definition = known.get(chosen) or next(iter(known.values()), None)
        if self.definition:
            names = OPERATORS_OF[self.definition.type]
            self.fields["operator"].choices = [(name, OPERATORS[name]) for name in names]  # type: ignore[attr-defined]
            self.fields["value"].widget = _input(self.definition)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        operator, value = cleaned.get("operator"), cleaned.get("value", "")
        if self.definition and operator:
            if operator not in WITHOUT_VALUE and not value.strip():
                self.add_error("value", "Enter a value.")
                return cleaned
            try:
                cleaned["comparison"] = understood(self.definition, f"{operator}:{value}")
            except ValidationError as error:
                self.add_error("value", error)
        return cleaned

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        comparison = self.cleaned_data["comparison"]
        name = f"{self.prefix_of_parameter}{comparison.definition.key}"
        before = [value for given, values in kept.lists() if given.lower() == name.lower() for value in values]
        return {name: list(dict.fromkeys([*before, comparison.text]))}


class AccountPropertyFilterForm(PropertyFilterForm):
    title = "Filter by property of the account"
    subject = Definition.Subject.ACCOUNT
    prefix_of_parameter = OF_ACCOUNT


class AccountFilterForm(FilterForm):
    title = "Filter by account"
    account_name = forms.CharField(
        label="Account", max_length=300,
        help_text="Its name or account ID. Leave it empty for customers without account.",
        required=False,
    )  # fmt: skip

    def clean_account_name(self) -> str:
        text = self.cleaned_data["account_name"]
        fault = problem(text, limit=300)
        if fault:
            raise ValidationError(fault)
        if not text:
            return "none"
        active = Account.objects.visible_to(self.viewer).active()
        found = list(active.filter(external_id=text)[:1]) or list(active.filter(sort_name=fold(text))[:20])
        if not found:
            found = list(active.filter(sort_name__startswith=fold(text))[:2])
            if len(found) != 1:
                raise ValidationError("No account has this name. Write it in full." if not found else
                                      "Several accounts begin like this. Write the name in full.")  # fmt: skip
        return ",".join(str(account.pk) for account in found)

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        return {"account": [self.cleaned_data["account_name"]]}


class SourceFilterForm(FilterForm):
    title = "Filter by source"
    sources = forms.MultipleChoiceField(label="Sources", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        sources = Source.objects.order_by("name").values_list("pk", "name")
        self.fields["sources"].choices = [(str(pk), name) for pk, name in sources]  # type: ignore[attr-defined]

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        return {"source": self.cleaned_data["sources"]}


class TagFilterForm(FilterForm):
    """All tags; the menu of the list shows the first ones."""

    title = "Filter by tag"
    tags = forms.MultipleChoiceField(label="Tags", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        tags = Tag.objects.values_list("pk", "name")[:TAGS_OFFERED]
        self.fields["tags"].choices = [("none", "No tag"), *((str(pk), name) for pk, name in tags)]  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["tags"]
        if "none" in chosen and len(chosen) > 1:
            raise ValidationError("Choose “No tag” alone, or tags without it.")
        return chosen

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        return {"tag": self.cleaned_data["tags"]}


class SegmentFilterForm(FilterForm):
    title = "Filter by segment"
    segments = forms.MultipleChoiceField(
        label="Segments", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Whoever is in one of them. Segments are made from a list that is filtered, or by hand.",
    )  # fmt: skip

    def __init__(self, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        segments = Segment.objects.values_list("pk", "name")[:SEGMENTS_OFFERED]
        self.fields["segments"].choices = [(str(pk), name) for pk, name in segments]  # type: ignore[attr-defined]

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        return {"segment": self.cleaned_data["segments"]}


class FirstSeenFilterForm(FilterForm):
    title = "Filter by first seen"
    period = forms.ChoiceField(label="When", choices=[("", "Any time"), *PERIODS.items()], required=False)
    first = forms.CharField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.CharField(label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean_first(self) -> str:
        return day_text(self.cleaned_data["first"])

    def clean_last(self) -> str:
        return day_text(self.cleaned_data["last"])

    def clean_period(self) -> str:
        return PeriodField(required=False).clean(self.cleaned_data["period"])

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        names = {"first_seen": "period", "first_seen_from": "first", "first_seen_to": "last"}
        return {name: [self.cleaned_data[field]] if self.cleaned_data[field] else [] for name, field in names.items()}


FORMS: dict[str, type[FilterForm]] = {
    "property": PropertyFilterForm,
    "account-property": AccountPropertyFilterForm,
    "account": AccountFilterForm,
    "segment": SegmentFilterForm,
    "source": SourceFilterForm,
    "first-seen": FirstSeenFilterForm,
    "tag": TagFilterForm,
}
MORE = [
    ("property", "Property"),
    ("account", "Account"),
    ("account-property", "Property of the account"),
    ("segment", "Segment"),
    ("source", "Source"),
    ("first-seen", "First seen"),
]


def _input(definition: Definition) -> forms.Widget:
    match definition.type:
        case Definition.Type.BOOLEAN:
            return forms.Select(choices=[("yes", "Yes"), ("no", "No")])
        case Definition.Type.NUMBER:
            return forms.TextInput(attrs={"inputmode": "decimal"})
        case Definition.Type.DATE:
            return forms.DateInput(attrs={"type": "date"})
    return forms.TextInput()


def day_text(text: str) -> str:
    day = DayField(required=False).clean(text)
    return day.isoformat() if day else ""
