"""The widget on a page of another origin, under a strict Content-Security-Policy, with real clicks."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from customers.models import Identifier
from feedback.models import Document
from integrations import configuring
from integrations.models import Integration
from tests.browser.conftest import LOOKS, SETTLED, violations
from tests.integrations.intake_doors import ADMIN, an_integration

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = (Path(settings.BASE_DIR) / "examples/widget.html").read_text(encoding="utf-8")


@pytest.fixture
def integration() -> Integration:
    cache.clear()
    return an_integration("Shop")


@pytest.fixture
def shop(live_server: Any, integration: Integration) -> Iterator[str]:
    """The address of the example page, served by a host of its own."""
    key = configuring.issue_site_key(integration, actor=ADMIN)
    html = PAGE.replace("https://roster.example", live_server.url).replace("SITE_KEY", key).encode()
    policy = (
        f"default-src 'none'; script-src {live_server.url}; connect-src {live_server.url}; style-src 'none';"
        " require-trusted-types-for 'script'"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            if self.path == "/":
                self.wfile.write(html)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(shop: str, integration: Integration, contexts: Callable[..., Any]) -> Page:
    """The page of the shop, its form open."""
    configuring.allow_origins(integration, [shop], actor=ADMIN)
    page: Page = contexts(expected=("ERR_FAILED", "CORS policy")).new_page()
    page.goto(shop)
    page.get_by_role("button", name="Feedback").click()
    return page


def test_a_visitor_sends_a_message_and_another(opened: Page) -> None:
    page = opened
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Write a message first.")
    page.get_by_label("Your message").fill("The export stops.")
    page.get_by_label("Email").fill("ana@ex.test")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Thank you. Your message has arrived.")
    document = Document.objects.get()
    assert (document.body, document.channel, document.author["email"]) == ("The export stops.", "widget", "ana@ex.test")
    assert document.metadata["page"].endswith("/")
    assert not Identifier.objects.get().verified
    page.get_by_role("button", name="Send another").click()
    page.get_by_label("Your message").fill("It still stops.")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Thank you. Your message has arrived.")
    assert Document.objects.count() == 2
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Feedback")).to_be_focused()


def test_what_cannot_be_sent_stays_and_says_why(opened: Page, integration: Integration) -> None:
    page = opened
    page.get_by_label("Your message").fill("The export stops.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("You are offline.")
    page.context.set_offline(False)
    expect(page.get_by_role("status")).to_have_text("You are online again.")
    page.get_by_label("Email").fill("nobody")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The message was not taken.")
    page.get_by_label("Email").fill("")
    configuring.allow_origins(integration, ["https://other.example"], actor=ADMIN)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("could not be sent")
    expect(page.get_by_label("Your message")).to_have_value("The export stops.")
    assert not Document.objects.exists()


def test_the_form_is_accessible_in_both_themes_and_on_a_phone(opened: Page) -> None:
    for theme, width in LOOKS:
        opened.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        opened.set_viewport_size({"width": width, "height": 900})
        opened.evaluate(SETTLED)
        wrong = violations(opened)
        assert not wrong, f"{theme} {width}\n" + "\n".join(wrong)
