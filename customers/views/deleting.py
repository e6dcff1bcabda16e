"""A customer deleted and restored, and the page of one who is deleted: everything to read, nothing to change (6.1)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.actor import Actor
from audit.history import address
from core import htmx, schedules
from core.ui import number_text, reading_of
from customers import deleting
from customers.deleting import NotDeleted, Outcome
from customers.editing import NotActive
from customers.holding import Held
from customers.models import Customer
from staff.navigation import May
from staff.permissions import requires


class Reading(May):
    """What somebody may do to a record that is only there to be read."""

    def __init__(self, user: Any) -> None:
        super().__init__(user)
        self.held = frozenset(one for one in self.held if one.endswith(".view"))


@require_POST
@requires("customers.view", "customers.delete")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes the customer; goes on to the page that `next` names, else to the list. Its toast undoes it."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user).active(), pk=pk)
    try:
        done = deleting.delete(customer, actor=Actor.of_staff(request.user))
    except Held as held:
        return refused(request, f"{customer.display_name} was not deleted. {held}", customer, status=409)
    except NotActive:
        raise Http404 from None
    undo_url = reverse("customers:undo_delete", args=[done.entry_id])
    return htmx.back(request, "customers:list", toast=f"Deleted {customer.display_name}. {kept()}", undo_url=undo_url)


@require_POST
@requires("customers.view", "customers.delete")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings the customer back; goes on to the page that `next` names, else to the profile."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    try:
        deleting.restore(customer, actor=Actor.of_staff(request.user))
    except NotDeleted as why:
        return refused(request, f"{customer.display_name} was not restored: {why}.", customer, status=409)
    return htmx.back(request, "customers:detail", pk, toast=f"Restored {customer.display_name}")


@require_POST
@requires("customers.view", "customers.delete")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Takes back a deletion of one's own, as far as those are still deleted by it."""
    done = deleting.undo(entry_id, actor=Actor.of_staff(request.user))
    if not done.changed:
        raise Http404
    return htmx.back(request, "customers:list", toast=f"Restored {named(done)}")


def named(done: Outcome) -> str:
    """The one customer by name, more by their number."""
    if len(done.changed) == 1:
        return Customer.objects.get(pk=done.changed[0]).display_name
    return f"{number_text(len(done.changed))} customers"


def kept(what: str = "customers") -> str:
    """For how long what is deleted now can be restored."""
    days = schedules.kept_days(what)
    if days is None:
        return "Kept until somebody permanently deletes it."
    return f"Kept for {number_text(days)} day{'' if days == 1 else 's'}."


def refused(request: HttpRequest, text: str, customer: Customer, *, status: int) -> HttpResponse:
    context = {"text": text, "back": reverse("customers:detail", args=[customer.pk]), "back_to": customer.display_name}
    return render(request, "customers/refused.html", context, status=status)


def facts_of(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """What the page of a deleted customer says besides; there `may` allows reading alone."""
    if customer.is_active:
        return {}
    held, due = May(request.user), deleting.due_at(customer)
    authors = deleting.deleted_by([customer.deleted_at])
    return {
        "may": Reading(request.user),
        "may_restore": held["customers_delete"],
        "may_hold": held["holds_manage"],
        "deleted_by": authors.get(customer.deleted_at, ""),
        "due_at": due,
        "overdue": due and due <= reading_of(request).now,
        "purge_url": address("retention:permanent_deletion", customer.pk) if "customers.purge" in held.held else "",
    }
