"""Filters by a property of accounts: of the accounts themselves, of people's and of documents' (5.1).

Ranges are read from the JSON of each account: accounts are not millions.
"""

from typing import Any

from django.db.models import BooleanField, F, Func, Q
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django_filters import Filter

from accounts.models import Account
from accounts.models.account import AccountQuerySet
from core.json import dumps
from customers.models import Membership
from customers.property_filters import MOST, PREFIX, Comparison, PropertyField, condition_of
from customers.search import Condition
from customers.visibility import parted
from properties.models import Definition

OF_ACCOUNT = "ap."
IN_DAYS = {"is", "is_not", "before", "after"}


def named_in(data: QueryDict, prefix: str, subject: str) -> list[Definition]:
    """The properties that the address names after `prefix`, in any letter case; others are ignored."""
    keys = {name.removeprefix(prefix).lower() for name in data if name.startswith(prefix)}
    wanted = [key for key in keys if 0 < len(key) <= 100 and "\0" not in key][: MOST + 1]
    if not wanted:
        return []
    return list(Definition.objects.filter(subject=subject).alias(folded=Lower("key")).filter(folded__in=wanted))


class PrefixedField(PropertyField):
    """Reads every value that its key has in the address, under its own prefix."""

    def __init__(self, *, prefix: str, definition: Definition, data: QueryDict, **options: Any) -> None:
        renamed = QueryDict(mutable=True)
        for name, values in data.lists():
            if name.startswith(prefix):
                renamed.setlist(f"{PREFIX}{name.removeprefix(prefix)}", values)
        super().__init__(definition=definition, data=renamed, **options)


class AccountPropertyFilter(Filter):
    """By a property of accounts; `prefix` is what its parameter begins with."""

    field_class = PrefixedField

    def __init__(self, prefix: str, definition: Definition, data: QueryDict) -> None:
        super().__init__(label=definition.label, prefix=prefix, definition=definition, data=data)
        self.prefix, self.definition = prefix, definition
        self.parameter = f"{prefix}{definition.key}"

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        if self.prefix == PREFIX:
            return [Condition(asked(comparison)) for comparison in value]
        limit = parted(self.parent.queryset)[1]
        accounts = Account.objects.of_teams(limit.teams) if limit else Account.objects.all()
        return [of_member(asked(comparison), accounts) for comparison in value]

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(*[condition.q for condition in self.conditions(value or ())])


def of_member(of_account: Q, visible: AccountQuerySet) -> Condition:
    """That a customer belongs to one of these accounts that is not deleted and meets this."""
    members = Membership.objects.filter(account__in=visible.active().filter(of_account).values("pk"))
    return Condition(Q(pk__in=members.values("customer")), probe=members.values("customer"))


def asked(comparison: Comparison) -> Q:
    """What the comparison asks of an account. One that lacks the property 'is not' anything."""
    if comparison.operator in {"greater", "less"}:
        sign = {"greater": ">", "less": "<"}[comparison.operator]
        return Q(Path(comparison.definition.key, f"@ {sign} $value", value=comparison.value))
    if comparison.definition.type == Definition.Type.DATE and comparison.operator in IN_DAYS:
        first, following = _days(comparison.value)
        question = {"before": "@ < $first", "after": "@ >= $following"}.get(
            comparison.operator, "@ >= $first && @ < $following"
        )
        found = Q(Path(comparison.definition.key, question, first=first, following=following))
        return ~found if comparison.operator == "is_not" else found
    return condition_of(comparison).q


def _days(value: str) -> tuple[str, str]:
    """The text that a date begins with, and the first text after all that do: ISO dates sort as text."""
    moment = parse_datetime(value) if "T" in value else None
    return value, f"{value}~" if moment else f"{value[:10]}~"


class Path(Func):
    """Whether any value of a property meets a JSON path condition."""

    output_field = BooleanField()

    def __init__(self, key: str, question: str, **values: Any) -> None:
        super().__init__(F("properties"))
        self.path = f'$."{key}"[*] ? ({question})'  # keys are letters, digits, _ and . by a constraint
        self.values_given = dumps(values)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        sql = f"jsonb_path_exists({column}, %s::jsonpath, %s::jsonb, true)"
        return sql, [*params, self.path, self.values_given]
