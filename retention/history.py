"""How permanent deletions and retention policies read in the history."""

from typing import Any

from audit.history import Named, Wording, address, names, verbs, words
from retention.models import Policy


def load_policies(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Policy.objects.filter(pk__in=ids)
    return {policy.pk: Named(f"“{policy}”", address("policies:policy", policy.pk)) for policy in found}


words(
    "retention_policy",
    Wording(
        thing="policy", kind="policy",
        labels={"enabled": "On", "keep": "Kept for", "at": "Time of day", "suppress": "Block re-import"},
        values={"documents": dict(Policy.Documents.choices)},
    ),
)  # fmt: skip
names("policy", load_policies)
verbs({
    "purge.started": "began the permanent deletion of",
    "customer.purge_claimed": "took up the permanent deletion of customers",
    "customer.purged": "permanently deleted",
    "document.purged": "permanently deleted",
    "customer.data_exported": "exported all data about",
    "import.forgotten": "deleted the logs of imports",
    "delivery.bodies_forgotten": "deleted what old deliveries held",
    "delivery.forgotten": "deleted old deliveries",
    "usage.forgotten": "deleted old usage events",
    "audit.forgotten": "deleted old entries of the audit log",
    "policy.made": "set up the retention policies",
    "policy.changed": "changed the retention policy",
    "policy.run_started": "ran the retention policy",
    "policy.run_approved": "approved a run of the retention policy",
    "policy.run_cancelled": "cancelled a run of the retention policy",
})  # fmt: skip
