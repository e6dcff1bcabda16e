"""How a staff member sees Roster: theme, time zone, times, shortcuts (11.3)."""

from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

THEME_COOKIE = "roster_theme"
THEMES = ("light", "dark")
YEAR_SECONDS = 365 * 24 * 3600


def theme_of(request: HttpRequest) -> str:
    """ "light", "dark", or "" for what the system says. Before sign-in the cookie remembers it, so nothing flashes."""
    chosen = getattr(getattr(request, "user", None), "theme", None) or request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def remember_theme(request: HttpRequest, response: HttpResponse, theme: str) -> HttpResponse:
    """Keeps the theme in this browser, for the pages before sign-in and for error pages."""
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=request.is_secure()
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@lru_cache(maxsize=1)
def time_zones() -> list[str]:
    """The zones to choose from: "Europe/Berlin" and the like, and UTC."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ["UTC", *sorted(name for name in available_timezones() if name.startswith(regions))]


class TimeZoneMiddleware:
    """Reads and writes moments in the time zone of whoever is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = getattr(request.user, "time_zone", "") or "UTC"
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # a zone that this machine does not know
            zone = ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)
