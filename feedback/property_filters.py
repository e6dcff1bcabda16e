"""Filters by property of the document's customer (`cp.plan=is:pro`) or account (`ap.ARR=greater:1000`) (5.1).

The subjects are looked up first: few become a list of ids that an index of documents answers; many stay a condition
that each document is asked while the list is walked.
"""

from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django_filters import Filter

from accounts.models import Account
from core.json import dumps
from customers.filters import ConditionFilter
from customers.models import Customer
from customers.property_filters import MOST, Comparison, PropertyField, condition_of
from customers.search import Condition
from feedback.listing import estimated
from properties.models import Definition

CUSTOMER, ACCOUNT = "cp.", "ap."
SUBJECTS = {CUSTOMER: Definition.Subject.CUSTOMER, ACCOUNT: Definition.Subject.ACCOUNT}
FEW = 2_000  # subjects whose documents are found by index


def definitions_in(data: QueryDict) -> list[tuple[str, Definition]]:
    """(prefix, property) for what the address names, in any letter case; others are ignored."""
    found: list[tuple[str, Definition]] = []
    for prefix, subject in SUBJECTS.items():
        keys = {name.removeprefix(prefix).lower() for name in data if name.startswith(prefix)}
        wanted = [key for key in keys if 0 < len(key) <= 100 and "\0" not in key][:MOST]
        if wanted:
            known = Definition.objects.filter(subject=subject).alias(folded=Lower("key")).filter(folded__in=wanted)
            found += [(prefix, definition) for definition in known]
    return found


class PrefixedField(PropertyField):
    """Reads every value that its key has in the address, under its own prefix."""

    def __init__(self, *, prefix: str, definition: Definition, data: QueryDict, **options: Any) -> None:
        renamed = QueryDict(mutable=True)
        for name, values in data.lists():
            if name.startswith(prefix):
                renamed.setlist(f"p.{name.removeprefix(prefix)}", values)
        super().__init__(definition=definition, data=renamed, **options)


class PropertyFilter(ConditionFilter):
    field_class = PrefixedField

    def __init__(self, prefix: str, definition: Definition, data: QueryDict) -> None:
        Filter.__init__(self, label=definition.label, prefix=prefix, definition=definition, data=data)
        self.prefix, self.definition = prefix, definition
        self.parameter = f"{prefix}{definition.key}"

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        of_subject = _of_customers if self.prefix == CUSTOMER else _of_accounts
        return [of_subject(comparison) for comparison in value]


def _of_customers(comparison: Comparison) -> Condition:
    condition = condition_of(comparison)
    customers = Customer.objects.filter(condition.q)
    if condition.probe is not None:
        few = condition.probe.order_by()[: FEW + 1].count() <= FEW
    else:
        few = condition.indexed and estimated(customers) <= FEW
    return _narrow("customer", customers) if few else Condition(Q(customer__in=customers), indexed=False)


def _of_accounts(comparison: Comparison) -> Condition:
    return _narrow("account", Account.objects.filter(_asked(comparison)))


def _narrow(relation: str, subjects: QuerySet[Any]) -> Condition:
    ids = list(subjects.order_by().values_list("pk", flat=True)[: FEW + 1])
    if len(ids) <= FEW:
        return Condition(Q(**{f"{relation}__in": ids}))
    return Condition(Q(**{f"{relation}__in": subjects}), indexed=False)


def _asked(comparison: Comparison) -> Q:
    """What the comparison asks of an account. Ranges are read from its JSON: accounts are not millions."""
    if comparison.operator in {"greater", "less"}:
        sign = {"greater": ">", "less": "<"}[comparison.operator]
        return Q(Path(comparison.definition.key, f"@ {sign} $value", value=comparison.value))
    if comparison.definition.type == Definition.Type.DATE and comparison.operator in {
        "is",
        "is_not",
        "before",
        "after",
    }:
        first, following = _days(comparison.value)
        question = {"before": "@ < $first", "after": "@ >= $following"}.get(
            comparison.operator, "@ >= $first && @ < $following"
        )
        asked = Q(Path(comparison.definition.key, question, first=first, following=following))
        return ~asked if comparison.operator == "is_not" else asked
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
