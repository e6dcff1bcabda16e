"""What holds for every page: hostile requests are refused early, answers are not stored, sign-in takes a whole page."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url

PROGRAMS = ("/api/", "/mcp", "/webhook/", "/census", "/v1/", "/intake/")  # where other systems ask

Answer = Callable[[HttpRequest], HttpResponseBase]


class RefuseMiddleware:
    """Answers 400 or 413 to what no page can use, before anything parses it (reliability 23)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return refused(request, 400, "malformed", "The address holds a NUL character. Remove it and try again.")
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()):
            return refused(request, 400, "malformed", "Content-Length must be a number.")
        if int(length) > self.most(request):
            return refused(request, 413, "too_large", "This is more than Roster accepts at once. Send less.")
        return self.get_response(request)

    def most(self, request: HttpRequest) -> int:
        """Bytes that a body may have: files stream to disk, everything else is read into memory."""
        if request.path.startswith("/intake/email/"):
            return settings.EMAIL_INTAKE_MAX_BYTES
        files = request.META.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data")
        return settings.UPLOAD_MAX_BYTES if files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def refused(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """A sentence for people; for programs the same in the shape of every error (contracts 'Common')."""
    if not request.path.startswith(PROGRAMS):
        return HttpResponse(message, status=status)
    error = {"error": {"code": code, "message": message}, "reference": f"r_{secrets.token_hex(6)}"}
    return JsonResponse(error, status=status)


class NoStoreMiddleware:
    """No browser and no proxy keeps an answer, unless its view says otherwise (reliability 19)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class SignInMiddleware:
    """Sends an HTMX request of somebody who is no longer signed in to the sign-in page, as a whole page.

    The page they were on comes back afterwards; a redirect would put the form inside a cell (reliability 19).
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.htmx or response.status_code != 302:  # type: ignore[attr-defined]
            return response
        if response["Location"].partition("?")[0] != resolve_url(settings.LOGIN_URL):
            return response
        page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
        to_sign_in = redirect_to_login(page)["Location"]
        return HttpResponse(status=204, headers={"HX-Redirect": to_sign_in})
