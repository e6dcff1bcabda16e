"""A document deleted and restored, and what the page of a deleted one says besides (6.1)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.actor import Actor
from core import htmx
from core.ui import number_text, reading_of
from customers.deleting import NotDeleted, deleted_by
from customers.holding import Held
from customers.views.deleting import Reading, kept
from feedback import deleting
from feedback.models import Document
from staff.navigation import May
from staff.permissions import requires

REFUSED = "customers/refused.html"


@require_POST
@requires("documents.view", "documents.delete")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    document = get_object_or_404(Document.objects.visible_to(request.user).active(), pk=pk)
    try:
        done = deleting.delete(document, actor=Actor.of_staff(request.user))
    except Held as held:
        return _refused(request, document, f"The document was not deleted. {held}")
    except deleting.NotActive:
        raise Http404 from None
    undo_url = reverse("documents:undo_delete", args=[done.entry_id])
    text = f"Deleted “{document.display_title}”. {kept('documents')}"
    return htmx.redirect(request, "documents:list", toast=text, undo_url=undo_url)


@require_POST
@requires("documents.view", "documents.delete")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings the document back; goes on to the page that `next` names, else to its own."""
    document = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)
    try:
        deleting.restore(document, actor=Actor.of_staff(request.user))
    except NotDeleted as why:
        return _refused(request, document, f"The document was not restored: {why}.")
    return htmx.back(request, "documents:detail", pk, toast=f"Restored “{document.display_title}”")


@require_POST
@requires("documents.view", "documents.delete")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Takes back a deletion of one's own, as far as those are still deleted by it."""
    done = deleting.undo(entry_id, actor=Actor.of_staff(request.user))
    if not done.changed:
        raise Http404
    number = len(done.changed)
    text = f"Restored {number_text(number)} document{'' if number == 1 else 's'}"
    return htmx.back(request, "documents:list", toast=text)


def deletion_of(request: HttpRequest, document: Document) -> dict[str, Any]:
    """What the page of a deleted document says besides; there `may` allows reading alone."""
    if document.is_active:
        return {}
    goes_at = deleting.due_at(document)
    return {
        "may": Reading(request.user),
        "may_restore": May(request.user)["documents_delete"],
        "may_purge": May(request.user)["documents_delete"] and May(request.user)["customers_purge"],
        "deleted_by": deleted_by([document.deleted_at], "document.deleted").get(document.deleted_at, ""),
        "goes_at": goes_at,
        "overdue": goes_at and goes_at <= reading_of(request).now,
    }


def _refused(request: HttpRequest, document: Document, text: str) -> HttpResponse:
    back = reverse("documents:detail", args=[document.pk])
    return render(request, REFUSED, {"text": text, "back": back, "back_to": "the document"}, status=409)
