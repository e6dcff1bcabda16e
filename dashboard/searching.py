"""One search over people, feedback and accounts (11.2), each in the way its own list searches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models import Account
from customers import listing as customer_listing
from customers import search as customer_search
from customers.dealings import as_seen
from customers.models import Customer
from feedback import listing as document_listing
from feedback.models import Document
from feedback.rows import shaped
from feedback.search import query_of


@dataclass(frozen=True)
class Results:
    """What was found, and whether there is more than is shown. `feedback` is for `feedback.rows.rows_of`; `fault` says
    what is wrong with the words."""

    people: list[Customer] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    more_people: bool = False
    more_feedback: bool = False
    fault: str = ""

    @property
    def nothing(self) -> bool:
        return not (self.people or self.feedback or self.accounts or self.fault)


def search(text: str, viewer: Any, *, people: int, feedback: int, accounts: int = 0) -> Results:
    """The latest of each kind that match `text`; nothing at all for no words."""
    if not text.strip():
        return Results()
    try:
        conditions = customer_search.conditions(text)
    except ValidationError as error:
        return Results(fault=" ".join(error.messages))
    found_people = _people(conditions, viewer, people + 1)
    found_feedback = _feedback(text, viewer, feedback + 1)
    return Results(
        people=found_people[:people],
        feedback=found_feedback[:feedback],
        accounts=list(_accounts(text, viewer)[:accounts]) if accounts else [],
        more_people=len(found_people) > people,
        more_feedback=len(found_feedback) > feedback,
    )


def number_of(kind: str, text: str, viewer: Any) -> int:
    """How many people or how much feedback there is, counted to the cap. Raises ValidationError."""
    conditions = customer_search.conditions(text)
    if kind == "people":
        return customer_listing.count(Customer.objects.visible_to(viewer).active(), conditions)
    query = query_of(text)
    if query is None:
        return 0
    return document_listing.count(Document.objects.visible_to(viewer).active(), [customer_search.Condition(Q(query))])


def last_seen(viewer: Any, *, most: int) -> list[Customer]:
    """Who was heard of last."""
    return _people([], viewer, most)


def _people(conditions: list[customer_search.Condition], viewer: Any, size: int) -> list[Customer]:
    customers = Customer.objects.visible_to(viewer).active()
    sort = customer_listing.sort_of(customer_listing.DEFAULT_SORT)
    found = customer_listing.find(customers, conditions, sort, shape=_shaped(viewer), size=size)
    return as_seen(found.page.rows, viewer)


def _shaped(viewer: Any) -> Callable[[Any], Any]:
    columns = ("name", "primary_email", "primary_phone", "feedback_count", "last_seen_at")
    return lambda customers: customers.with_company(viewer).only(*columns)


def _feedback(text: str, viewer: Any, size: int) -> list[dict[str, Any]]:
    query = query_of(text)
    if query is None:
        return []
    documents = Document.objects.visible_to(viewer).active()
    conditions = [customer_search.Condition(Q(query))]
    return document_listing.find(documents, conditions, document_listing.NEWEST, shape=shaped, size=size).page.rows


def _accounts(text: str, viewer: Any) -> Any:
    return Account.objects.visible_to(viewer).active().search(text).order_by("sort_name", "id")
