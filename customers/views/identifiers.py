"""A customer's contact details: added, corrected, removed, made primary."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from customers import editing, undoing
from customers.creating import Taken
from customers.forms import IdentifierForm
from customers.models import Customer, Identifier
from customers.suppressing import Suppressed
from customers.views.profile import Opened, customer_for, done, show, url_of
from staff.permissions import requires

PART = "contact-details"
Kind = Identifier.Kind


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    customer = customer_for(request, pk)
    if request.method == "GET":
        return _show(request, customer, "identifier", IdentifierForm(initial={"kind": Kind.EMAIL}))
    form = IdentifierForm(request.POST)
    if not form.is_valid():
        return _show(request, customer, "identifier", form, status=422)
    kind, value = form.cleaned_data["kind"], form.cleaned_data["value"]
    try:
        row = editing.add_identifier(customer, kind, value, actor=Actor.of_staff(request.user))
    except Taken as taken:
        return _taken(request, customer, "identifier", form, taken)
    except Suppressed as refused:
        form.add_error("value", refused.text)
        return _show(request, customer, "identifier", form, status=409)
    except editing.NotActive:
        raise Http404 from None
    return done(request, customer, f"{row.get_kind_display()} added", part=PART, focus=f"edit-identifier-{row.pk}")


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int, identifier_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    row = get_object_or_404(customer.identifiers, pk=identifier_id)
    slot = f"identifier-{row.pk}"
    if request.method == "GET":
        return _show(request, customer, slot, _form_of(row))
    form = IdentifierForm(request.POST, kind=row.kind)
    if not form.is_valid():
        return _show(request, customer, slot, form, status=422)
    value, was = form.cleaned_data["value"], form.cleaned_data["was"] or None
    try:
        editing.change_identifier(row, value, actor=Actor.of_staff(request.user), expecting=was)
    except Taken as taken:
        return _taken(request, customer, slot, form, taken)
    except Suppressed as refused:
        form.add_error("value", refused.text)
        return _show(request, customer, slot, form, status=409)
    except editing.Stale:
        row.refresh_from_db()
        newer = IdentifierForm({"value": value, "was": row.value}, kind=row.kind)
        opened = Opened(slot, newer, theirs=row.value, mine=value)
        return show(request, customer, opened=opened, status=409)
    except (editing.NotActive, Identifier.DoesNotExist):
        raise Http404 from None
    return done(request, customer, f"{row.get_kind_display()} saved", part=PART, focus=f"edit-{slot}")


@requires("customers.view", "customers.edit")
@require_POST
def remove(request: HttpRequest, pk: int, identifier_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    row = get_object_or_404(customer.identifiers, pk=identifier_id)
    editing.remove_identifier(row, actor=Actor.of_staff(request.user))
    undo_url = reverse("customers:restore_identifier", args=[pk, identifier_id])
    return done(request, customer, f"Removed {row.value}", part=PART, focus="add-identifier", undo_url=undo_url)


@requires("customers.view", "customers.edit")
@require_POST
def restore(request: HttpRequest, pk: int, identifier_id: int) -> HttpResponse:
    """Undoes `remove`."""
    customer = customer_for(request, pk)
    try:
        row = undoing.restore_identifier(customer, identifier_id, actor=Actor.of_staff(request.user))
        text = f"{row.value} is back"
    except undoing.NothingToUndo:
        raise Http404 from None
    except Taken as taken:
        text = f"{taken.identity.value} belongs to {taken.customer.display_name} by now, so it stays removed"
        if is_hidden(taken.customer, request.user):
            text = f"{taken_text(taken, request.user)} It stays removed"
    except Suppressed as refused:
        text = refused.text
    return done(request, customer, text, part=PART)


@requires("customers.view", "customers.edit")
@require_POST
def make_primary(request: HttpRequest, pk: int, identifier_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    row = get_object_or_404(customer.identifiers, pk=identifier_id, kind__in=Identifier.RANKED)
    editing.make_primary(row, actor=Actor.of_staff(request.user))
    text = f"{row.value} is the primary {row.get_kind_display().lower()}"
    return done(request, customer, text, part=PART, focus=f"edit-identifier-{row.pk}")


def _form_of(row: Identifier) -> IdentifierForm:
    return IdentifierForm(initial={"value": row.value, "was": row.value}, kind=row.kind)


def _show(request: HttpRequest, customer: Customer, slot: str, form: IdentifierForm, status: int = 200) -> HttpResponse:
    return show(request, customer, opened=Opened(slot, form), status=status)


def _taken(request: HttpRequest, customer: Customer, slot: str, form: IdentifierForm, taken: Taken) -> HttpResponse:
    """Somebody else has it: said with a link to them; 409 when that is a deleted customer."""
    form.add_error("value", taken_text(taken, request.user))
    here = taken.customer.is_active or is_hidden(taken.customer, request.user)
    return _show(request, customer, slot, form, status=422 if here else 409)


def is_hidden(owner: Customer, viewer: Any) -> bool:
    """Whether this is somebody whom `viewer` may not see."""
    return not Customer.objects.visible_to(viewer).filter(pk=owner.pk).exists()


def taken_text(taken: Taken, viewer: Any) -> str:
    """Whose the identifier is, with the way there; of somebody who is not visible, that it cannot be used (3.5)."""
    owner, kind = taken.customer, Kind(taken.identity.kind).label
    kind = kind.lower() if kind in {"Email", "Phone", "Handle"} else kind
    if is_hidden(owner, viewer):
        return f"This {kind} cannot be used here; ask an admin."
    if not owner.is_active:
        words = 'This {} belongs to <a href="{}">customer {}</a>, who is deleted.'
        return format_html(words, kind, url_of(owner), owner.pk)
    return format_html('{} already uses this {}. <a href="{}">Open</a>', owner.display_name, kind, url_of(owner))
