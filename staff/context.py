"""What every template may use: `may`, and `shell` for the frame around a page."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.addresses import address
from staff import navigation
from staff.permissions import teams_of
from staff.preferences import theme_of


class Shell:
    """The frame of a page; read only by base.html, so that parts of pages pay nothing for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def main(self) -> list[navigation.Shown]:
        return navigation.shown(self.request, navigation.MAIN)

    @cached_property
    def workspace(self) -> list[navigation.Shown]:
        return navigation.shown(self.request, navigation.WORKSPACE)

    @cached_property
    def key(self) -> str:
        """Whoever has the same key sees the same frame on this page, but for what has their name on it."""
        match = self.request.resolver_match
        where = f"{match.namespace} {match.view_name}" if match else ""
        user = self.request.user
        rights = "superuser" if getattr(user, "is_superuser", False) else getattr(user, "role", "")
        limited = teams_of(user) is not None
        return f"{settings.ROOT_URLCONF} {where} {rights} {limited} {self.shortcuts}"

    @cached_property
    def theme(self) -> str:
        return theme_of(self.request)

    @cached_property
    def shortcuts(self) -> bool:
        return getattr(self.request.user, "shortcuts", True)

    @cached_property
    def address(self) -> dict[str, str]:
        """Addresses of pages that may not be there yet, by what the frame calls them."""
        names = {
            "overview": "dashboard:overview",
            "search": "dashboard:search",
            "palette": "dashboard:palette",
            "new_customer": "customers:new",
            "preferences": "staff:preferences",
            "security": "mfa_index",
            "theme": "staff:theme",
            "sign_out": "staff:sign_out",
            "django_admin": "admin:index",
        }
        return {name: address(url_name) for name, url_name in names.items()}


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request), "may": SimpleLazyObject(lambda: navigation.May(getattr(request, "user", None)))}
