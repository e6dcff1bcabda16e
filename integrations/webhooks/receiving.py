"""One request of the user or account webhook: every record's verdict is written before the sender is told it."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from integrations.deliveries import Verdict, log
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration
from integrations.replaying import replayer
from integrations.webhooks.accounts import take_accounts
from integrations.webhooks.users import take_users

RECORDS_LIMIT = 15
TAKE: dict[str, Callable[..., list[Verdict]]] = {"users": take_users, "accounts": take_accounts}
_CHANGED = {DeliveryRecord.Status.CREATED, DeliveryRecord.Status.UPDATED}


@retrying
def receive(
    records: Sequence[Any], *, operation: str, key: ApiKey, now: datetime | None = None
) -> tuple[Delivery, list[Verdict]]:
    """Takes the records, each by itself: a wrong one stops no other. `operation` is users or accounts.

    Raises IntakeStopped.
    """
    began = time.monotonic()
    [integration] = Integration.objects.select_related("source").filter(source=key.source_id)
    verb = "users.synced" if operation == "users" else "accounts.synced"
    actor = Actor.of_source(integration.source, via="webhook")
    with recorded(actor, verb, integration, now=now) as entry:
        verdicts = TAKE[operation](records, integration=integration, actor=actor, now=entry.at, viewer=key)
        delivery = log(
            verdicts, source=integration.source, key=key, via=Delivery.Via.WEBHOOK, operation=operation, now=entry.at,
            took_ms=int((time.monotonic() - began) * 1000),
        )  # fmt: skip
        changed = sum(one.status in _CHANGED for one in verdicts)
        entry.facts |= {"delivery_id": delivery.pk, "records": len(verdicts), "changed": changed}
        if not changed:
            entry.discard()
    return delivery, verdicts


@replayer(Delivery.Via.WEBHOOK)
def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]:
    """The records of one delivery once more, with the reach of the key that brought them."""
    delivery = records[0].delivery
    actor = Actor.of_source(integration.source, via="webhook")
    bodies = [one.body for one in records]
    return TAKE[delivery.operation](bodies, integration=integration, actor=actor, now=now, viewer=delivery.key)
