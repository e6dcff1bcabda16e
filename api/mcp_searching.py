"""One search over people, feedback and accounts for agents (contracts 5)."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api import mcp_accounts, mcp_customers, mcp_documents
from api.mcp_asking import Answer, Arguments, Question

# scope → what it lets the search find, and through which list
SECTIONS: dict[str, tuple[str, Any, Any]] = {
    "customers:read": ("customers", mcp_customers.list_customers, mcp_customers.ListCustomers),
    "documents:read": ("documents", mcp_documents.list_documents, mcp_documents.ListDocuments),
    "accounts:read": ("accounts", mcp_accounts.list_accounts, mcp_accounts.ListAccounts),
}


class Search(Arguments):
    query: Annotated[str, Field(min_length=1, max_length=300, description="What to look for.")]
    limit: Annotated[int, Field(ge=1, le=20, description="How many of each kind at most.")] = 5


class Results(BaseModel):
    customers: list[mcp_customers.CustomerRow] = Field([], description="Empty also for a key without customers:read.")
    documents: list[mcp_documents.DocumentRow] = Field([], description="Empty also for a key without documents:read.")
    accounts: list[mcp_accounts.AccountRow] = Field([], description="Empty also for a key without accounts:read.")


def search(given: Search, question: Question) -> Answer:
    """The best of each kind that the key may read; nothing for blanks."""
    body: dict[str, Any] = {"customers": [], "documents": [], "accounts": []}
    for scope, (kind, find, arguments) in SECTIONS.items():
        if question.may(scope) and given.query.strip():
            body[kind] = find(arguments(query=given.query, limit=given.limit), question).body["items"]
    return Answer(body, found={kind: len(rows) for kind, rows in body.items()})
