from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from core import htmx
from core.ui import number_text
from customers.views.export import Answer, of_selection
from customers.views.selecting import BulkPages
from feedback import exporting, tagging
from feedback.bulk import DOCUMENTS
from feedback.listing import sort_of
from feedback.models import DocumentEdit
from staff.permissions import requires

PAGES = BulkPages(
    DOCUMENTS, DocumentEdit, "documents:list", "documents:bulk_edit", "documents:undo_bulk", "documents:undo_delete",
    "documents-changed",
)  # fmt: skip


@require_POST
@requires("documents.view", "documents.edit")
def act(request: HttpRequest) -> HttpResponse:
    """Changes the selected documents: at once when a page holds them, otherwise in the background."""
    return PAGES.act(request)


@require_POST
@requires("documents.view", "exports.run")
def export(request: HttpRequest) -> Answer:
    """The selected documents, or all that the list shows, as CSV."""
    return of_selection(request, DOCUMENTS, exporting.stream, sort_of, "documents.exported")


@require_POST
@requires("documents.view", "documents.edit")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Takes back a tag that `act` put on or took off at once."""
    try:
        tag, done = tagging.undo(entry_id, actor=Actor.of_staff(request.user))
    except tagging.NothingToUndo:
        raise Http404 from None
    number = f"{number_text(done.number)} document{'' if done.number == 1 else 's'}"
    return htmx.back(request, "documents:list", toast=f"Undone: tag “{tag.name}” on {number}.")


@requires("documents.view", "documents.edit")
@require_http_methods(["GET", "POST"])
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a bulk edit is, and what it left out; POST stops it."""
    return PAGES.progress(request, pk)
