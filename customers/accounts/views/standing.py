"""An account deleted, restored, held; and what the pages of a deleted one say (6.1, 6.4)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import holding
from accounts.models import Account
from audit.actor import Actor
from core import htmx
from core.addresses import address
from core.paging import capped_count
from core.ui import number_text, reading_of
from customers.accounts import deleting
from customers.accounts.forms import HoldForm
from customers.deleting import NotDeleted, deleted_by
from customers.editing import NotActive
from customers.holding import Held
from customers.views.deleting import Reading, kept
from staff.navigation import May
from staff.permissions import requires

REFUSED = "customers/refused.html"


class DeleteForm(forms.Form):
    customers = forms.ChoiceField(
        label="Customers who belong only to this account", required=False, initial="keep", widget=forms.RadioSelect,
        choices=[("keep", "Keep them, without an account"), ("delete", "Delete them too; Restore brings them back")],
    )  # fmt: skip


@requires("accounts.view", "accounts.delete")
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks what becomes of those who belong only there, and deletes the account. Its toast undoes it."""
    account = get_object_or_404(Account.objects.visible_to(request.user).active(), pk=pk)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return _ask(request, account, form, status=200 if request.method == "GET" else 422)
    too = form.cleaned_data["customers"] == "delete"
    if too and "customers.delete" not in May(request.user).held:
        form.add_error("customers", "You may not delete customers.")
        return _ask(request, account, form, status=422)
    try:
        done = deleting.delete(account, customers=too, actor=Actor.of_staff(request.user))
    except Held as held:
        return _refused(request, account, f"{account.name} was not deleted. {held}")
    except NotActive:
        raise Http404 from None
    undo_url = reverse("accounts:undo_delete", args=[done.entry_id])
    text = f"Deleted {account.name}. {kept('accounts')}"
    return htmx.redirect(request, "accounts:list", toast=text, undo_url=undo_url)


@require_POST
@requires("accounts.view", "accounts.delete")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings the account back, with whoever went with it; goes on to the page that `next` names, else to its own."""
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    try:
        deleting.restore(account, actor=Actor.of_staff(request.user))
    except NotDeleted as why:
        return _refused(request, account, f"{account.name} was not restored: {why}.")
    return htmx.back(request, "accounts:detail", pk, toast=f"Restored {account.name}")


@require_POST
@requires("accounts.view", "accounts.delete")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Takes back a deletion of one's own, as far as those are still deleted by it."""
    done = deleting.undo(entry_id, actor=Actor.of_staff(request.user))
    if not done.changed:
        raise Http404
    number = len(done.changed)
    named = Account.objects.get(pk=done.changed[0]).name if number == 1 else f"{number_text(number)} accounts"
    return htmx.back(request, "accounts:list", toast=f"Restored {named}")


@requires("accounts.view", "holds.manage")
@require_http_methods(["GET", "POST"])
def legal_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Sets a hold where there is none, otherwise lifts it; `held` in the form says which of both was meant."""
    account = get_object_or_404(Account.objects.visible_to(request.user).readable(), pk=pk)
    if request.method == "GET":
        return _hold(request, account, HoldForm())
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _hold(request, account, form, status=422)
    lifting = request.POST.get("held") == "yes"
    command = holding.lift if lifting else holding.hold
    try:
        command(account, form.cleaned_data["reason"], actor=Actor.of_staff(request.user))
    except ValidationError as error:
        form.add_error("reason", error)
        return _hold(request, account, form, status=422)
    except holding.NotThere:
        raise Http404 from None
    text = "Legal hold lifted" if lifting else f"{account.name} is on legal hold"
    return htmx.redirect(request, "accounts:detail", pk, toast=text)


def facts_of(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What the pages of a deleted account say besides; there `may` allows reading alone."""
    if account.is_active:
        return {}
    held, due = May(request.user), deleting.due_at(account)
    return {
        "may": Reading(request.user),
        "may_restore": held["accounts_delete"],
        "may_hold": held["holds_manage"],
        "deleted_by": deleted_by([account.deleted_at], "account.deleted").get(account.deleted_at, ""),
        "due_at": due,
        "overdue": due and due <= reading_of(request).now,
        "purge_url": address("retention:permanent_deletion_of_account", account.pk)
        if "accounts.purge" in held.held
        else "",
    }


def _ask(request: HttpRequest, account: Account, form: DeleteForm, status: int = 200) -> HttpResponse:
    context = {
        "account": account,
        "form": form,
        "only_here": capped_count(deleting.only_in([account.pk])),
        "may_delete_them": May(request.user)["customers_delete"],
        "kept": kept("accounts"),
    }
    return htmx.page(request, "accounts/delete.html", context, partials=("dialog",), status=status)


def _hold(request: HttpRequest, account: Account, form: HoldForm, status: int = 200) -> HttpResponse:
    context = {"account": account, "form": form}
    return htmx.page(request, "accounts/legal_hold.html", context, partials=("dialog",), status=status)


def _refused(request: HttpRequest, account: Account, text: str) -> HttpResponse:
    context = {"text": text, "back": reverse("accounts:detail", args=[account.pk]), "back_to": account.name}
    return render(request, REFUSED, context, status=409)
