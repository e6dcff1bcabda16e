"""What tests of the doors of the feedback intake share."""

from typing import Any

import pytest

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core import clock
from customers.identifying import identity
from customers.suppressing import suppress
from integrations import configuring
from integrations.models import Delivery, DeliveryRecord, Integration

ADMIN = Actor.of_system("page")


def an_integration(name: str = "Inbox", **more: Any) -> Integration:
    source = Source.objects.create(kind="feedback", name=name)
    return Integration.objects.create(source=source, **more)


def an_inbox(integration: Integration) -> str:
    return f"/intake/email/{configuring.issue_inbox(integration, actor=ADMIN)}"


def permanently_deleted(kind: str, value: str) -> None:
    with recorded(ADMIN, "customer.purged"):
        suppress([identity(kind, value)], clock.now())


def last_delivery() -> tuple[Delivery, DeliveryRecord | None]:
    delivery = Delivery.objects.order_by("-pk")[0]
    return delivery, delivery.records.first()


integration = pytest.fixture(an_integration)
