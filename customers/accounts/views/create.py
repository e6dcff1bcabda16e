"""A new organisation with its owner, who can sign in to the portal from then on (3.2)."""

from typing import cast

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from audit.actor import Actor
from core import htmx
from core.text import fold
from customers.accounts import adding
from customers.accounts.forms import OrganisationForm
from customers.creating import Taken
from customers.logins import find_login
from customers.models import Customer
from customers.suppressing import IntakeStopped, Suppressed
from customers.views.identifiers import is_hidden, taken_text
from staff.inviting import invite
from staff.models import User
from staff.permissions import requires

PAGE = "accounts/create.html"


@requires("accounts.view", "accounts.edit", "customers.edit")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _show(request, OrganisationForm(initial={"way": "invite"}))
    form = OrganisationForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    data = form.cleaned_data
    login = None
    if find_login(data["email"].value) is None:
        if not form.require_login():
            return _show(request, form, status=422)
        login = data["full_name"], make_password(form.chosen_password)
    same = _same_name(request, data["organisation"])
    if same and data["anyway"] != data["organisation"]:
        return _show(request, form, same=same, status=422)
    try:
        added = adding.add_organisation(
            name=data["organisation"], external_id=data["external_id"], email=data["email"], login=login,
            actor=Actor.of_staff(request.user), viewer=request.user,
        )  # fmt: skip
    except adding.LoginNeeded:
        form.add_error("full_name", "Enter the owner’s full name: their login was taken away meanwhile.")
        return _show(request, form, status=422)
    except Taken as taken:
        hidden = is_hidden(taken.customer, request.user)
        form.add_error("email", taken_text(taken, request.user))
        return _show(request, form, status=409, deleted=None if hidden else taken.customer)
    except IntakeStopped as stopped:
        form.add_error(None, str(stopped))
        return _show(request, form, status=503)
    except Suppressed as refused:
        form.add_error("email", refused.text)
        return _show(request, form, status=409)
    except ValidationError as error:
        _refuse(form, error)
        return _show(request, form, status=422)
    text = f"Added {added.account.name}"
    if added.login_is_new and form.chosen_password is None:
        invite(added.login.user, base_url=request.build_absolute_uri("/"), inviter=cast(User, request.user))
        text = f"{text}. {added.login.user.email} gets an invitation"
    elif not added.login_is_new:
        text = f"{text}. {added.customer.display_name} signs in as before"
    return htmx.redirect(request, "accounts:detail", added.account.pk, toast=text)


def _refuse(form: OrganisationForm, error: ValidationError) -> None:
    """Puts what the command said beside its field."""
    if hasattr(error, "error_dict"):
        for name, texts in error.message_dict.items():
            form.add_error(name if name in form.fields else None, texts)
    else:
        form.add_error("organisation" if error.code in {"invalid_name", "required"} else "email", error.messages)


def _same_name(request: HttpRequest, name: str) -> list[Account]:
    """Accounts that are called the same, as far as this colleague may see them."""
    return list(Account.objects.visible_to(request.user).active().filter(sort_name=fold(name)[:300])[:3])


def _show(
    request: HttpRequest, form: OrganisationForm, status: int = 200, *, same: list[Account] | None = None,
    deleted: Customer | None = None,
) -> HttpResponse:  # fmt: skip
    """`same` are accounts with the same name, to be warned of; `deleted` is whose email it is, to be restored."""
    context = {"form": form, "same": same or [], "deleted": deleted}
    return htmx.page(request, PAGE, context, partials=("dialog",), status=status)
