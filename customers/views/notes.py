"""What the team notes about a customer for itself: write, edit one's own, pin, delete with Undo."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from customers import noting, undoing
from customers.forms import NoteForm
from customers.views.profile import Opened, customer_for, done, show
from staff.permissions import may, requires

PART = "notes"


@require_http_methods(["GET", "POST"])
@requires("customers.view", post=["customers.edit"])
def notes(request: HttpRequest, pk: int) -> HttpResponse:
    """All notes; POST adds one."""
    customer = customer_for(request, pk)
    if request.method == "GET":
        return show(request, customer, every_note=True, focus="notes-title")
    form = NoteForm(request.POST)
    if not form.is_valid():
        return show(request, customer, opened=Opened("note", form), status=422)
    noting.add_note(customer, form.cleaned_data["body"], actor=Actor.of_staff(request.user))
    return done(request, customer, "Note added", part=PART, focus="note")


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int, note_id: int) -> HttpResponse:
    """One's own note; those of others answer 404."""
    customer = customer_for(request, pk)
    note = get_object_or_404(customer.notes.select_related("customer"), pk=note_id, author=request.user)
    if request.method == "GET":
        return show(request, customer, opened=Opened(f"note-{note.pk}", NoteForm(initial={"body": note.body})))
    form = NoteForm(request.POST)
    if not form.is_valid():
        return show(request, customer, opened=Opened(f"note-{note.pk}", form), status=422)
    noting.edit_note(note, form.cleaned_data["body"], actor=Actor.of_staff(request.user))
    return done(request, customer, "Note saved", part=PART, focus=f"edit-note-{note.pk}")


@requires("customers.view", "customers.edit")
@require_POST
def pin(request: HttpRequest, pk: int, note_id: int) -> HttpResponse:
    """`pinned` is yes or no."""
    customer = customer_for(request, pk)
    note = get_object_or_404(customer.notes.select_related("customer"), pk=note_id)
    pinned = request.POST.get("pinned") == "yes"
    noting.pin_note(note, pinned=pinned, actor=Actor.of_staff(request.user))
    return done(
        request, customer, "Note pinned" if pinned else "Note no longer pinned", part=PART, focus=f"pin-{note.pk}"
    )


@requires("customers.view", "customers.edit")
@require_POST
def delete(request: HttpRequest, pk: int, note_id: int) -> HttpResponse:
    """One's own note; an admin also those of others."""
    customer = customer_for(request, pk)
    note = get_object_or_404(customer.notes.select_related("customer"), pk=note_id)
    if note.author_id != request.user.pk and not may(request.user, "tags.manage"):
        raise Http404
    noting.delete_note(note, actor=Actor.of_staff(request.user))
    undo_url = reverse("customers:restore_note", args=[pk, note_id])
    return done(request, customer, "Note deleted", part=PART, focus="notes-title", undo_url=undo_url)


@requires("customers.view", "customers.edit")
@require_POST
def restore(request: HttpRequest, pk: int, note_id: int) -> HttpResponse:
    """Undoes `delete`."""
    customer = customer_for(request, pk)
    try:
        undoing.restore_note(customer, note_id, actor=Actor.of_staff(request.user))
    except undoing.NothingToUndo:
        raise Http404 from None
    return done(request, customer, "The note is back", part=PART)
