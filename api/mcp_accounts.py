"""Accounts for agents (contracts 5)."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from accounts.models import Account
from api.mcp_asking import Answer, Arguments, Cursor, Fault, Limit, Number, Question, Words, moment, placed, refuse
from api.mcp_asking import query as query_of
from core.paging import keyset
from customers.accounts import listing
from customers.accounts.filters import AccountsFilter
from customers.models import Customer

CONTACTS = 50


class ListAccounts(Arguments):
    query: Words = Field("", description="Part of a name, or of an account ID.")
    sort: Literal["name", "-name", "created", "-created"] = Field("name", description="The order.")
    limit: Limit = 20
    cursor: Cursor = ""


class GetAccount(Arguments):
    id: Number = Field(description="The account's number.")


class AccountRow(BaseModel):
    id: int
    name: str
    external_id: str | None
    customers: int = Field(description="How many customers belong to it; counted to 1,000.")
    documents: int = Field(description="How much feedback it has; counted to 1,000.")
    created_at: str


class Accounts(BaseModel):
    items: list[AccountRow]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class Contact(BaseModel):
    customer_id: int
    name: str
    key_contact: bool


class WholeAccount(AccountRow):
    properties: dict[str, list[Any]]
    contacts: list[Contact] = Field(description=f"The first {CONTACTS}.")


def list_accounts(given: ListAccounts, question: Question) -> Answer:
    """Accounts, a page at a time."""
    filters = AccountsFilter(query_of(q=given.query), Account.objects.visible_to(question.key))
    refuse(filters.errors, q="query")
    sort = listing.sort_of(given.sort)
    page = keyset(
        filters.matching(now=question.now), sort, placed(Account.objects.all(), sort, given.cursor), given.limit
    )
    rows = rows_of(page.rows)
    return Answer({"items": rows, "next": page.next}, found={"accounts": len(rows)})


def get_account(given: GetAccount, question: Question) -> Answer:
    """One account. Raises Fault where there is none that the key may see."""
    account = Account.objects.visible_to(question.key).active().filter(pk=given.id).first()
    if account is None:
        raise Fault("There is no such account.")
    members = account.memberships.filter(contact=True, customer__state=Customer.State.ACTIVE)
    contacts = members.select_related("customer").order_by("-key_contact", "pk")[:CONTACTS]
    body = rows_of([account])[0] | {
        "properties": account.properties,
        "contacts": [
            {"customer_id": one.customer_id, "name": one.customer.display_name, "key_contact": one.key_contact}
            for one in contacts
        ],
    }
    return Answer(body, about=account)


def rows_of(accounts: list[Account]) -> list[dict[str, Any]]:
    beside = listing.beside(accounts)
    return [
        {
            "id": one.pk,
            "name": one.name,
            "external_id": one.external_id,
            "customers": beside.counts.get(one.pk, (0, 0))[0],
            "documents": beside.counts.get(one.pk, (0, 0))[1],
            "created_at": moment(one.created_at),
        }
        for one in accounts
    ]
