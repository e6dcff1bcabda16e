from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.history import JOINED, LOADERS
from audit.reading import history_of
from core.htmx import page
from staff.permissions import requires

SUBJECTS = ("customer", "document", "account")


@requires("customers.view", "documents.view")
@require_safe
def history(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Who changed what about one customer, document or account: a page, and the panel of that subject's own page."""
    if kind not in SUBJECTS or kind not in LOADERS or pk >= 2**63:
        raise Http404
    survivor = JOINED[kind][0](pk, request.user) if kind in JOINED else None
    if survivor:
        return _moved(reverse("audit:history", args=[kind, survivor]))
    subject = LOADERS[kind]({pk}, request.user).get(pk)
    if subject is None:
        raise Http404
    past = history_of(kind, pk, request.user, cursor=request.GET.get("before", ""))
    context = {"kind": kind, "pk": pk, "subject": subject, "past": past}
    return page(request, "audit/history.html", context, partials=("history", "history-older"))


def _moved(url: str) -> HttpResponse:
    """Never stored: an undone merge gives the address back. A page that was open in the old history begins anew."""
    response = HttpResponsePermanentRedirect(url)
    response["Cache-Control"] = "no-store, private"
    return response
