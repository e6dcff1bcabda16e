"""The customer's own log (8.4)."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from portal.access import PortalRequest, portal_page
from portal.activity import log_of
from portal.frame import show


@portal_page()
@require_GET
def activity(request: PortalRequest) -> HttpResponse:
    told, page = log_of(request.user, request.customer, request.GET.get("cursor"))
    return show(request, "activity", "activity", told=told, page=page)
