"""The customer's data: a copy of all of it, and its deletion (6.5, 9)."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from audit.recording import recorded
from core.ui import reading_of
from customers import deleting
from customers.deleting import NotDeleted
from customers.editing import NotActive
from customers.holding import Held
from portal import leaving
from portal.access import PortalRequest, actor_of, portal_page
from portal.frame import go, show
from retention.exporting import archive

HELD = "Your data cannot be deleted at present: the law obliges us to keep it for now. Write to us to learn more."


@portal_page()
@require_GET
def data(request: PortalRequest) -> HttpResponse:
    return show(request, "data", "data", kept_days=deleting.kept_days())


@portal_page(leaving=True)
@require_POST
def export(request: PortalRequest) -> HttpResponse:
    """The zip with everything that is kept about them."""
    with recorded(actor_of(request), "customer.data_exported", request.customer):
        content = archive(request.customer)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return response


@portal_page()
@require_POST
def ask_for_deletion(request: PortalRequest) -> HttpResponse:
    """`sure` is the box that they ticked."""
    if request.POST.get("sure") != "yes":
        problem = "Tick the box first, so that nobody deletes their data by accident."
        return show(request, "data", "data", kept_days=deleting.kept_days(), problem=problem, status=422)
    try:
        leaving.ask(request.customer, actor=actor_of(request))
    except Held:
        return show(request, "data", "data", kept_days=deleting.kept_days(), problem=HELD, status=409)
    except NotActive:
        pass  # asked for twice
    return go("leaving")


@portal_page(leaving=True)
@require_GET
def waiting(request: PortalRequest) -> HttpResponse:
    """The one page that is left until the deletion runs."""
    if request.customer.is_active:
        return go("data")
    due = deleting.due_at(request.customer)
    overdue = due is not None and due <= reading_of(request).now
    return show(request, "leaving", "data", places=[], due_at=due, overdue=overdue)


@portal_page(leaving=True)
@require_POST
def cancel(request: PortalRequest) -> HttpResponse:
    try:
        leaving.cancel(request.customer, actor=actor_of(request))
    except NotDeleted:
        messages.info(request, "There is nothing to take back.")
    else:
        messages.success(request, "Welcome back. Nothing was deleted.")
    return go("home")
