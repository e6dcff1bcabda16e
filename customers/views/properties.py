"""A customer's properties: added, edited and removed in place, given back to the syncs (2.7)."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from customers import editing, undoing
from customers.facts import Fact
from customers.forms import NewPropertyForm, ValuesForm, initial_values
from customers.models import Customer
from customers.profile import Profile
from customers.views.profile import Opened, as_shown, customer_for, done, show, unless_changed
from properties.models import Definition
from staff.permissions import requires

SPARE_LIMIT = 20


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """A property the customer does not have yet; a key that nobody has defines itself."""
    customer = customer_for(request, pk)
    if request.method == "GET":
        return _show(request, customer, "property", NewPropertyForm())
    if "more" in request.POST:
        form = NewPropertyForm(initial=typed_values(request), spare=spare_inputs(request))
        return _show(request, customer, "property", form)
    form = NewPropertyForm(request.POST)
    if not form.is_valid() or form.definition is None:
        return _show(request, customer, "property", form, status=422)
    definition, raws = form.definition, form.cleaned_data["values"]
    held = customer.properties.get(definition.key)
    if held:
        form.add_error("key", f"The customer has {definition.label} already. Edit it instead.")
        return _show(request, customer, "property", form, status=422)
    try:
        editing.set_property(
            customer, definition.key, raws, actor=Actor.of_staff(request.user), type_=definition.type
        )  # fmt: skip
    except ValidationError as error:
        form.add_error("values", error)
        return _show(request, customer, "property", form, status=422)
    except editing.NotActive:
        raise Http404 from None
    return _done(request, customer, definition, f"{definition.label} added", focus=f"edit-property-{definition.key}")


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """The values of one property; none at all removes it."""
    customer = customer_for(request, pk)
    definition = _fact(request, customer, key).definition
    slot, held = f"property-{definition.key}", customer.properties.get(definition.key, [])
    shown = {"values": initial_values(held), "version": customer.version, "was": as_shown(held)}
    if request.method == "GET":
        return _show(request, customer, slot, ValuesForm(definition, initial=shown))
    if "more" in request.POST:
        form = ValuesForm(definition, initial=shown | typed_values(request), spare=spare_inputs(request))
        return _show(request, customer, slot, form)
    form = ValuesForm(definition, request.POST)
    if not form.is_valid():
        return _show(request, customer, slot, form, status=422)
    raws = form.cleaned_data["values"]

    def act(version: int | None) -> Customer:
        return editing.set_property(
            customer, definition.key, raws, actor=Actor.of_staff(request.user), version=version
        )  # fmt: skip

    def now_stands(now: Customer) -> str:
        return as_shown(now.properties.get(definition.key))

    try:
        version, was = form.cleaned_data["version"], form.cleaned_data["was"]
        unless_changed(act, version=version, was=was, now_stands=now_stands)
    except editing.Stale as stale:
        return _conflict(request, stale.customer, definition, raws)
    except ValidationError as error:
        form.add_error("values", error)
        return _show(request, customer, slot, form, status=422)
    except editing.NotActive:
        raise Http404 from None
    if not raws:
        return _removed(request, customer, definition)
    return _done(request, customer, definition, f"{definition.label} saved", focus=f"edit-{slot}")


@requires("customers.view", "customers.edit")
@require_POST
def remove(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    customer = customer_for(request, pk)
    definition = _fact(request, customer, key).definition
    editing.set_property(customer, definition.key, [], actor=Actor.of_staff(request.user))
    return _removed(request, customer, definition)


@requires("customers.view", "customers.edit")
@require_POST
def restore(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Undoes the last change of the property."""
    customer = customer_for(request, pk)
    definition = _fact(request, customer, key).definition
    try:
        undoing.restore_property(customer, definition.key, actor=Actor.of_staff(request.user))
    except undoing.NothingToUndo:
        raise Http404 from None
    return _done(request, customer, definition, f"{definition.label} is back", focus=f"edit-property-{definition.key}")


@requires("customers.view", "customers.edit")
@require_POST
def reset(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Gives the property back to the syncs."""
    customer = customer_for(request, pk)
    definition = _fact(request, customer, key).definition
    editing.reset_property(customer, definition.key, actor=Actor.of_staff(request.user))
    text = f"{definition.label} follows the sync again"
    return _done(request, customer, definition, text, focus=f"edit-property-{definition.key}")


def _fact(request: HttpRequest, customer: Customer, key: str) -> Fact:
    fact = Profile(customer, request.user).fact(key)
    if fact is None:
        raise Http404
    return fact


def typed_values(request: HttpRequest) -> dict[str, object]:
    typed: dict[str, object] = {"values": request.POST.getlist("values")}
    return typed | {name: request.POST[name] for name in ("key", "type", "version", "was") if name in request.POST}


def spare_inputs(request: HttpRequest) -> int:
    """How many empty inputs 'Another value' leaves: one more than there were."""
    return min(sum(not text.strip() for text in request.POST.getlist("values")) + 1, SPARE_LIMIT)


def _show(
    request: HttpRequest, customer: Customer, slot: str, form: NewPropertyForm | ValuesForm, status: int = 200
) -> HttpResponse:
    return show(request, customer, opened=Opened(slot, form), status=status)


def _conflict(request: HttpRequest, now: Customer, definition: Definition, mine: list[str]) -> HttpResponse:
    held = now.properties.get(definition.key, [])
    data = {"values": mine, "version": now.version, "was": as_shown(held)}
    form = ValuesForm(definition, data)
    opened = Opened(f"property-{definition.key}", form, theirs=", ".join(initial_values(held)), mine=", ".join(mine))
    return show(request, now, opened=opened, status=409)


def _removed(request: HttpRequest, customer: Customer, definition: Definition) -> HttpResponse:
    undo_url = reverse("customers:restore_property", args=[customer.pk, definition.key])
    return _done(request, customer, definition, f"Removed {definition.label}", focus="add-property", undo_url=undo_url)


def _done(
    request: HttpRequest,
    customer: Customer,
    definition: Definition,
    text: str,
    *,
    focus: str,
    undo_url: str | None = None,
) -> HttpResponse:
    part = "company" if definition.of_company else "properties"
    return done(request, customer, text, part=part, focus=focus, undo_url=undo_url, company=definition.of_company)
