"""The profile page, and the answers of everything that is done to one customer on it (2.4).

Each part of the page is a partial. A form stands open inside its part; without scripts the same address shows the whole
page with that form open.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from audit.history import address
from core import htmx
from customers.dealings import as_seen
from customers.editing import Stale
from customers.forms import initial_values
from customers.holding import hold_of
from customers.models import Customer
from customers.profile import Profile
from customers.views.deleting import facts_of
from properties.models import Definition
from staff.permissions import requires

PAGE = "customers/profile.html"
PARTS = ("customer-header", "contact-details", "properties", "company", "accounts", "notes")
ATTEMPTS = 3
OPENERS = {
    "name": "edit-name", "tag": "add-tag", "identifier": "add-identifier", "property": "add-property",
    "account": "add-account",
}  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True)
class Opened:
    """The form that stands open in `slot`. `theirs` is what somebody saved meanwhile, `mine` what was typed."""

    slot: str
    form: Form
    theirs: str | None = None
    mine: str = ""

    @property
    def opener(self) -> str:
        """The id of what opened the form and gets the keyboard back when it is closed."""
        if self.slot in OPENERS:
            return OPENERS[self.slot]
        return self.slot if re.fullmatch(r"membership-\d+", self.slot) else f"edit-{self.slot}"


@requires("customers.view")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, read-only for a deleted customer; `focus` is what gets the keyboard when a form is cancelled."""
    readable = Customer.objects.visible_to(request.user).readable()
    return show(request, get_object_or_404(readable, pk=pk), focus=request.GET.get("focus", ""))


def customer_for(request: HttpRequest, pk: int) -> Customer:
    """The active customer with this id, or 404."""
    return get_object_or_404(Customer.objects.visible_to(request.user).active(), pk=pk)


def show(
    request: HttpRequest, customer: Customer, *, opened: Opened | None = None, status: int = 200, focus: str = "",
    every_note: bool = False,
) -> HttpResponse:  # fmt: skip
    """The page, or the part of it that was asked for. `focus` is the id of what gets the keyboard after an edit."""
    due_at = None if customer.legal_hold or not customer.is_active else customer.orphan_due_at()
    [customer] = as_seen([customer], request.user)
    profile = Profile(customer, request.user, every_note=every_note)
    if not htmx.wanted(request, PARTS):
        profile.read_ahead()
    context = {
        "customer": customer,
        "profile": profile,
        "held_by": lambda: next((hold for one in profile.memberships if (hold := hold_of(one.account))), ""),
        "opened": opened,
        "form": opened.form if opened else None,
        "focus": focus,
        "types": Definition.Type.choices,
        "keys": lambda: _keys(opened),
        "orphan_due_at": due_at,
        "feedback_url": address("documents:of_customer", customer.pk),
        "surveys_url": address("surveys:of_customer", customer.pk),
        "export_url": address("retention:export", customer.pk),
        "history_url": address("audit:history", "customer", customer.pk),
        **facts_of(request, customer),
    }
    return htmx.page(request, PAGE, context, partials=PARTS, status=status)


def done(
    request: HttpRequest, customer: Customer, text: str, *, part: str, focus: str = "", undo_url: str | None = None,
    company: bool = False,
) -> HttpResponse:  # fmt: skip
    """The answer to an edit: the part as it is now, or the page. `company`: the company's facts changed too."""
    wanted = htmx.wanted(request, PARTS)
    if not wanted:
        return htmx.redirect(request, f"{url_of(customer)}#{part}", toast=text, undo_url=undo_url)
    response = show(request, Customer.objects.get(pk=customer.pk), focus=focus)
    if undo_url:
        htmx.toast(response, text, undo_url)
    else:
        htmx.announce(response, text)
    if company and wanted != "company":
        htmx.trigger(response, "company-changed")
    return htmx.trigger(response, "customer-changed")


def url_of(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.pk])


def unless_changed(
    act: Callable[[int | None], T], *, version: int | None, was: str, now_stands: Callable[[Customer], str]
) -> T:
    """What `act` gives with the version of the form; or with the present one, when only other facts have changed since.

    Raises Stale when what the form showed is not there any more: nothing is overwritten in silence (reliability 4).
    """
    for _ in range(ATTEMPTS):
        try:
            return act(version)
        except Stale as stale:
            if now_stands(stale.customer) != was:
                raise
            version = stale.customer.version
    return act(version)


def as_shown(values: list[Any] | None) -> str:
    """The values in one text, to compare what a form showed with what stands there."""
    return json.dumps(initial_values(values or []), ensure_ascii=False)


def _keys(opened: Opened | None) -> list[tuple[str, str]]:
    """What the open form suggests as (key, label)."""
    subject = getattr(opened and opened.form, "subject", "")
    return list(Definition.objects.filter(subject=subject).values_list("key", "label")[:200]) if subject else []
