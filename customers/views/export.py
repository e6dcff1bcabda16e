"""Lists as files: what somebody selected, or all that a list shows, after the audit log knows of it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from core.exporting import download as file_of
from core.paging import Sort
from customers import exporting, listing
from customers.bulk import CUSTOMERS
from customers.selecting import Kind, Selection
from staff.models import User
from staff.permissions import requires

Answer = HttpResponse | StreamingHttpResponse
Stream = Callable[[QuerySet[Any], Sort, User], Iterator[bytes]]


@require_POST
@requires("customers.view", "exports.run")
def download(request: HttpRequest) -> Answer:
    """The selected customers, or all that the list shows, as CSV."""
    return of_selection(request, CUSTOMERS, exporting.stream, listing.sort_of, "customers.exported")


def of_selection(
    request: HttpRequest, kind: Kind, stream: Stream, sort_of: Callable[[str], Sort], verb: str
) -> Answer:  # fmt: skip
    """The selected rows of a list, or all that it shows, in its order, as a file."""
    now, user = clock.now(), cast(User, request.user)
    try:
        selection = Selection.of(request.POST, kind)
        rows = selection.rows(user, now)
    except ValidationError as error:
        return render(request, "customers/refused.html", {"text": error.messages[0]}, status=422)
    sort = sort_of(QueryDict(request.POST.get("query", "")[:5_000]).get("sort", ""))
    facts = {f"{kind.noun}s": rows.count(), "all_that_match": selection.query is not None}
    return told(user, verb, facts, stream(rows, sort, user), now)


def told(user: User, verb: str, facts: dict[str, Any], pieces: Iterator[bytes], now: datetime) -> Answer:
    """The file, named by what the verb exports; the audit log has it first."""
    with recorded(Actor.of_staff(user), verb, now=now, facts=facts):
        pass
    return file_of(pieces, verb.removesuffix(".exported"), now)
