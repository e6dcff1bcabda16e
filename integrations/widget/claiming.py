"""What a browser may say (contracts 6): a message and who claims to send it; everything else is not its to decide."""

from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from integrations.answers import Refused
from integrations.doors import within
from integrations.models import Integration

BODY_BYTES = 32 * 1024
TRAP = "website"  # a field that people do not see and programs fill in
_SAID = ("external_id", "title", "body", "author", "account_id", "metadata")


def said(data: dict[str, Any]) -> dict[str, Any]:
    """The fields that count. `cf_*` stay on the document: they set no property."""
    kept = {name: value for name, value in data.items() if name in _SAID or name.startswith("cf_")}
    return kept | {"channel": "widget"}


def is_trapped(data: dict[str, Any]) -> bool:
    return bool(data.get(TRAP))


def allowing(request: HttpRequest, integration: Integration) -> dict[str, str]:
    """The headers that let the page read the answer. Raises Refused 403 for a page of another origin."""
    origin = request.headers.get("Origin", "")
    if not origin or origin.lower() not in {one.lower().rstrip("/") for one in integration.allowed_origins}:
        raise Refused(403, "origin_not_allowed", "Pages of this origin may not send feedback here.", Vary="Origin")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def slow_down(request: HttpRequest, integration: Integration) -> None:
    """Raises Refused 429. Addresses are counted by a keyed digest that is forgotten after two minutes."""
    within(f"widget:{integration.pk}", settings.WIDGET_PER_MINUTE)
    address = salted_hmac("widget", get_client_ip(request) or "", algorithm="sha256").hexdigest()
    within(f"widget:{integration.pk}:{address}", settings.WIDGET_PER_ADDRESS)
