"""Error pages in Roster's look. They need no database: it may be what failed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

THEME_COOKIE = "roster_theme"  # as staff.preferences writes it


def _answer(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    theme = request.COOKIES.get(THEME_COOKIE, "")
    context: dict[str, Any] = {"theme": theme if theme in ("light", "dark") else "", "home": home_of(request)}
    if getattr(request, "impersonation", None):  # the bar stands above every page, errors too
        context |= {"impersonation": request.impersonation, "csrf_token": get_token(request)}  # type: ignore[attr-defined]
    return HttpResponse(render_to_string(template or f"{status}.html", context), status=status)


def home_of(request: HttpRequest) -> str:
    """Where whoever this is begins, as far as that is known without asking the database."""
    impersonation = getattr(request, "impersonation", None)
    user = impersonation.target if impersonation else getattr(request, "_cached_user", None)
    return getattr(user, "home", "/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, "403_csrf.html")
