"""The query language of the audit log: who, what, through what, about what, when."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django_filters import CharFilter, DateFilter, Filter, FilterSet

from audit.history import LOADERS, THROUGH, VERBS
from audit.models import Entry

SYSTEM = "roster"
MOST_ID = 2**63 - 1
WAYS = {way: words.removeprefix("by ").removeprefix("through ").removeprefix("in ") for way, words in THROUGH.items()}
WAYS |= {"page": "a page", "seed": "the demo data", "portal": "the portal", "task": "the background"}


class WhoField(forms.Field):
    """`user:3`, `source:5`, or `roster` for what nobody asked for."""

    def clean(self, value: Any) -> tuple[str, int] | None:
        if not value:
            return None
        if value == SYSTEM:
            return SYSTEM, 0
        kind, _, number = str(value).partition(":")
        if kind not in {"user", "source"}:
            raise ValidationError("Must be user:<number>, source:<number> or roster.")
        return kind, _number(number)


class AboutField(forms.Field):
    """`customer:81`: the record that a command was about."""

    def clean(self, value: Any) -> tuple[str, int] | None:
        if not value:
            return None
        kind, _, number = str(value).partition(":")
        if kind not in LOADERS:
            raise ValidationError("Must name a record, such as customer:81.")
        return kind, _number(number)


class ActionField(forms.Field):
    """A verb (`customer.renamed`), or a thing (`customer`) for all that can be done to it."""

    def clean(self, value: Any) -> list[str]:
        if not value:
            return []
        found = [verb for verb in VERBS if verb == value or verb.partition(".")[0] == value]
        if not found:
            raise ValidationError("There is no such action.")
        return found


class WayField(forms.Field):
    def clean(self, value: Any) -> str:
        if value and value not in WAYS:
            raise ValidationError(f"Choose among {', '.join(WAYS)}.")
        return value or ""


class FlagField(forms.Field):
    def clean(self, value: Any) -> bool:
        return str(value or "").lower() in {"true", "1", "yes", "on"}


class WhoFilter(Filter):
    field_class = WhoField

    def filter(self, qs: Any, value: Any) -> Any:
        if not value:
            return qs
        kind, number = value
        if kind == "user":  # whoever did it, and whoever it was done for
            return qs.filter(Q(actor=number) | Q(on_behalf_of=number))
        return qs.filter(source=number) if kind == "source" else qs.filter(actor=None, source=None)


class AboutFilter(Filter):
    field_class = AboutField

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(subject_type=value[0], subject_id=value[1]) if value else qs


class ActionFilter(Filter):
    field_class = ActionField

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(verb__in=value) if value else qs


class WayFilter(CharFilter):
    field_class = WayField


class ImpersonatedFilter(Filter):
    field_class = FlagField

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(on_behalf_of__isnull=False) if value else qs


class DayFilter(DateFilter):
    """Days of the reader's time zone; `until` includes its day."""

    def filter(self, qs: Any, value: Any) -> Any:
        if not value:
            return qs
        day = value + timedelta(days=1) if self.lookup_expr == "lt" else value
        return super().filter(qs, timezone.make_aware(datetime.combine(day, time())))


class EntryFilter(FilterSet):
    who = WhoFilter(label="Who")
    action = ActionFilter(label="Action")
    way = WayFilter(field_name="via", label="Through")
    about = AboutFilter(label="About")
    since = DayFilter(field_name="at", lookup_expr="gte", label="Since")
    until = DayFilter(field_name="at", lookup_expr="lt", label="Until")
    impersonated = ImpersonatedFilter(label="Impersonated")

    class Meta:
        model = Entry
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


def things() -> dict[str, str]:
    """What actions are about, in words: {"customer": "Customers"}."""
    kinds = sorted({verb.partition(".")[0] for verb in VERBS})
    return {kind: kind.replace("_", " ").capitalize() for kind in kinds}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > MOST_ID:
        raise ValidationError("The number is not one that a record has.")
    return int(text)
