from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from core import clock
from integrations.answers import Refused, body_of, endpoint, object_of
from integrations.configuring import inbox_hash
from integrations.doors import body_within, door, heard, integration_by, within
from integrations.mail.reading import read
from integrations.models import ApiKey, Delivery
from integrations.signing import TOLERANCE, is_signed, signer
from integrations.taking import answer_to, logging_refusals, take
from staff.permissions import by_key

MESSAGES = ("message/rfc822", "application/octet-stream")


@by_key
@csrf_exempt
def feedback(request: HttpRequest) -> HttpResponseBase:
    """One document from another system: 202 once it is stored, whether new, changed or known already (contracts 6).

    Its key comes as Bearer, or the request is signed with a secret of the integration (5.6).
    """
    return _signed(request) if is_signed(request) else _by_key(request)


@endpoint(ApiKey.Kind.FEEDBACK)
def _by_key(request: HttpRequest, key: ApiKey, *, reference: str) -> HttpResponse:
    with logging_refusals(key.source, Delivery.Via.INTAKE, key):
        data = body_of(request)
    return answer_to(*take(data, source=key.source, via=Delivery.Via.INTAKE, key=key))


@door("POST")
def _signed(request: HttpRequest) -> HttpResponse:
    """The same id again within the time that a signature holds changes nothing, also what was changed meanwhile."""
    now = clock.now()
    raw = body_within(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    integration = signer(request, raw, now)
    within(f"signed:{integration.pk}", settings.RATE_LIMIT_PER_MINUTE)
    heard(integration.source, now)
    place = f"webhook:{integration.pk}:{request.headers['webhook-id']}"
    if known := cache.get(place):
        return HttpResponse(known, status=202, content_type="application/json")
    with logging_refusals(integration.source, Delivery.Via.INTAKE):
        if request.content_type != "application/json":
            raise Refused(415, "not_json", "Send the body as application/json.")
        data = object_of(raw)
    if data.get("external_id") is None:
        data["external_id"] = request.headers["webhook-id"]
    response = answer_to(*take(data, source=integration.source, via=Delivery.Via.INTAKE))
    cache.set(place, response.content, timeout=int(2 * TOLERANCE.total_seconds()))
    return response


@door("POST")
def email(request: HttpRequest, secret: str) -> HttpResponse:
    """A raw message from a mail server, which knows the secret of the address (contracts 6)."""
    now = clock.now()
    integration = integration_by(inbox_hash=inbox_hash(secret))
    within(f"email:{integration.pk}", settings.RATE_LIMIT_PER_MINUTE)
    with logging_refusals(integration.source, Delivery.Via.EMAIL):
        if request.content_type not in MESSAGES:
            raise Refused(415, "not_a_message", "Send the message as it stands, as message/rfc822.")
        raw = body_within(request, settings.EMAIL_INTAKE_MAX_BYTES)
        if not raw.strip():
            raise Refused(400, "malformed", "The message is empty.")
    heard(integration.source, now)
    return answer_to(*take(read(raw, now), source=integration.source, via=Delivery.Via.EMAIL))
