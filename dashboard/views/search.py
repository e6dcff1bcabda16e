from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_safe

from core.htmx import page
from core.ui import capped_text
from dashboard import searching
from feedback.rows import rows_of
from staff.permissions import requires

ROWS = 5  # of each kind, so that people and feedback fit on one screen
ACCOUNTS = 20


@requires("search.view", "customers.view", "documents.view")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The first people, feedback and accounts that match one search (11.2)."""
    text = request.GET.get("q", "")
    results = searching.search(text, request.user, people=ROWS, feedback=ROWS, accounts=ACCOUNTS)
    context = {"q": text, "results": results, "documents": rows_of(request, results.feedback, text)}
    status = 422 if results.fault else 200
    return page(request, "dashboard/search.html", context, partials=("results",), status=status)


@requires("search.view", "customers.view", "documents.view")
@require_GET
def count(request: HttpRequest, kind: str) -> HttpResponse:
    """How many people match, or how much feedback, after the first are on the screen: it takes longer than they do."""
    if kind not in ("people", "feedback"):
        raise Http404
    try:
        number = searching.number_of(kind, request.GET.get("q", ""), request.user)
    except ValidationError:
        return HttpResponse(status=422)
    return HttpResponse(capped_text(number))
