"""Rejected records of bulk calls, once more through the same code (10.8)."""

from datetime import datetime

from api import receiving, reporting, upserting
from api.bulk import Sender
from audit.actor import Actor
from integrations.deliveries import Verdict
from integrations.models import Delivery, DeliveryRecord, Integration
from integrations.replaying import replayer

REPORTS = {
    "usage": reporting.usage_reported,
    "surveys": reporting.answers_reported,
    "deliveries": reporting.deliveries_reported,
}


@replayer(Delivery.Via.API)
def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]:
    source, operation = integration.source, records[0].delivery.operation
    bodies = [record.body for record in records]
    if operation == "customers":
        return upserting.replay(bodies, actor=Actor.of_source(source, via="api", rank="api"), now=now)
    if operation == "documents":
        return receiving.replayed(bodies, Sender(source, Actor.of_source(source, via="api")), now)
    return REPORTS[operation](bodies, Sender(source, Actor.of_source(source, via="api", rank="api")), now)
