"""In the portal, whoever impersonates sees and is seen as the customer; anywhere else they are themselves (8.3)."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from core import clock
from portal import impersonating
from staff.models import Role

Answer = Callable[[HttpRequest], HttpResponseBase]
PREFIX = "/portal/"


class ImpersonationMiddleware:
    """Sets `request.impersonation`, and on pages of the portal `request.user` to the customer's user with it.

    The session stays that of the member of staff, who is `request.impersonation.staff`. Stands before whatever reads
    the user's preferences, so that the page is the customer's in their theme and time zone.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.impersonation = None  # type: ignore[attr-defined]
        if request.path.startswith(PREFIX) and request.path != reverse("impersonation:end"):
            over = self.enter(request)
            if over:
                return over
        return self.get_response(request)

    def enter(self, request: HttpRequest) -> HttpResponseBase | None:
        """Puts the customer in the place of the member of staff; when it is over, leads back where they came from."""
        user = request.user
        if not user.is_authenticated or user.role == Role.PORTAL:
            return None
        row = impersonating.of_session(user, request.session.session_key)
        if row is None:
            return None
        why = impersonating.ending_of(row, clock.now())
        if why:
            messages.info(request, f"You are not in the portal any more. {impersonating.ENDINGS[why]}")
            return redirect(row.return_to or "/")
        request.impersonation = row  # type: ignore[attr-defined]
        request.user = row.target  # type: ignore[assignment]
        return None
