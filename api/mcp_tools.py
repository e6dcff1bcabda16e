"""The tools of the MCP server: what each takes and gives, and the scope that shows it (contracts 5)."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from api import mcp_accounts, mcp_customers, mcp_documents, mcp_searching
from api.mcp_asking import Answer, Arguments
from api.schemas.customers import CustomerOut
from integrations.models import ApiKey


@dataclass(frozen=True)
class Tool:
    """`scopes`: any one of them is enough. Nothing that a tool does changes a record."""

    title: str
    description: str
    scopes: frozenset[str]
    takes: type[Arguments]
    gives: type[BaseModel]
    call: Callable[..., Answer]


CUSTOMERS, DOCUMENTS, ACCOUNTS = (frozenset({f"{kind}:read"}) for kind in ("customers", "documents", "accounts"))

TOOLS: dict[str, Tool] = {
    "list_customers": Tool(
        "List customers", "Customers by words, channel, tag or segment, a page at a time.", CUSTOMERS,
        mcp_customers.ListCustomers, mcp_customers.Customers, mcp_customers.list_customers,
    ),
    "get_customer": Tool(
        "Get a customer", "One customer by number or email: contact details, properties, accounts, notes.", CUSTOMERS,
        mcp_customers.GetCustomer, CustomerOut, mcp_customers.get_customer,
    ),
    "list_documents": Tool(
        "List feedback", "Feedback (tickets, emails, chats, calls, survey comments) by words and filters, a page at a"
        " time.", DOCUMENTS,
        mcp_documents.ListDocuments, mcp_documents.Documents, mcp_documents.list_documents,
    ),
    "get_document": Tool(
        "Get feedback", "One whole document by number, with its text.", DOCUMENTS,
        mcp_documents.GetDocument, mcp_documents.WholeDocument, mcp_documents.get_document,
    ),
    "list_accounts": Tool(
        "List accounts", "Accounts (organisations) by name or account ID, a page at a time.", ACCOUNTS,
        mcp_accounts.ListAccounts, mcp_accounts.Accounts, mcp_accounts.list_accounts,
    ),
    "get_account": Tool(
        "Get an account", "One account by number: properties and contacts.", ACCOUNTS,
        mcp_accounts.GetAccount, mcp_accounts.WholeAccount, mcp_accounts.get_account,
    ),
    "search": Tool(
        "Search", "Customers, feedback and accounts at once, the first few of each.", CUSTOMERS | DOCUMENTS | ACCOUNTS,
        mcp_searching.Search, mcp_searching.Results, mcp_searching.search,
    ),
}  # fmt: skip


def tools_of(key: ApiKey) -> dict[str, Tool]:
    """Those that the key's scopes show."""
    return {name: tool for name, tool in TOOLS.items() if tool.scopes & set(key.scopes)}
