"""Every call of the API, in the order of its reference."""

from api import replaying  # noqa: F401  (importing registers it)
from api.rest import api, patterns
from api.views import (  # noqa: F401
    account_writing,
    accounts,
    catalogue,
    customer_writing,
    customers,
    document_writing,
    documents,
    merging,
    reports,
)

for one in (customers, documents, accounts, catalogue, reports):
    api.add_router("", one.router)

__all__ = ["api", "patterns"]
