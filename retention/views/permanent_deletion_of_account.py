"""An account permanently deleted by hand, with the choice for customers who belong only there (6.2)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from audit.actor import Actor
from core import htmx
from core.text import fold
from retention import organisations
from retention.models import Purge
from staff.permissions import may, requires

PAGE = "retention/permanent_deletion_of_account.html"


class AccountDeletionForm(forms.Form):
    """What becomes of the people, and the account's name typed."""

    customers = forms.ChoiceField(
        label="Customers who belong only to this account", required=False, initial="keep", widget=forms.RadioSelect,
        choices=[("keep", "Keep them, without an account"), ("delete", "Permanently delete them too")],
    )  # fmt: skip
    documents = forms.ChoiceField(
        label="Feedback of those customers", required=False, initial=Purge.Documents.DELETE, widget=forms.RadioSelect,
        choices=[(Purge.Documents.DELETE, "Delete it too"), (Purge.Documents.ANONYMISE, "Keep it, anonymised")],
    )  # fmt: skip
    name = forms.CharField(label="Type the name to confirm", max_length=400)

    def __init__(self, *args: Any, account: Account, **options: Any) -> None:
        super().__init__(*args, **options)
        self.account = account
        self.fields["name"].label = f"Type “{account.name}” to confirm"
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "dir": "auto"}

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if fold(typed) != fold(self.account.name):
            raise ValidationError(f"Type “{self.account.name}”. Nothing was deleted.", code="differs")
        return typed


@requires("accounts.view", "accounts.purge")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user).readable(), pk=pk)
    found = organisations.preview(account)
    form = AccountDeletionForm(request.POST if request.method == "POST" else None, account=account)
    if found.refusal:
        return _show(request, account, found, form, status=409)
    if request.method == "GET" or not form.is_valid():
        return _show(request, account, found, form, status=200 if request.method == "GET" else 422)
    too = form.cleaned_data["customers"] == "delete" and may(request.user, "customers.purge")
    purge = organisations.start(
        account, actor=Actor.of_staff(request.user), customers=too,
        documents=form.cleaned_data["documents"] or Purge.Documents.DELETE,
    )  # fmt: skip
    return htmx.redirect(request, "retention:receipt", purge.pk)


def _show(
    request: HttpRequest, account: Account, found: organisations.AccountPreview, form: AccountDeletionForm, status: int
) -> HttpResponse:
    context = {
        "account": account,
        "preview": found,
        "form": form,
        "may_delete_them": may(request.user, "customers.purge"),
    }
    return htmx.page(request, PAGE, context, status=status)
