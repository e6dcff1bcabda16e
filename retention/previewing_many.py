"""What a permanent deletion of several customers or documents would take, leave and skip, counted before it (6.2)."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import reverse

from audit.models import Change
from core.arrays import AnyOf
from customers.bulk import CUSTOMERS
from customers.deleting import IN_THE_WAY as CUSTOMER_IN_THE_WAY
from customers.deleting import NOT_THERE
from customers.holding import holds_on
from customers.models import Customer
from customers.selecting import Kind
from engagement.models import SurveyResponse
from feedback.bulk import DOCUMENTS
from feedback.deleting import IN_THE_WAY as DOCUMENT_IN_THE_WAY
from feedback.deleting import holds_of
from feedback.models import Document, DocumentTag
from retention.models import Purge
from retention.previewing import Preview, counted
from retention.purging import held_by_documents
from staff.models import User

MOST = 10_000
NAMED = 10  # of those that go
SKIPPED_NAMED = 50


@dataclass(frozen=True)
class Skipped:
    """One that stays, and why."""

    name: str
    url: str
    why: str


@dataclass(frozen=True)
class PreviewOfMany:
    """`ids` go; `named` are the first of them as (name, address). `skipped` are the first of those that stay."""

    ids: list[int]
    named: list[tuple[str, str]]
    skipped: list[Skipped]
    skipped_count: int
    counts: Preview

    @property
    def more(self) -> int:
        """How many go beside those that are named."""
        return len(self.ids) - len(self.named)


class Subject(ABC):
    """What is permanently deleted: customers or documents."""

    kind: ClassVar[Kind]
    subject: ClassVar[str]
    detail: ClassVar[str]
    in_the_way: ClassVar[Mapping[str, str]]

    def preview(self, ids: Sequence[int], viewer: User) -> PreviewOfMany:
        """Of what `viewer` may see; what is not deleted, or on legal hold, is skipped."""
        visible = self.kind.visible_to(viewer).filter(AnyOf("pk", ids))
        states = dict(visible.values_list("pk", "state"))
        stay = {pk: self.in_the_way.get(states.get(pk, ""), NOT_THERE) for pk in ids if states.get(pk) != "deleted"}
        stay |= {pk: why for pk, why in self.held(visible).items() if pk not in stay}
        go = sorted(set(ids) - stay.keys())
        names = self.names(visible, [*go[:NAMED], *sorted(stay)[:SKIPPED_NAMED]])
        return PreviewOfMany(
            ids=go,
            named=[names[pk] for pk in go[:NAMED]],
            skipped=[Skipped(*names.get(pk, (f"Number {pk}", "")), stay[pk]) for pk in sorted(stay)[:SKIPPED_NAMED]],
            skipped_count=len(stay),
            counts=self.counted(go) if go else Preview(),
        )

    def names(self, visible: QuerySet[Any], ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        return {
            one.pk: (self.name(one), reverse(self.detail, args=[one.pk])) for one in visible.filter(AnyOf("pk", ids))
        }

    def words(self, number: int) -> str:
        """What has to be typed."""
        return f"delete {number:,} {self.kind.noun}{'' if number == 1 else 's'}"

    @abstractmethod
    def name(self, one: Any) -> str: ...

    @abstractmethod
    def held(self, visible: QuerySet[Any]) -> dict[int, str]:
        """Why, of those on legal hold."""

    @abstractmethod
    def counted(self, ids: Sequence[int]) -> Preview: ...


class Customers(Subject):
    kind = CUSTOMERS
    subject = Purge.Subject.CUSTOMER
    detail = "customers:detail"
    in_the_way = CUSTOMER_IN_THE_WAY

    def name(self, one: Customer) -> str:
        return one.display_name

    def held(self, visible: QuerySet[Any]) -> dict[int, str]:
        ids = list(visible.values_list("pk", flat=True))
        return held_by_documents(ids) | holds_on(ids)

    def counted(self, ids: Sequence[int]) -> Preview:
        return counted(ids)


class Documents(Subject):
    kind = DOCUMENTS
    subject = Purge.Subject.DOCUMENT
    detail = "documents:detail"
    in_the_way = DOCUMENT_IN_THE_WAY

    def name(self, one: Document) -> str:
        return one.display_title or "Untitled"

    def held(self, visible: QuerySet[Any]) -> dict[int, str]:
        return holds_of(visible.only("customer_id", "account_id"))

    def counted(self, ids: Sequence[int]) -> Preview:
        owners = Document.objects.filter(AnyOf("pk", ids)).exclude(customer=None)
        goes = [
            ("Documents", len(ids)),
            ("Tags on them", DocumentTag.objects.filter(AnyOf("document_id", ids)).count()),
            ("Values in the history", Change.objects.filter(AnyOf("document_id", ids)).count()),
        ]
        stays = [
            ("Customers who gave this feedback", owners.values("customer").distinct().count()),
            ("Survey scores, without the comment", SurveyResponse.objects.filter(AnyOf("document_id", ids)).count()),
        ]
        return Preview(goes=[one for one in goes if one[1]], stays=[one for one in stays if one[1]])


CUSTOMER, DOCUMENT = Customers(), Documents()
