from django.http import HttpRequest, HttpResponse

from core.htmx import page
from dashboard import searching
from feedback.rows import rows_of
from staff.permissions import requires

ROWS = 20


@requires("search.view", "customers.view", "documents.view")
def search(request: HttpRequest) -> HttpResponse:
    """People, feedback and accounts that match one search (11.2)."""
    text = request.GET.get("q", "")
    results = searching.search(text, request.user, people=ROWS, feedback=ROWS, accounts=ROWS)
    context = {"q": text, "results": results, "documents": rows_of(request, results.feedback, text)}
    status = 422 if results.fault else 200
    return page(request, "dashboard/search.html", context, partials=("results",), status=status)
