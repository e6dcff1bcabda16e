from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from customers import exporting, listing
from customers.bulk import CUSTOMERS
from customers.selecting import Selection
from staff.models import User
from staff.permissions import requires


@require_POST
@requires("customers.view", "exports.run")
def download(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The selected customers, or all that the list shows, as CSV; first of all the audit log knows of it."""
    now = clock.now()
    try:
        selection = Selection.of(request.POST, CUSTOMERS)
        user = cast(User, request.user)
        customers = selection.rows(user, now)
    except ValidationError as error:
        return _refused(request, error.messages[0])
    sort = listing.sort_of(QueryDict(request.POST.get("query", "")[:5_000]).get("sort", ""))
    facts = {"customers": customers.count(), "all_that_match": selection.query is not None}
    with recorded(Actor.of_staff(user), "customers.exported", now=now, facts=facts):
        pass
    response = StreamingHttpResponse(
        _file(exporting.stream(customers, sort, user)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="customers-{now:%Y-%m-%d}.csv"'
    response["X-Accel-Buffering"] = "no"
    return response


def _file(pieces: "exporting.Iterator[str]") -> "exporting.Iterator[bytes]":
    yield exporting.BYTE_ORDER_MARK.encode()
    for piece in pieces:
        yield piece.encode()


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    return render(request, "customers/refused.html", {"text": text}, status=422)
