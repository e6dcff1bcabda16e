"""The query language of the accounts list: parameters of an address to conditions (docs/search.md lists them)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django_filters import Filter

from accounts.models import Account
from core.text import fold, problem
from customers.account_properties import AccountPropertyFilter, named_in
from customers.filters import (
    BIGGEST_ID,
    FEEDBACK,
    ConditionFilter,
    DayFilter,
    DeletedField,
    ListField,
    ListFilter,
    ListWidget,
    PeriodFilter,
)
from customers.models import Membership
from customers.property_filters import PREFIX
from customers.search import TEXT_LIMIT, Condition
from properties.models import Definition

CONTACTS = {"key": "Has a key contact", "yes": "Has contacts", "no": "No contacts"}
OWNED = {"yes": "Has an owner", "no": "No owner"}


class SearchField(forms.Field):
    def clean(self, value: Any) -> str:
        fault = problem(value or "", limit=TEXT_LIMIT)
        if fault:
            raise ValidationError(fault, code="invalid_search")
        return " ".join((value or "").split())


class SearchFilter(ConditionFilter):
    """Part of the name, or of the account ID in any letter case."""

    field_class = SearchField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [Condition(Q(sort_name__contains=fold(value)) | Q(lower_id__contains=value.lower()))]


class ContactFilter(ConditionFilter):
    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        ways = {"key": _with(key_contact=True), "yes": _with(contact=True), "no": ~_with(contact=True)}
        return [Condition(_any(ways[code] for code in value))]


class OwnerField(forms.Field):
    """yes, no, or the ids of customers who own accounts."""

    widget = ListWidget

    def clean(self, value: Any) -> list[Any]:
        parts: list[str] = (value or [])[:50]
        if all(part in OWNED for part in parts):
            return parts
        if not all(part.isascii() and part.isdigit() and int(part[:11]) <= BIGGEST_ID for part in parts):
            raise ValidationError("Must be yes, no, or the numbers of customers, such as 3 or 3,5.")
        return [int(part) for part in parts]


class OwnerFilter(ConditionFilter):
    field_class = OwnerField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if all(isinstance(part, int) for part in value):
            return [Condition(_with(owner=True, customer__in=value))]
        return [Condition(_any(_with(owner=True) if code == "yes" else ~_with(owner=True) for code in value))]


class FeedbackFilter(ConditionFilter):
    field_class = ListField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if len(value) != 1:  # both: every account
            return []
        documents = Account._meta.get_field("documents").related_model  # stands above customers
        found = Q(Exists(documents._default_manager.filter(account=OuterRef("pk"), state="active")))
        return [Condition(found if value == ["yes"] else ~found)]


class DeletedFilter(ConditionFilter):
    """Deleted ones instead of active ones: never both."""

    field_class = DeletedField

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [Condition(Q(state=Account.State.DELETED))] if value else []


class AccountsFilter(ListFilter):
    """Every filter of the accounts list."""

    q = SearchFilter(label="Search")
    contact = ContactFilter(label="Contacts", choices=CONTACTS)
    owner = OwnerFilter(label="Owner")
    feedback = FeedbackFilter(label="Feedback", choices=FEEDBACK)
    created = PeriodFilter(field_name="created_at", label="Created")
    created_from = DayFilter(field_name="created_at", label="Created from")
    created_to = DayFilter(field_name="created_at", label="Created until", last=True)
    deleted = DeletedFilter(label="Deleted")

    def of_properties(self, data: QueryDict) -> Iterator[tuple[str, Filter]]:
        for definition in named_in(data, PREFIX, Definition.Subject.ACCOUNT):
            one = AccountPropertyFilter(PREFIX, definition, data)
            yield one.parameter, one

    @property
    def of_deleted(self) -> bool:
        return any(name == "deleted" for name, _, _ in self.active())

    def listed(self) -> QuerySet[Any]:
        """The accounts before any filter: active ones, unless deleted ones are asked for."""
        return self.queryset if self.of_deleted else self.queryset.active()

    def matching(self, *, now: datetime) -> QuerySet[Any]:
        found: QuerySet[Any] = self.listed().alias(lower_id=Lower("external_id"))
        return found.filter(*[condition.q for condition in self.conditions(now=now)])


def _with(**fields: Any) -> Q:
    """Accounts with a membership like this of a customer who is not deleted."""
    members = Membership.objects.filter(account=OuterRef("pk"), customer__state="active", **fields)
    return Q(Exists(members))


def _any(choices: Iterator[Q]) -> Q:
    found = Q(pk__in=[])
    for choice in choices:
        found |= choice
    return found
