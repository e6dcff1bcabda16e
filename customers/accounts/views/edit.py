"""An account's name, ID and properties: edited in place, never over somebody else's change (2.7, reliability 4)."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import editing
from accounts.editing import NotActive, Stale
from accounts.models import Account
from audit.actor import Actor
from customers.accounts.forms import AccountIdForm, AccountNameForm
from customers.accounts.page import AccountPage
from customers.accounts.views.page import account_for, done, show
from customers.facts import Fact
from customers.forms import NewPropertyForm, ValuesForm, initial_values
from customers.views.profile import Opened, as_shown
from customers.views.properties import spare_inputs, typed_values
from properties.models import Definition
from staff.permissions import requires

ACCOUNT = Definition.Subject.ACCOUNT
ATTEMPTS = 3
HEADER, PROPERTIES = "account-header", "properties"


@requires("accounts.view", "accounts.edit")
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    account = account_for(request, pk)
    if request.method == "GET":
        initial = {"name": account.name, "version": account.version, "was": account.name}
        return show(request, account, opened=Opened("name", AccountNameForm(initial=initial)))
    form = AccountNameForm(request.POST)
    if not form.is_valid():
        return show(request, account, opened=Opened("name", form), status=422)
    name, version = form.cleaned_data["name"], form.cleaned_data["version"]

    def act(version: int | None) -> Account:
        return editing.rename(account, name, actor=Actor.of_staff(request.user), version=version)

    try:
        _unless_changed(act, version=version, was=form.cleaned_data["was"], now_stands=lambda now: now.name)
    except Stale as stale:
        data = {"name": name, "version": stale.account.version, "was": stale.account.name}
        opened = Opened("name", AccountNameForm(data), theirs=stale.account.name, mine=name)
        return show(request, stale.account, opened=opened, status=409)
    except NotActive:
        raise Http404 from None
    return done(request, account, "Name saved", part=HEADER, focus="edit-name")


@requires("accounts.view", "accounts.edit")
@require_http_methods(["GET", "POST"])
def identify(request: HttpRequest, pk: int) -> HttpResponse:
    """The account ID from the customer's own system."""
    account = account_for(request, pk)
    held = account.external_id or ""
    if request.method == "GET":
        initial = {"external_id": held, "version": account.version, "was": held}
        return show(request, account, opened=Opened("external_id", AccountIdForm(initial=initial)))
    form = AccountIdForm(request.POST)
    if not form.is_valid():
        return show(request, account, opened=Opened("external_id", form), status=422)
    wanted = form.cleaned_data["external_id"]

    def act(version: int | None) -> Account:
        return editing.set_external_id(account, wanted, actor=Actor.of_staff(request.user), version=version)

    try:
        _unless_changed(
            act, version=form.cleaned_data["version"], was=form.cleaned_data["was"],
            now_stands=lambda now: now.external_id or "",
        )  # fmt: skip
    except Stale as stale:
        theirs = stale.account.external_id or ""
        data = {"external_id": wanted, "version": stale.account.version, "was": theirs}
        opened = Opened("external_id", AccountIdForm(data), theirs=theirs, mine=wanted)
        return show(request, stale.account, opened=opened, status=409)
    except ValidationError as error:
        form.add_error("external_id", error.messages[0])
        return show(request, account, opened=Opened("external_id", form), status=422)
    except NotActive:
        raise Http404 from None
    return done(request, account, "Account ID saved", part=HEADER, focus="edit-external_id")


@requires("accounts.view", "accounts.edit")
@require_http_methods(["GET", "POST"])
def add_property(request: HttpRequest, pk: int) -> HttpResponse:
    """A property the account does not have yet; a key that no account has defines itself."""
    account = account_for(request, pk)
    if request.method == "GET":
        return show(request, account, opened=Opened("property", NewPropertyForm(subject=ACCOUNT)))
    if "more" in request.POST:
        form = NewPropertyForm(subject=ACCOUNT, initial=typed_values(request), spare=spare_inputs(request))
        return show(request, account, opened=Opened("property", form))
    form = NewPropertyForm(request.POST, subject=ACCOUNT)
    if not form.is_valid() or form.definition is None:
        return show(request, account, opened=Opened("property", form), status=422)
    definition, raws = form.definition, form.cleaned_data["values"]
    if account.properties.get(definition.key):
        form.add_error("key", f"The account has {definition.label} already. Edit it instead.")
        return show(request, account, opened=Opened("property", form), status=422)
    try:
        editing.set_property(account, definition.key, raws, actor=Actor.of_staff(request.user), type_=definition.type)
    except ValidationError as error:
        form.add_error("values", error)
        return show(request, account, opened=Opened("property", form), status=422)
    except NotActive:
        raise Http404 from None
    focus = f"edit-property-{definition.key}"
    return done(request, account, f"{definition.label} added", part=PROPERTIES, focus=focus)


@requires("accounts.view", "accounts.edit")
@require_http_methods(["GET", "POST"])
def edit_property(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """The values of one property; none at all removes it."""
    account = account_for(request, pk)
    definition = _fact(request, account, key).definition
    slot, held = f"property-{definition.key}", account.properties.get(definition.key, [])
    shown = {"values": initial_values(held), "version": account.version, "was": as_shown(held)}
    if request.method == "GET":
        return show(request, account, opened=Opened(slot, ValuesForm(definition, initial=shown)))
    if "more" in request.POST:
        form = ValuesForm(definition, initial=shown | typed_values(request), spare=spare_inputs(request))
        return show(request, account, opened=Opened(slot, form))
    form = ValuesForm(definition, request.POST)
    if not form.is_valid():
        return show(request, account, opened=Opened(slot, form), status=422)
    raws = form.cleaned_data["values"]

    def act(version: int | None) -> Account:
        return editing.set_property(
            account, definition.key, raws, actor=Actor.of_staff(request.user), version=version
        )  # fmt: skip

    try:
        _unless_changed(
            act, version=form.cleaned_data["version"], was=form.cleaned_data["was"],
            now_stands=lambda now: as_shown(now.properties.get(definition.key)),
        )  # fmt: skip
    except Stale as stale:
        theirs = stale.account.properties.get(definition.key, [])
        data = {"values": raws, "version": stale.account.version, "was": as_shown(theirs)}
        said = ", ".join(initial_values(theirs))
        opened = Opened(slot, ValuesForm(definition, data), theirs=said, mine=", ".join(raws))
        return show(request, stale.account, opened=opened, status=409)
    except ValidationError as error:
        form.add_error("values", error)
        return show(request, account, opened=Opened(slot, form), status=422)
    except NotActive:
        raise Http404 from None
    if not raws:
        return done(request, account, f"Removed {definition.label}", part=PROPERTIES, focus="add-property")
    return done(request, account, f"{definition.label} saved", part=PROPERTIES, focus=f"edit-{slot}")


@requires("accounts.view", "accounts.edit")
@require_POST
def remove_property(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    account = account_for(request, pk)
    definition = _fact(request, account, key).definition
    editing.set_property(account, definition.key, [], actor=Actor.of_staff(request.user))
    return done(request, account, f"Removed {definition.label}", part=PROPERTIES, focus="add-property")


@requires("accounts.view", "accounts.edit")
@require_POST
def reset_property(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Gives the property back to the syncs."""
    account = account_for(request, pk)
    definition = _fact(request, account, key).definition
    editing.reset_property(account, definition.key, actor=Actor.of_staff(request.user))
    text = f"{definition.label} follows the sync again"
    return done(request, account, text, part=PROPERTIES, focus=f"edit-property-{definition.key}")


def _fact(request: HttpRequest, account: Account, key: str) -> Fact:
    fact = AccountPage(account, request.user).fact(key)
    if fact is None:
        raise Http404
    return fact


def _unless_changed(
    act: Callable[[int | None], Account], *, version: int | None, was: str, now_stands: Callable[[Account], str]
) -> Account:
    """As for customers: only what the form showed may not have changed meanwhile. Raises Stale."""
    for _ in range(ATTEMPTS):
        try:
            return act(version)
        except Stale as stale:
            if now_stands(stale.account) != was:
                raise
            version = stale.account.version
    return act(version)
