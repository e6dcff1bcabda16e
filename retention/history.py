"""How permanent deletions read in the history."""

from audit.history import verbs

verbs({
    "purge.started": "began the permanent deletion of",
    "customer.purge_claimed": "took up the permanent deletion of customers",
    "customer.purged": "permanently deleted",
    "document.purged": "permanently deleted",
})  # fmt: skip
