"""The overview, the search page and the palette, as people use them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer
from dashboard import keeping
from feedback.models import Document

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = Actor.of_system("command")


@pytest.fixture(autouse=True)
def _figures_are_counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is at the moment."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", 60)
    cache.clear()


@pytest.fixture
def ana() -> Customer:
    ana = create(draft_of(name="Ana Kovač", identities=identities([("email", "ana@lumen.example")])), actor=ACTOR)
    with recorded(ACTOR, "document.received"):
        for channel in ("email", "chat"):
            Document.objects.create(
                title=f"Export fails by {channel}", channel=channel, occurred_at=clock.now(), customer=ana, link="staff"
            )
        Document.objects.create(title="Who wrote this?", channel="survey", occurred_at=clock.now())
    return ana


@pytest.mark.parametrize("path", ["/", "/search", "/search?q=export", "/search?q=nobody", "/search?q=" + "x" * 201])
def test_pages_look_right_in_both_themes_wide_and_narrow(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: Customer, path: str
) -> None:
    looks_right(page_as("support"), path)


def test_the_first_page_of_an_empty_roster_looks_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None]
) -> None:
    looks_right(page_as("support"), "/")


def test_the_chart_can_be_read_as_a_table(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    page = page_as("viewer")
    page.goto("/")
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("columnheader", name="Chat")).to_be_visible()
    axe(page)


def test_the_palette_opens_a_person_by_keyboard_alone(page_as: Callable[..., Page], ana: Customer, axe: Any) -> None:
    page = page_as("support")
    page.goto("/")
    page.keyboard.press("Control+k")
    options = page.get_by_role("option")
    expect(options.filter(has_text="Ana Kovač")).to_be_visible()
    expect(options.filter(has_text="Go to Documents")).to_be_visible()
    axe(page)
    page.keyboard.type("kovac")
    expect(options.filter(has_text="Search everything for “kovac”")).to_be_visible()
    expect(options.first).to_have_attribute("aria-selected", "true")
    axe(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{ana.pk}/")


def test_typing_searches_and_the_address_keeps_it(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("viewer")
    page.goto("/search")
    page.keyboard.type("export")
    expect(page.get_by_role("link", name="Export fails by chat")).to_be_visible()
    page.wait_for_url("**/search?q=export")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("export")
    expect(page.get_by_role("link", name="Export fails by chat")).to_be_visible()


@pytest.mark.parametrize("width", [1920, 1440])
def test_people_and_feedback_are_on_one_screen_with_the_way_to_all_of_them(
    page_as: Callable[..., Page], axe: Any, width: int
) -> None:
    for number in range(7):
        name = f"Ana {number}"
        ana = create(draft_of(name=name, identities=identities([("email", f"ana{number}@ex.test")])), actor=ACTOR)
        with recorded(ACTOR, "document.received"):
            Document.objects.create(
                title="Ana writes", channel="chat", occurred_at=clock.now(), customer=ana, link="staff"
            )
    page = page_as("viewer", width=width)
    page.goto("/search?q=ana")
    expect(page.get_by_role("link", name="All 7 people")).to_be_visible()
    expect(page.get_by_role("link", name="All 7 documents")).to_be_visible()
    last = page.get_by_role("link", name="Ana writes").last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] < 900
    axe(page)
    page.get_by_role("link", name="All 7 people").click()
    expect(page.locator(".results tbody tr")).to_have_count(7)


def test_the_search_works_without_javascript(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("viewer", java_script_enabled=False)
    page.goto("/search")
    page.fill("#q", "kovač")
    page.press("#q", "Enter")
    expect(page.locator("#results a").filter(has_text="Ana Kovač")).to_be_visible()
