"""An account's contacts: added by email, made key contact or owner, made neither (3.3)."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from audit.actor import Actor
from core import htmx
from customers import joining
from customers.accounts import adding
from customers.accounts.forms import ContactForm
from customers.accounts.views.page import account_for, contacts_page, context_of, readable_for
from customers.creating import Taken
from customers.editing import NotActive
from customers.models import Customer, Membership
from customers.suppressing import IntakeStopped, Suppressed
from customers.views.identifiers import taken_text
from staff.permissions import requires

PAGE = "accounts/contacts.html"
ROLES = {
    "member": "no contact any more", "contact": "a contact", "key_contact": "a key contact", "owner": "the owner",
    "not_owner": "not the owner any more",
}  # fmt: skip


@requires("accounts.view", "customers.view")
@require_GET
def contacts(request: HttpRequest, pk: int) -> HttpResponse:
    """Contacts and key contacts, nobody else."""
    return _show(request, readable_for(request, pk))


@requires("accounts.view", "accounts.edit", "customers.edit")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    account = account_for(request, pk)
    if request.method == "GET":
        return _show(request, account, form=ContactForm())
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _show(request, account, form=form, status=422)
    data = form.cleaned_data
    known = Customer.objects.filter(identifiers__kind="email", identifiers__normalized=data["email"].normalized)
    was_known = known.exists()
    try:
        membership = adding.add_contact(
            account, email=data["email"], name=data["name"], key_contact=data["key_contact"],
            actor=Actor.of_staff(request.user), viewer=request.user,
        )  # fmt: skip
    except Taken as taken:
        form.add_error("email", taken_text(taken, request.user))
        return _show(request, account, form=form, deleted=taken.customer, status=409)
    except Suppressed as refused:
        form.add_error("email", refused.text)
        return _show(request, account, form=form, status=409)
    except IntakeStopped as stopped:
        form.add_error(None, str(stopped))
        return _show(request, account, form=form, status=503)
    except ValidationError as error:
        form.add_error("email", error.messages)
        return _show(request, account, form=form, status=422)
    except NotActive:
        raise Http404 from None
    name = membership.customer.display_name
    text = (
        f"{name} is a contact of {account.name}" if was_known else f"{name} was added, as a contact of {account.name}"
    )
    return _done(request, account, text, focus=f"contact-{membership.pk}")


@requires("accounts.view", "accounts.edit", "customers.edit")
@require_POST
def role(request: HttpRequest, pk: int, membership_id: int) -> HttpResponse:
    """`role` is member, contact, key_contact, owner or not_owner."""
    account = account_for(request, pk)
    people = Membership.objects.filter(account=account, customer__in=Customer.objects.visible_to(request.user).active())
    membership = get_object_or_404(people.select_related("customer", "account"), pk=membership_id)
    wanted, actor = request.POST.get("role", ""), Actor.of_staff(request.user)
    if wanted not in ROLES:
        text = "Say role=member, contact, key_contact, owner or not_owner."
        return HttpResponse(text, status=422, content_type="text/plain")
    try:
        if wanted == "owner":
            joining.make_owner(membership, actor=actor)
        elif wanted == "not_owner":
            joining.end_ownership(membership, actor=actor)
        else:
            joining.set_contact(
                membership, contact=wanted != "member", key_contact=wanted == "key_contact", actor=actor
            )  # fmt: skip
    except NotActive:
        raise Http404 from None
    text = f"{membership.customer.display_name} is {ROLES[wanted]}"
    focus = "add-contact" if wanted == "member" else f"contact-{membership.pk}"
    return _done(request, account, text, focus=focus)


def _show(
    request: HttpRequest, account: Account, *, form: ContactForm | None = None, focus: str = "",
    deleted: Customer | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The contacts; with the form that adds one while it is open. `deleted` is whose email it is, to be restored."""
    context = context_of(request, account, "contacts")
    context |= {
        "page": contacts_page(context["about"], request.GET.get("cursor")), "form": form, "focus": focus,
        "deleted": deleted,
    }  # fmt: skip
    return htmx.page(request, PAGE, context, partials=("contacts",), status=status)


def _done(request: HttpRequest, account: Account, text: str, *, focus: str) -> HttpResponse:
    if not htmx.wanted(request, ("contacts",)):
        return htmx.redirect(request, "accounts:contacts", account.pk, toast=text)
    response = _show(request, account, focus=focus)
    htmx.announce(response, text)
    return htmx.trigger(response, "account-changed")
