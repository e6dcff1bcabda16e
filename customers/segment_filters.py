"""What segments mean: who is in a static one, whom the saved filter of a dynamic one finds (2.9).

A saved filter that cannot be understood any more, because what it names is gone, says so and finds nobody: never
everybody by mistake. Saved filters name no dynamic segments, so none can depend on itself. Days in them are UTC's.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Value
from django.http import QueryDict
from django_filters import Filter

from accounts.models import Account
from audit.models import Source
from customers.account_properties import OF_ACCOUNT, AccountPropertyFilter
from customers.filters import NONE, CustomerFilter
from customers.models import Customer, Segment, SegmentMember, Tag
from customers.property_filters import PREFIX, PropertyFilter
from customers.search import Condition
from properties.models import Definition

NAMED: dict[str, type[Model]] = {"tag": Tag, "source": Source, "account": Account, "segment": Segment}
IGNORED = ("sort", "cursor")
BY_PROPERTY = (PREFIX, OF_ACCOUNT)
NOBODY = Condition(Q(pk=0))
MOST_DYNAMIC = 200  # each is asked about whoever's profile is opened


class SavedFilter(CustomerFilter):
    """A dynamic segment's filter. `definitions`: every property it may name, read once for many segments."""

    def __init__(self, query: str, customers: QuerySet[Any], definitions: Sequence[Definition]) -> None:
        self.definitions = {(one.subject, one.key.lower()): one for one in definitions}
        super().__init__(QueryDict(query), customers)

    def of_properties(self, data: QueryDict) -> Iterator[tuple[str, Filter]]:
        for name in data:
            if name.startswith(PREFIX):
                found = self.definitions.get((Definition.Subject.CUSTOMER, name.removeprefix(PREFIX).lower()))
                if found:
                    yield f"{PREFIX}{found.key}", PropertyFilter(found, data)
            elif name.startswith(OF_ACCOUNT):
                found = self.definitions.get((Definition.Subject.ACCOUNT, name.removeprefix(OF_ACCOUNT).lower()))
                if found:
                    one = AccountPropertyFilter(OF_ACCOUNT, found, data)
                    yield one.parameter, one

    @property
    def named(self) -> dict[str, set[int]]:
        """The numbers that it names, by what they are numbers of."""
        values = {name: value for name, _, value in self.active() if name in NAMED}
        return {name: {pk for pk in value if pk != NONE} for name, value in values.items()}

    @property
    def unknown(self) -> str:
        """A property that it names and that is not there."""
        known = {name.lower() for name in self.filters}
        return next((name for name in self.data if name.startswith(BY_PROPERTY) and name.lower() not in known), "")


@dataclass(frozen=True)
class Meaning:
    """A dynamic segment's filter, and why it finds nobody, "" if it can be understood."""

    filters: SavedFilter
    fault: str = ""

    def conditions(self, now: datetime) -> list[Condition]:
        return [NOBODY] if self.fault else self.filters.conditions(now=now)


def meanings(queries: Sequence[str], customers: QuerySet[Any]) -> list[Meaning]:
    """What these filters find among `customers`, with few questions whatever their number."""
    definitions = list(Definition.objects.all()) if any(_by_property(query) for query in queries) else []
    filters = [SavedFilter(query, customers, definitions) for query in queries]
    wanted: dict[str, set[int]] = {}
    for one in filters:
        for name, ids in one.named.items():
            wanted.setdefault(name, set()).update(ids)
    there = _there(wanted)
    return [Meaning(one, _fault(one, there)) for one in filters]


def meaning(query: str, customers: QuerySet[Any]) -> Meaning:
    return meanings([query], customers)[0]


def _fault(one: SavedFilter, there: dict[str, dict[int, str]]) -> str:
    if one.errors:
        return next(iter(one.errors.values()))[0]
    if one.unknown:
        return "A property that it names is gone."
    named = one.named
    for name, ids in named.items():
        if ids - set(there[name]):
            return f"{'An' if name == 'account' else 'A'} {name} that it names is gone."
    if any(there["segment"][pk] == Segment.Kind.DYNAMIC for pk in named.get("segment", ())):
        return "It names a dynamic segment; only static ones can be part of a saved filter."
    if any(name == "deleted" for name, _, _ in one.active()):
        return "Deleted customers are in no segment."
    return "" if any(True for _ in one.active()) else "It has no filter."


def _there(wanted: dict[str, set[int]]) -> dict[str, dict[int, str]]:
    """Which of these numbers exist, by what they are numbers of; in one question. Segments come with their kind."""
    parts = [
        model._default_manager.filter(pk__in=wanted[name]).order_by().values_list(
            Value(name), "pk", "kind" if model is Segment else Value("")
        )
        for name, model in NAMED.items() if wanted.get(name)
    ]  # fmt: skip
    found: dict[str, dict[int, str]] = {name: {} for name in NAMED}
    for name, pk, kind in parts[0].union(*parts[1:], all=True) if parts else ():
        found[name][pk] = kind
    return found


def _by_property(query: str) -> bool:
    return any(name.startswith(BY_PROPERTY) for name in QueryDict(query))


def members(segment_ids: Collection[int]) -> Condition:
    """That a customer was put into one of these static segments."""
    rows = SegmentMember.objects.filter(segment__in=segment_ids)
    ids = rows.values("customer")
    return Condition(Q(pk__in=ids), each=Q(Exists(rows.filter(customer=OuterRef("pk")))), probe=ids)


def conditions_of(value: list[Any], customers: QuerySet[Any], now: datetime) -> list[Condition]:
    """That a customer is in one of these segments; ["none"]: in no static one."""
    if value == [NONE]:
        return [Condition(~Q(Exists(SegmentMember.objects.filter(customer=OuterRef("pk")))), indexed=False)]
    segments = list(Segment.objects.filter(pk__in=value))
    static = [one.pk for one in segments if one.kind == Segment.Kind.STATIC]
    dynamic = meanings([one.query for one in segments if one.kind == Segment.Kind.DYNAMIC], customers)
    if not dynamic:
        return [members(static)] if static else [NOBODY]
    if len(dynamic) == 1 and not static:
        return dynamic[0].conditions(now)
    either = members(static).q if static else Q(pk=0)
    for one in dynamic:
        either |= together(one.conditions(now))
    return [Condition(either, indexed=False)]


def together(conditions: Sequence[Condition], *, of_one: bool = False) -> Q:
    """All of them; asked of one row where that is known to be cheaper."""
    every = Q()
    for condition in conditions:
        every &= (condition.each or condition.q) if of_one else condition.q
    return every or Q(pk__gt=0)


def possible_for(customer_id: int) -> QuerySet[Segment]:
    """Every dynamic segment, and those static ones that the customer was put into."""
    own = SegmentMember.objects.filter(segment=OuterRef("pk"), customer=customer_id)
    return Segment.objects.filter(Q(kind=Segment.Kind.DYNAMIC) | Q(Exists(own)))


def of_customer(
    customer_id: int, customers: QuerySet[Any], segments: Sequence[Segment], now: datetime
) -> list[Segment]:
    """Those of these dynamic segments that the customer is in, in one question for all of them."""
    found = meanings([one.query for one in segments], customers)
    this = Customer.objects.filter(pk=customer_id)
    asked = {
        f"in_{one.pk}": Exists(this.filter(together(meant.conditions(now), of_one=True)))
        for one, meant in zip(segments, found, strict=True) if not meant.fault
    }  # fmt: skip
    row = this.active().values(**asked).first() if asked else None
    return [one for one in segments if row and row.get(f"in_{one.pk}")]


def cleaned(query: str) -> str:
    """The query string of a list as it is saved: without its order and its place in the list."""
    data = QueryDict(query, mutable=True)
    for name in [name for name, values in data.lists() if name in IGNORED or not any(values)]:
        data.pop(name)
    return data.urlencode()
