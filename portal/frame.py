"""What every page of the portal has around it, and how one leads to another."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Account
from customers.models import Customer, Membership
from portal.access import PortalRequest

PLACES_SHOWN = 50


def show(request: PortalRequest, template: str, current: str, *, status: int = 200, **context: object) -> HttpResponse:
    """A page with whose portal it is, their organisations to switch between, and `current` in the menu."""
    frame = {"customer": request.customer, "current": current}
    frame |= {"places": places_of(request.customer)} if "places" not in context else {}
    return render(request, f"portal/{template}.html", {**frame, **context}, status=status)


def go(name: str, *args: object) -> HttpResponse:
    """To a page of the portal, after something was done."""
    response = redirect(f"portal:{name}", *args)
    response.status_code = 303
    return response


def places_of(customer: Customer) -> list[Membership]:
    """The customer's places in organisations that are there, the primary one first."""
    rows = Membership.objects.filter(customer=customer, account__state=Account.State.ACTIVE)
    return list(rows.select_related("account")[:PLACES_SHOWN])
