"""Answers to pages and to HTMX, chosen in one place: the whole page, or the named part of it that HTMX asked for."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import trigger_client_event

RESULTS = "results"  # the partial that every list page has; asking for it changes the address


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partials: Collection[str] = (),
    status: int = 200,
) -> HttpResponse:
    """`template`, or its partial named like the element that HTMX will replace, when that name is in `partials`.

    Partial name = element id = hx-target. The partial `results` also sets the browser's address (ui.md decision 3).
    """
    part = wanted(request, partials)
    name = f"{template}#{part}" if part else template
    response = render(request, name, {**(context or {}), "partial": part}, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store, private"
    if part == RESULTS and request.method == "GET":
        address(request, response)
    return response


def wanted(request: HttpRequest, partials: Collection[str]) -> str:
    """The name among `partials` that this request asks for, or "" for the whole page."""
    htmx = getattr(request, "htmx", None)
    if not htmx or htmx.boosted or htmx.history_restore_request:
        return ""
    return htmx.target if htmx.target in partials else ""


def address(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Shows this request's address, without empty parameters, in the browser.

    Typing in the search box replaces the address, every other change adds one to the history: Back returns to the
    previous decision, not to the previous keystroke.
    """
    filled = [(name, value) for name, values in request.GET.lists() for value in values if value]
    here = request.path + (f"?{urlencode(filled)}" if filled else "")
    before = urlsplit(request.headers.get("HX-Current-URL", ""))
    if here == before.path + (f"?{before.query}" if before.query else ""):
        return response
    typed = dict(parse_qsl(before.query)).get("q", "") != request.GET.get("q", "")
    response["HX-Replace-Url" if typed else "HX-Push-Url"] = here
    return response


def trigger(response: HttpResponse, event: str, detail: Mapping[str, Any] | None = None) -> HttpResponse:
    """Fires `event` on the page, for panels that refetch then (`hx-trigger="customer-changed from:body"`)."""
    return trigger_client_event(response, event, dict(detail or {}))


def announce(response: HttpResponse, text: str) -> HttpResponse:
    """Says `text` to screen readers."""
    return trigger(response, "announce", {"text": text})


def toast(response: HttpResponse, text: str, undo_url: str | None = None) -> HttpResponse:
    """Shows `text` in a corner of the page, with Undo when there is an address that undoes it by POST."""
    return trigger(response, "toast", {"text": text, "undo": undo_url or ""})


def redirect(
    request: HttpRequest, to: Any, *args: Any, toast: str = "", undo_url: str | None = None, **kwargs: Any
) -> HttpResponse:
    """Opens the page `to` (an address, a URL name with its arguments, or a model), where `toast` is then shown.

    303 for a form; for HTMX 204 with HX-Redirect, so that the whole page changes.
    """
    if toast:
        remember(request, toast, undo_url)
    url = resolve_url(to, *args, **kwargs)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def back(request: HttpRequest, otherwise: Any, *args: Any, toast: str, undo_url: str | None = None) -> HttpResponse:
    """Opens the page of ours that a form named in `next`, else the page `otherwise`; says `toast` there."""
    following = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(following, {request.get_host()})
    return redirect(request, following if ours else resolve_url(otherwise, *args), toast=toast, undo_url=undo_url)


def remember(request: HttpRequest, text: str, undo_url: str | None = None) -> None:
    """Keeps a toast for the next page."""
    messages.success(request, text, extra_tags=undo_url or "")


def close_dialog(response: HttpResponse) -> HttpResponse:
    """Closes the dialog or drawer that the request came from."""
    return trigger(response, "dialog-close")
