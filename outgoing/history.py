"""How changes of endpoints read."""

from typing import Any

from audit.history import Named, Wording, address, names, verbs, words
from outgoing.models import Endpoint


def load_endpoints(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Endpoint.objects.filter(pk__in=ids).values_list("pk", "name")
    return {pk: Named(name, address("outgoing:detail", pk)) for pk, name in found}


words("outgoing_endpoint", Wording(thing="webhook", kind="endpoint", labels={"paused_at": "Paused"}))
names("endpoint", load_endpoints)
verbs(
    {
        "webhook.added": "added the webhook", "webhook.edited": "edited the webhook",
        "webhook.rotated": "gave a new secret to the webhook", "webhook.paused": "paused the webhook",
        "webhook.resumed": "resumed the webhook", "webhook.tested": "tested the webhook",
        "webhook.replayed": "sent again through the webhook", "webhook.deleted": "deleted the webhook",
    }
)  # fmt: skip
