"""Where a customer arrives: their organisations and their latest feedback."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from feedback.models import Document
from portal.access import PortalRequest, portal_page
from portal.frame import show
from portal.views.feedback import own, rows_of

LATEST = 3


@portal_page()
@require_GET
def home(request: PortalRequest) -> HttpResponse:
    latest: list[Document] = list(own(request).order_by("-occurred_at", "-pk")[:LATEST])
    return show(request, "home", "home", rows=rows_of(request, latest))
