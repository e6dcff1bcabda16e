"""Error pages in Roster's look. They need no database: it may be what failed."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

THEME_COOKIE = "roster_theme"  # as staff.preferences writes it


def _answer(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    theme = request.COOKIES.get(THEME_COOKIE, "")
    context = {"theme": theme if theme in ("light", "dark") else ""}
    return HttpResponse(render_to_string(template or f"{status}.html", context), status=status)


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
