"""Feedback for agents: the list with the dashboard's filters, and one whole document (contracts 5)."""

from typing import Any, Literal

from django.db.models.functions import Left
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
from api.mcp_customers import Channel
from customers.models import Customer, Tag
from feedback import listing
from feedback.filters import DocumentFilter
from feedback.models import Document
from feedback.sanitising import plain_text

BEGINNING = 1_200  # characters of a body that are read for a row
SHOWN = 300
MOST_BODY = 20_000
LONG = ("body", "metadata", "custom_fields", "search_vector", "author")


class ListDocuments(Arguments):
    query: Words = Field("", description='Words that occur in it; "quoted words" stand next to each other.')
    channel: Channel = Field("", description="Only what came through this channel.")
    status: Words = Field("", description="Only what has this status.")
    tag: Words = Field("", description="Only what has this tag: its name.")
    customer_id: Number | None = Field(None, description="Only feedback of this customer.")
    account_id: Number | None = Field(None, description="Only feedback of this account.")
    sort: Literal["time", "-time"] = Field("-time", description="Oldest or newest first.")
    limit: Limit = 20
    cursor: Cursor = ""


class GetDocument(Arguments):
    id: Number = Field(description="The document's number.")


class DocumentRow(BaseModel):
    id: int
    title: str
    beginning: str = Field(description="How its text begins.")
    channel: str
    status: str
    tags: list[str]
    customer_id: int | None
    customer: str | None
    account_id: int | None
    account: str | None
    occurred_at: str


class Documents(BaseModel):
    items: list[DocumentRow]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class WholeDocument(DocumentRow):
    body: str = Field(description=f"Plain text, at most {MOST_BODY:,} characters.")
    external_id: str | None
    author: dict[str, str]
    custom_fields: dict[str, Any]
    received_at: str


def list_documents(given: ListDocuments, question: Question) -> Answer:
    """Feedback, a page at a time."""
    data = query(
        q=given.query,
        channel=given.channel,
        status=given.status,
        tag=number_of(Tag, given.tag, "tag"),
        customer=_id(given.customer_id, "customer_id"),
        account=_id(given.account_id, "account_id"),
    )
    filters = DocumentFilter(data, Document.objects.visible_to(question.key))
    refuse(filters.errors, q="query", customer="customer_id", account="account_id")
    sort = listing.sort_of(given.sort)
    cursor = placed(Document.objects.all(), sort, given.cursor)
    found = listing.find(
        filters.listed(), filters.conditions(now=question.now), sort, cursor, shape=shaped, size=given.limit
    )
    rows = rows_of(found.page.rows, question)
    return Answer({"items": rows, "next": found.page.next}, found={"documents": len(rows)})


def get_document(given: GetDocument, question: Question) -> Answer:
    """One document. Raises Fault where there is none that the key may see."""
    visible = Document.objects.visible_to(question.key).active()
    found = visible.select_related("customer", "account").filter(pk=given.id).first()
    if found is None:
        raise Fault("There is no such document.")
    found.beginning = found.body[:BEGINNING]  # type: ignore[attr-defined]
    body = rows_of([found], question)[0] | {
        "body": plain_text(found.body, found.body_format)[:MOST_BODY],
        "external_id": found.external_id,
        "author": {name: str(value) for name, value in found.author.items() if value},
        "custom_fields": found.custom_fields,
        "received_at": moment(found.received_at),
    }
    return Answer(body, about=found)


def shaped(documents: Any) -> Any:
    """Only what a row shows."""
    return documents.defer(*LONG).select_related("customer", "account").annotate(beginning=Left("body", BEGINNING))


def rows_of(documents: list[Document], question: Question) -> list[dict[str, Any]]:
    """Each as a row of a list, without a customer whom the key may not see."""
    names = tag_names(documents)
    owners = {one.customer_id for one in documents if one.customer_id}
    seen = set(Customer.objects.visible_to(question.key).filter(pk__in=owners).values_list("pk", flat=True))
    return [
        {
            "id": one.pk,
            "title": one.title,
            "beginning": plain_text(one.beginning, one.body_format)[:SHOWN],  # type: ignore[attr-defined]
            "channel": one.channel,
            "status": one.status,
            "tags": [names[pk] for pk in one.tag_ids if pk in names],
            "customer_id": one.customer_id if one.customer_id in seen else None,
            "customer": str(one.customer) if one.customer_id in seen else None,
            "account_id": one.account_id,
            "account": one.account.name if one.account else None,
            "occurred_at": moment(one.occurred_at),
        }
        for one in documents
    ]


def _id(pk: int | None, called: str) -> int | None:
    if pk is not None and pk > 2**31 - 1:  # the filters' greatest number
        raise Fault(f"{called}: There is none with this number.")
    return pk
