import hashlib
from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse

from core import clock
from core.assets import COMMENT
from integrations import widget as package
from integrations.answers import Refused, answer, object_of
from integrations.doors import body_within, door, heard, integration_by
from integrations.models import Delivery, Integration
from integrations.taking import logging_refusals, take
from integrations.widget.claiming import BODY_BYTES, allowing, is_trapped, said, slow_down

KEPT_SECONDS = 3600


@door("POST", "OPTIONS")
def widget(request: HttpRequest, site_key: str) -> HttpResponse:
    """Feedback from a page of an allowed origin. What it says of identity is a claim, and the answer tells nothing
    about who is known here: not whether there is such a customer, nor that somebody was deleted."""
    integration = integration_by(site_key=site_key)
    headers = allowing(request, integration)
    if request.method == "OPTIONS":
        may = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Content-Type"}
        return HttpResponse(status=204, headers={**headers, **may, "Access-Control-Max-Age": "600"})
    try:
        response = _taken(request, integration)
    except Refused as refused:
        refused.headers |= headers
        raise
    for name, value in headers.items():
        response[name] = value
    return response


def _taken(request: HttpRequest, integration: Integration) -> HttpResponse:
    slow_down(request, integration)
    with logging_refusals(integration.source, Delivery.Via.WIDGET):
        if request.content_type != "application/json":  # what asks the browser to ask us first
            raise Refused(415, "not_json", "Send the body as application/json.")
        data = object_of(body_within(request, BODY_BYTES))
    if is_trapped(data):
        return answer({"id": None, "status": "created", "customer_id": None}, 202)  # as if: nobody learns to do better
    heard(integration.source, clock.now())
    received, delivery = take(said(data), source=integration.source, via=Delivery.Via.WIDGET, verified=False)
    status = "unchanged" if received.status == "unchanged" else "created"
    body = {"id": received.document.pk, "status": status, "customer_id": None, "reference": delivery.reference}
    return answer(body, 202)


@door("GET", "HEAD")
def script(request: HttpRequest) -> HttpResponse:
    """The form as one script. It is the same for everybody: which site it is for stands in its own address."""
    integration_by(site_key=request.GET.get("key") or "-")
    text, tag = _script()
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={KEPT_SECONDS}",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if tag in {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers=headers)


@lru_cache(maxsize=1)
def _script() -> tuple[str, str]:
    """The script without comments and indentation, and its ETag."""
    source = (Path(package.__file__).parent / "form.js").read_text(encoding="utf-8")
    lines = (line.strip() for line in COMMENT.sub("", source).splitlines())
    text = "\n".join(line for line in lines if line) + "\n"
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
