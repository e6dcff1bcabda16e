"""Who may open a page of the portal, as whose it is shown, and what is refused while impersonating (8.3, 9)."""

import functools
from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from audit.actor import Actor
from customers.models import Customer
from portal import impersonating
from staff.models import Impersonation, Role, User
from staff.permissions import IN_PORTAL

SAFE = {"GET", "HEAD", "OPTIONS"}
LOOKING = "You are looking only. To change something, go back to admin and begin again with ‘Act for them’."
NEVER = (
    "This is for {name} alone: passwords, two-factor authentication, emails, invitations, copies of their data and its"
    " deletion are out of reach for whoever acts for a customer."
)


class PortalRequest(HttpRequest):
    """A request to the portal: `customer` is whose portal it is, `user` as whom they sign in."""

    user: User
    customer: Customer
    impersonation: Impersonation | None


PortalView = Callable[..., HttpResponseBase]


def portal_page(*, acting: bool = False, leaving: bool = False) -> Callable[[PortalView], PortalView]:
    """A page for customers, and for whoever impersonates one.

    Who impersonates sees every page. To change something they must have begun to act, and the page must say `acting`:
    it is refused unless somebody thought about it (reliability 18). `leaving`: also open to whoever has asked for the
    deletion of their data.
    """

    def decorate(view: PortalView) -> PortalView:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if request.user.role != Role.PORTAL:
                raise PermissionDenied
            entered = cast(PortalRequest, request)
            entered.customer = entered.user.login.customer
            row = entered.impersonation
            if row and request.method not in SAFE and not (acting and row.mode == Impersonation.Mode.ACT):
                return refused(entered, row)
            if not entered.customer.is_active and not leaving:
                return redirect("portal:leaving")
            return view(entered, *args, **kwargs)

        guarded.requires = IN_PORTAL  # type: ignore[attr-defined]
        guarded.acting = acting  # type: ignore[attr-defined]
        return guarded

    return decorate


def refused(request: PortalRequest, row: Impersonation, *, alone: bool = False) -> HttpResponse:
    """Why nothing was changed, on a page of the portal with the bar above it. `alone`: nor may it be seen."""
    looking = row.mode == Impersonation.Mode.LOOK and not alone
    text = LOOKING if looking else NEVER.format(name=request.customer.display_name)
    return render(request, "portal/refused.html", {"text": text}, status=403)


def actor_of(request: PortalRequest) -> Actor:
    """The customer themselves, or the member of staff on their behalf. A person decided, so no sync overwrites it."""
    if request.impersonation:
        return impersonating.actor_of(request.impersonation.staff, request.user)
    return Actor(via="portal", rank="staff", user_id=request.user.pk)
