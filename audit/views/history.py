from django.http import Http404, HttpRequest, HttpResponse

from audit.history import LOADERS
from audit.reading import history_of
from core.htmx import page
from staff.permissions import requires

SUBJECTS = ("customer", "document", "account")


@requires("customers.view", "documents.view")
def history(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Who changed what about one customer, document or account: a page, and the panel of that subject's own page."""
    if kind not in SUBJECTS or kind not in LOADERS or pk >= 2**63:
        raise Http404
    subject = LOADERS[kind]({pk}, request.user).get(pk)
    if subject is None:
        raise Http404
    past = history_of(kind, pk, request.user, cursor=request.GET.get("before", ""))
    context = {"kind": kind, "pk": pk, "subject": subject, "past": past}
    return page(request, "audit/history.html", context, partials=("history", "history-older"))
