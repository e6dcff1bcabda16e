"""Customers for agents: the list with the dashboard's filters, and one with everything a profile says (contracts 5)."""

from typing import Any, Literal

from django.core.exceptions import ValidationError
from pydantic import BaseModel, Field

from api.mcp_asking import (  # fmt: skip
    Answer,
    Arguments,
    Cursor,
    Fault,
    Limit,
    Number,
    Question,
    Words,
    moment,
    number_of,
    placed,
    query,
    refuse,
    tag_names,
)
from api.presenting.customers import presented_one
from customers import listing
from customers.dealings import as_seen
from customers.filters import CustomerFilter
from customers.identifying import identity
from customers.merging import survivor_of
from customers.models import Customer, Identifier, Segment, Tag

COLUMNS = (
    "name", "primary_email", "primary_phone", "channels", "tag_ids", "feedback_count", "first_seen_at", "last_seen_at",
    "properties",
)  # fmt: skip
Channel = Literal["", "widget", "email", "api", "voice", "chat", "survey", "social", "import"]


class ListCustomers(Arguments):
    query: Words = Field("", description="Words of a name, or an email, phone, user ID or handle.")
    channel: Channel = Field("", description="Only who sent feedback through this channel.")
    tag: Words = Field("", description="Only who has this tag: its name.")
    segment: Words = Field("", description="Only who is in this segment: its name.")
    sort: Literal["last_seen", "-last_seen", "first_seen", "-first_seen", "feedback", "-feedback", "name", "-name"] = (
        Field("-last_seen", description="The order; with - from the greatest down.")
    )
    limit: Limit = 20
    cursor: Cursor = ""


class GetCustomer(Arguments):
    id: Number | None = Field(None, description="The customer's number.")
    email: Words = Field("", description="Any email of the customer, instead of the number.")


class CustomerRow(BaseModel):
    id: int
    name: str
    company: str | None
    primary_email: str
    primary_phone: str
    channels: list[str]
    tags: list[str]
    feedback_count: int
    first_seen: str
    last_seen: str


class Customers(BaseModel):
    items: list[CustomerRow]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


def list_customers(given: ListCustomers, question: Question) -> Answer:
    """Customers, a page at a time."""
    data = query(
        q=given.query,
        channel=given.channel,
        tag=number_of(Tag, given.tag, "tag"),
        segment=number_of(Segment, given.segment, "segment"),
    )
    filters = CustomerFilter(data, Customer.objects.visible_to(question.key))
    refuse(filters.errors, q="query")
    sort = listing.sort_of(given.sort)
    cursor = placed(Customer.objects.all(), sort, given.cursor)
    found = listing.find(
        filters.listed(), filters.conditions(now=question.now), sort, cursor,
        shape=lambda rows: rows.with_company(question.key).only(*COLUMNS), size=given.limit,  # type: ignore[attr-defined]
    )  # fmt: skip
    rows = rows_of(found.page.rows, question)
    return Answer({"items": rows, "next": found.page.next}, found={"customers": len(rows)})


def get_customer(given: GetCustomer, question: Question) -> Answer:
    """One customer, as the REST API gives them. Raises Fault where there is none that the key may see."""
    pk = given.id if given.id is not None else _owner_of(given.email)
    customer = _visible(pk, question) or _visible(survivor_of(pk), question)
    if customer is None:
        raise Fault("There is no such customer.")
    return Answer(presented_one(customer.pk, question.key, now=question.now), about=customer)


def rows_of(customers: list[Customer], question: Question) -> list[dict[str, Any]]:
    """Each as a row of a list, with what the key may know of their dealings."""
    names = tag_names(customers)
    return [
        {
            "id": one.pk,
            "name": one.name,
            "company": one.company,  # type: ignore[attr-defined]
            "primary_email": one.primary_email,
            "primary_phone": one.primary_phone,
            "channels": list(one.channels),
            "tags": [names[pk] for pk in one.tag_ids if pk in names],
            "feedback_count": one.feedback_count,
            "first_seen": moment(one.first_seen_at),
            "last_seen": moment(one.last_seen_at),
        }
        for one in as_seen(customers, question.key)
    ]


def _visible(pk: int | None, question: Question) -> Customer | None:
    return Customer.objects.visible_to(question.key).active().filter(pk=pk).first() if pk else None


def _owner_of(email: str) -> int:
    if not email.strip():
        raise Fault("Give the id or the email of a customer.")
    try:
        wanted = identity("email", email)
    except ValidationError as error:
        raise Fault(f"email: {' '.join(error.messages)}") from None
    owners = Identifier.objects.filter(kind=wanted.kind, normalized=wanted.normalized)
    return owners.values_list("customer_id", flat=True).first() or 0
