"""One view answers pages and parts of pages."""

import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from core import htmx

TEMPLATE = "<html><section id=results>{{ n }}</section></html>"


@pytest.fixture(autouse=True)
def _a_list_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """`list.html` without a file."""
    whole = engines["django"].from_string(TEMPLATE)
    part = engines["django"].from_string("<section id=results>{{ n }}</section>")

    def render(request: HttpRequest, name: str, context: Any, status: int) -> HttpResponse:
        template = part if name == "list.html#results" else whole
        return HttpResponse(template.render(context, request), status=status)

    monkeypatch.setattr(htmx, "render", render)


def asked(path: str = "/customers/", *, method: str = "get", **headers: str) -> HttpRequest:
    request = getattr(RequestFactory(), method)(
        path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    request.htmx = HtmxDetails(request)
    request._messages = CookieStorage(request)
    return request


def shown(request: HttpRequest, **options: Any) -> HttpResponse:
    return htmx.page(request, "list.html", {"n": 7}, partials=("results",), **options)


def test_a_browser_gets_the_whole_page() -> None:
    response = shown(asked())
    assert response.content.startswith(b"<html>")
    assert "HX-Request" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


def test_htmx_gets_the_part_that_it_will_replace() -> None:
    assert shown(asked(hx_request="true", hx_target="results")).content == b"<section id=results>7</section>"


@pytest.mark.parametrize(
    "headers",
    [
        {"hx_target": "somewhere-else"},
        {"hx_target": "results", "hx_boosted": "true"},
        {"hx_target": "results", "hx_history_restore_request": "true"},
        {},
    ],
)
def test_htmx_gets_the_whole_page_when_it_asks_for_no_part_or_goes_back(headers: dict[str, str]) -> None:
    assert shown(asked(hx_request="true", **headers)).content.startswith(b"<html>")


def test_a_form_with_errors_keeps_its_status() -> None:
    assert shown(asked(), status=422).status_code == 422


def results(path: str, before: str, **headers: str) -> HttpResponse:
    return shown(
        asked(path, hx_request="true", hx_target="results", hx_current_url=f"http://testserver{before}", **headers)
    )


def test_typing_replaces_the_address_and_leaves_out_what_is_empty() -> None:
    response = results("/customers/?q=ana&tag=&sort=", "/customers/?q=an")
    assert response["HX-Replace-Url"] == "/customers/?q=ana"


def test_a_filter_pushes_the_address() -> None:
    response = results("/customers/?q=ana&tag=3&tag=4", "/customers/?q=ana")
    assert response["HX-Push-Url"] == "/customers/?q=ana&tag=3&tag=4"


def test_an_address_that_is_there_already_is_left_alone() -> None:
    response = results("/customers/?q=&tag=3", "/customers/?tag=3")
    assert "HX-Push-Url" not in response
    assert "HX-Replace-Url" not in response


def test_a_redirect_is_303_for_a_form_and_a_whole_page_for_htmx() -> None:
    plain = htmx.redirect(asked(method="post"), "/customers/81/")
    assert (plain.status_code, plain["Location"]) == (303, "/customers/81/")
    swapped = htmx.redirect(asked(method="post", hx_request="true"), "staff:preferences")
    assert (swapped.status_code, swapped["HX-Redirect"]) == (204, "/settings/preferences/")


def test_the_toast_of_a_redirect_waits_for_the_next_page_with_its_undo() -> None:
    request = asked(method="post")
    htmx.redirect(request, "/customers/", toast="Deleted Ana", undo_url="/customers/81/restore/")
    (message,) = get_messages(request)
    assert (message.message, message.extra_tags) == ("Deleted Ana", "/customers/81/restore/")


def test_events_of_one_answer_are_fired_together_in_ascii() -> None:
    response = HttpResponse()
    htmx.toast(response, "Löschte Ana Kovač", undo_url="/undo/")
    htmx.announce(response, "12 customers")
    htmx.trigger(response, "customer-changed")
    htmx.close_dialog(response)
    assert response["HX-Trigger"].isascii()
    assert json.loads(response["HX-Trigger"]) == {
        "toast": {"text": "Löschte Ana Kovač", "undo": "/undo/"},
        "announce": {"text": "12 customers"},
        "customer-changed": {},
        "dialog-close": {},
    }
