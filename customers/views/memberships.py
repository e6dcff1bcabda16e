"""A customer's accounts: joined, left, and the attributes of each membership (2.4)."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from audit.actor import Actor
from core import htmx
from core.text import problem
from customers import joining
from customers.forms import AccountForm, NewPropertyForm, ValuesForm, initial_values
from customers.models import Customer, Membership
from customers.models.customer import NAME_LIMIT
from customers.views.profile import Opened, as_shown, customer_for, done, show
from properties.models import Definition
from staff.permissions import requires

PART = "accounts"
MEMBERSHIP = Definition.Subject.MEMBERSHIP
SUGGESTED = 8
ROLES = {"member": "No contact", "contact": "Contact", "key_contact": "Key contact"}


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    customer = customer_for(request, pk)
    if request.method == "GET":
        return show(request, customer, opened=Opened("account", AccountForm(viewer=request.user)))
    form = AccountForm(request.POST, viewer=request.user)
    if form.is_valid():
        try:
            membership = joining.join(customer, form.cleaned_data["found"], actor=Actor.of_staff(request.user))
        except ValidationError as error:
            form.add_error("name", error)
        else:
            return _done(request, customer, f"{membership.account.name} added", focus=f"membership-{membership.pk}")
    return show(request, customer, opened=Opened("account", form), status=422)


@requires("customers.view")
@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    """Accounts whose name holds what is typed in `name` or `company`."""
    typed = request.GET.get("name") or request.GET.get("company") or ""
    typed = "" if problem(typed, limit=NAME_LIMIT) else typed.strip()
    found = Account.objects.visible_to(request.user).active().search(typed).order_by("sort_name", "pk")
    accounts = found[:SUGGESTED] if typed else []
    return htmx.page(request, "customers/account_suggestions.html", {"accounts": accounts})


@requires("customers.view", "customers.edit")
@require_POST
def remove(request: HttpRequest, pk: int, membership_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    membership = _membership_for(request, customer, membership_id)
    joining.leave(membership, actor=Actor.of_staff(request.user))
    if not Customer.objects.visible_to(request.user).filter(pk=pk).exists():
        toast = f"Removed from {membership.account.name}. You do not see {customer.display_name} any more."
        return htmx.redirect(request, "customers:list", toast=toast)
    return _done(request, customer, f"Removed from {membership.account.name}", focus="add-account")


@requires("customers.view", "customers.edit")
@require_POST
def make_primary(request: HttpRequest, pk: int, membership_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    membership = _membership_for(request, customer, membership_id)
    joining.make_primary_account(membership, actor=Actor.of_staff(request.user))
    return _done(
        request, customer, f"{membership.account.name} is the primary account", focus=f"membership-{membership_id}"
    )


@requires("customers.view", "customers.edit")
@require_POST
def set_contact(request: HttpRequest, pk: int, membership_id: int) -> HttpResponse:
    """`role` is member, contact or key_contact."""
    customer = customer_for(request, pk)
    membership = _membership_for(request, customer, membership_id)
    role = request.POST.get("role", "")
    if role not in ROLES:
        return HttpResponse("Say role=member, contact or key_contact.", status=422, content_type="text/plain")
    joining.set_contact(
        membership, contact=role == "contact", key_contact=role == "key_contact", actor=Actor.of_staff(request.user)
    )
    toggled = "key_contact" if role == "key_contact" or (role == "contact" and membership.key_contact) else "contact"
    told = f"{ROLES[role]} of {membership.account.name}"
    return _done(request, customer, told, focus=f"{toggled}-{membership_id}")


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def add_attribute(request: HttpRequest, pk: int, membership_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    membership = _membership_for(request, customer, membership_id)
    slot = f"membership-{membership.pk}"
    if request.method == "GET":
        return show(request, customer, opened=Opened(slot, NewPropertyForm(subject=MEMBERSHIP)))
    form = NewPropertyForm(request.POST, subject=MEMBERSHIP)
    if not form.is_valid() or form.definition is None:
        return show(request, customer, opened=Opened(slot, form), status=422)
    definition = form.definition
    try:
        joining.set_attribute(
            membership, definition.key, form.cleaned_data["values"], actor=Actor.of_staff(request.user),
            type_=definition.type, expecting=[],
        )  # fmt: skip
    except joining.Changed:
        form.add_error("key", f"This account has {definition.label} already. Edit it instead.")
        return show(request, customer, opened=Opened(slot, form), status=422)
    except Membership.DoesNotExist:
        raise Http404 from None
    return _done(request, customer, f"{definition.label} added", focus=f"edit-{slot}-{definition.key}")


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def attribute(request: HttpRequest, pk: int, membership_id: int, key: str) -> HttpResponse:
    """The values of one attribute; none at all clears it."""
    customer = customer_for(request, pk)
    membership = _membership_for(request, customer, membership_id)
    definition = _definition_for(membership, key)
    slot, held = f"membership-{membership.pk}-{definition.key}", membership.properties.get(definition.key, [])
    if request.method == "GET":
        initial = {"values": initial_values(held), "was": as_shown(held)}
        return show(request, customer, opened=Opened(slot, ValuesForm(definition, initial=initial)))
    form = ValuesForm(definition, request.POST)
    if not form.is_valid():
        return show(request, customer, opened=Opened(slot, form), status=422)
    mine = form.cleaned_data["values"]
    if form.cleaned_data["was"] != as_shown(held):
        return _conflict(request, customer, definition, slot, held, mine)
    try:
        joining.set_attribute(
            membership, definition.key, mine, actor=Actor.of_staff(request.user), expecting=held
        )  # fmt: skip
    except joining.Changed as changed:
        return _conflict(
            request, customer, definition, slot, changed.membership.properties.get(definition.key, []), mine
        )
    except Membership.DoesNotExist:
        raise Http404 from None
    if not mine:
        return _done(request, customer, f"{definition.label} cleared", focus=f"membership-{membership.pk}")
    return _done(request, customer, f"{definition.label} saved", focus=f"edit-{slot}")


@requires("customers.view", "customers.edit")
@require_POST
def clear(request: HttpRequest, pk: int, membership_id: int, key: str) -> HttpResponse:
    """Takes an attribute's values away."""
    customer = customer_for(request, pk)
    membership = _membership_for(request, customer, membership_id)
    definition = _definition_for(membership, key)
    joining.set_attribute(membership, definition.key, [], actor=Actor.of_staff(request.user))
    return _done(request, customer, f"{definition.label} cleared", focus=f"membership-{membership.pk}")


def _membership_for(request: HttpRequest, customer: Customer, membership_id: int) -> Membership:
    visible = Account.objects.visible_to(request.user).active()
    memberships = customer.memberships.filter(account__in=visible).select_related("account", "customer")
    return get_object_or_404(memberships, pk=membership_id)


def _definition_for(membership: Membership, key: str) -> Definition:
    """The definition of an attribute that this membership or any other has."""
    try:
        definition = Definition.objects.expected(key, subject=MEMBERSHIP)
    except ValidationError:
        raise Http404 from None
    if definition.pk is None and key not in membership.properties:
        raise Http404
    return definition


def _conflict(
    request: HttpRequest, customer: Customer, definition: Definition, slot: str, held: list[object], mine: list[str]
) -> HttpResponse:
    form = ValuesForm(definition, {"values": mine, "was": as_shown(held)})
    opened = Opened(slot, form, theirs=", ".join(initial_values(held)), mine=", ".join(mine))
    return show(request, customer, opened=opened, status=409)


def _done(request: HttpRequest, customer: Customer, text: str, *, focus: str) -> HttpResponse:
    return done(request, customer, text, part=PART, focus=focus, company=True)
