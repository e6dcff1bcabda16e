"""Filters by property of the document's customer (`cp.plan=is:pro`) or account (`ap.ARR=greater:1000`) (5.1).

The subjects are looked up first: few become a list of ids that an index of documents answers; many stay a condition
that each document is asked while the list is walked.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django_filters import Filter

from accounts.models import Account
from customers.account_properties import OF_ACCOUNT, PrefixedField, asked, named_in
from customers.filters import ConditionFilter
from customers.models import Customer
from customers.property_filters import Comparison, condition_of
from customers.search import Condition
from customers.visibility import Belongs
from feedback.listing import estimated
from feedback.visibility import parted
from properties.models import Definition

CUSTOMER, ACCOUNT = "cp.", OF_ACCOUNT
SUBJECTS = {CUSTOMER: Definition.Subject.CUSTOMER, ACCOUNT: Definition.Subject.ACCOUNT}
FEW = 2_000  # subjects whose documents are found by index


def definitions_in(data: QueryDict) -> list[tuple[str, Definition]]:
    """(prefix, property) for what the address names, in any letter case; others are ignored."""
    return [
        (prefix, definition) for prefix, subject in SUBJECTS.items() for definition in named_in(data, prefix, subject)
    ]


class PropertyFilter(ConditionFilter):
    field_class = PrefixedField

    def __init__(self, prefix: str, definition: Definition, data: QueryDict) -> None:
        Filter.__init__(self, label=definition.label, prefix=prefix, definition=definition, data=data)
        self.prefix, self.definition = prefix, definition
        self.parameter = f"{prefix}{definition.key}"

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        of_subject = _of_customers if self.prefix == CUSTOMER else _of_accounts
        found = [of_subject(comparison) for comparison in value]
        limit = parted(self.parent.queryset)[1]
        if limit is not None and self.prefix == CUSTOMER:  # whom the reader may not see has no properties
            found.append(Condition(Q(Belongs(limit.teams, "customer_id")), indexed=False))
        return found


def _of_customers(comparison: Comparison) -> Condition:
    condition = condition_of(comparison)
    customers = Customer.objects.filter(condition.q)
    if condition.probe is not None:
        few = condition.probe.order_by()[: FEW + 1].count() <= FEW
    else:
        few = condition.indexed and estimated(customers) <= FEW
    return _narrow("customer", customers) if few else Condition(Q(customer__in=customers), indexed=False)


def _of_accounts(comparison: Comparison) -> Condition:
    return _narrow("account", Account.objects.filter(asked(comparison)))


def _narrow(relation: str, subjects: QuerySet[Any]) -> Condition:
    ids = list(subjects.order_by().values_list("pk", flat=True)[: FEW + 1])
    if len(ids) <= FEW:
        return Condition(Q(**{f"{relation}__in": ids}))
    return Condition(Q(**{f"{relation}__in": subjects}), indexed=False)
