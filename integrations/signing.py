"""Feedback as a signed webhook (5.6): Standard Webhooks, verified with a secret of the integration.

The secret is derived from the installation's own key and the integration, so no table holds it. A new one has another
number; the one before it goes on for a day.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from integrations.answers import Refused
from integrations.issuing import OVERLAP
from integrations.models import Integration

TOLERANCE = timedelta(minutes=5)
TRIED = 50  # integrations with a secret; a signature does not say whose it is
SIGNING = "signing"  # where `Integration.mapping` keeps the number, and since when it holds
_REFUSED = "The signature does not fit. Sign '<webhook-id>.<webhook-timestamp>.<body>' as Standard Webhooks says."


@retrying
def issue_signing_secret(integration: Integration, *, actor: Actor, now: datetime | None = None) -> str:
    """A new `whsec_…` secret, shown once; the one before it works for another day."""
    with recorded(actor, "integration.signing_issued", integration, now=now) as entry:
        locked = Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
        number = locked.mapping.get(SIGNING, {}).get("number", 0) + 1
        locked.mapping[SIGNING] = {"number": number, "since": entry.at.isoformat(), "on": True}
        locked.save(update_fields=["mapping"])
        return "whsec_" + base64.b64encode(_secret(locked, number, settings.SECRET_KEY)).decode()


@retrying
def remove_signing_secret(integration: Integration, *, actor: Actor, now: datetime | None = None) -> None:
    """Refuses signed webhooks from now on."""
    with recorded(actor, "integration.signing_removed", integration, now=now) as entry:
        locked = Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
        if not is_signing(locked):
            entry.discard()
            return
        locked.mapping[SIGNING]["on"] = False
        locked.save(update_fields=["mapping"])


def is_signing(integration: Integration) -> bool:
    return bool(integration.mapping.get(SIGNING, {}).get("on"))


def is_signed(request: HttpRequest) -> bool:
    return "webhook-signature" in request.headers and "authorization" not in request.headers


def signer(request: HttpRequest, raw: bytes, now: datetime) -> Integration:
    """Whose secret signed the request. Raises Refused 401 when nobody's did, or too long ago to be no replay."""
    name, sent = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    if not name or len(name) > 200 or not (sent.isascii() and sent.isdigit() and len(sent) < 13):
        raise Refused(401, "unauthorized", "Send webhook-id and webhook-timestamp with the signature.")
    if abs(now.timestamp() - int(sent)) > TOLERANCE.total_seconds():
        raise Refused(401, "too_old", "webhook-timestamp must be within five minutes of now.")
    signed = f"{name}.{sent}.".encode() + raw
    given = [one for one in map(_signature, request.headers["webhook-signature"].split()[:10]) if one]
    waiting = Integration.objects.filter(
        source__kind=Source.Kind.FEEDBACK, closed_at=None, mapping__signing__on=True
    ).select_related("source")
    for integration in waiting.order_by("pk")[:TRIED]:
        for secret in _secrets(integration, now):
            expected = hmac.digest(secret, signed, hashlib.sha256)
            if any(hmac.compare_digest(expected, one) for one in given):
                return integration
    raise Refused(401, "unauthorized", _REFUSED)


def _signature(text: str) -> bytes | None:
    version, _, value = text.partition(",")
    try:
        return base64.b64decode(value, validate=True) if version == "v1" else None
    except (binascii.Error, ValueError):
        return None


def _secrets(integration: Integration, now: datetime) -> Iterator[bytes]:
    kept = integration.mapping[SIGNING]
    numbers = [kept["number"]]
    if kept["number"] > 1 and now - datetime.fromisoformat(kept["since"]) < OVERLAP:
        numbers.append(kept["number"] - 1)
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield from (_secret(integration, number, key) for number in numbers)


def _secret(integration: Integration, number: int, key: str) -> bytes:
    return hmac.digest(key.encode(), f"feedback signed for {integration.pk}, {number}".encode(), hashlib.sha256)
