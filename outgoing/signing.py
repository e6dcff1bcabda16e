"""Signatures and bodies as Standard Webhooks wants them (contracts 7)."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from core.json import dumps
from outgoing.models import Delivery, Endpoint


def body_of(delivery: Delivery) -> bytes:
    """What is sent of it: ids alone, so that nothing of a person who was deleted meanwhile can leave the house."""
    data: dict[str, Any] = {}
    if delivery.subject:
        data = {"object": delivery.subject, "id": delivery.subject_id, **delivery.facts}
        if delivery.event != "customer.purged":
            data["url"] = f"/api/v1/{delivery.subject}s/{delivery.subject_id}"
    at = delivery.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dumps({"type": delivery.event, "timestamp": at, "data": data}).encode()


def headers_of(delivery: Delivery, endpoint: Endpoint, body: bytes, now: datetime) -> dict[str, str]:
    timestamp = int(now.timestamp())
    signed = f"{delivery.webhook_id}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json",
        "user-agent": "Roster-Webhooks/1",
        "webhook-id": delivery.webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, signed) for secret in endpoint.secrets_at(now)),
    }


def signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
