"""The customer list as people use it: typing, sorting, paging, going back, selecting, tagging, without a mouse."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from customers.models import CustomerTag
from tests.browser.conftest import travel
from tests.customers.test_list import many
from tests.factories import CustomerFactory, DefinitionFactory

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/customers/"


@pytest.fixture
def directory() -> None:
    many(60)
    CustomerFactory(name="Ana Kovač", email="ana@ex.test", tags=["VIP"])
    DefinitionFactory(key="plan", label="Plan", type="choice")
    DefinitionFactory(key="seats", label="Seats", type="number")


@pytest.fixture
def page(page_as: Callable[..., Page], directory: None) -> Page:
    page = page_as("support")
    page.goto(LIST)
    return page


def rows(page: Page) -> Any:
    return page.locator(".results tbody tr")


def test_typing_finds_replaces_the_address_keeps_the_focus_and_is_announced(page: Page) -> None:
    before = page.evaluate("history.length")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("kovac", delay=20)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Ana Kovač")
    expect(page).to_have_url(re.compile(r"/customers/\?q=kovac$"))
    expect(page.locator("#announce")).to_have_text("1 customer matches “kovac”")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#count")).to_have_text("1")
    assert page.evaluate("history.length") == before
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(50)


def test_sorting_and_paging_are_steps_that_back_undoes(page: Page) -> None:
    page.locator("#sort-name").click()
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    expect(rows(page).first).to_contain_text("Ana Kovač")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Customer")
    expect(page.locator("#sort-name")).to_be_focused()
    page.locator("#page-next").click()
    expect(rows(page)).to_have_count(11)
    travel(page, "back")
    expect(rows(page)).to_have_count(50)
    expect(rows(page).first).to_contain_text("Ana Kovač")
    travel(page, "back")
    expect(page).to_have_url(re.compile(r"/customers/$"))
    travel(page, "forward")
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    expect(rows(page).first).to_contain_text("Ana Kovač")


def test_a_menu_filters_while_it_is_open_and_its_chip_takes_it_off(page: Page) -> None:
    page.get_by_role("button", name="Tag", exact=False).first.click()
    page.locator("#m-tag").get_by_label("VIP").check()
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#m-tag")).to_be_visible()
    expect(page.locator("#b-tag")).to_contain_text("Tag is VIP")
    expect(page).to_have_url(re.compile(r"\?tag=\d+$"))
    page.keyboard.press("Escape")
    page.get_by_label("Remove filter: tag").click()
    expect(rows(page)).to_have_count(50)
    expect(page.locator("#m-tag input:checked")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/customers/$"))


def test_filters_and_search_and_order_stay_together(page: Page) -> None:
    page.locator("#sort-name").click()
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    page.locator("#b-channel").click()
    page.locator("#m-channel").get_by_label("Email").check()
    expect(page).to_have_url(re.compile("channel=email"))
    page.keyboard.press("Escape")
    page.locator("#q").fill("customer 00")
    expect(rows(page)).to_have_count(10)
    expect(rows(page).first).to_contain_text("Customer 000")
    expect(page).to_have_url(re.compile(r"\?q=customer\+00&sort=name&channel=email$"))
    page.get_by_label("Remove filter: channel").click()
    expect(page).to_have_url(re.compile(r"\?q=customer\+00&sort=name$"))


def test_a_property_is_chosen_compared_and_shown_as_a_chip(page: Page) -> None:
    CustomerFactory(name="Bo", properties={"seats": [12]})
    page.locator("#b-more").click()
    page.get_by_role("link", name="Property", exact=True).click()
    dialog = page.get_by_role("dialog", name="Filter by property")
    dialog.get_by_label("Property").select_option("Seats")
    dialog.get_by_label("Comparison").select_option("is greater than")
    dialog.get_by_label("Value").fill("many")
    dialog.get_by_role("button", name="Show customers").click()
    expect(dialog).to_contain_text("Must be a number")
    dialog.get_by_label("Value").fill("10")
    dialog.get_by_role("button", name="Show customers").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Bo")
    expect(page.locator("#chips")).to_contain_text("Seats is greater than 10")


def test_rows_are_walked_selected_and_tagged_from_the_keyboard(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows(page).nth(1).locator(".name")).to_be_focused()
    expect(page.locator("[data-picked]")).to_have_text("1")
    expect(page.locator("#filters")).to_be_hidden()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("Beta")
    page.get_by_label("Tag", exact=True).press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Added tag “Beta” on 1 of 1.")
    expect(rows(page).nth(1)).to_contain_text("Beta")
    expect(page.locator("#filters")).to_be_visible()
    assert CustomerTag.objects.filter(tag__name="Beta").count() == 1
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone: tag “Beta” on 1 customer.")
    expect(rows(page).nth(1)).not_to_contain_text("Beta")
    assert not CustomerTag.objects.filter(tag__name="Beta").exists()


def test_a_selection_survives_paging_and_all_that_match_becomes_a_job(page: Page) -> None:
    rows(page).nth(0).locator(".pick input").check()
    page.locator("#page-next").click()
    expect(rows(page)).to_have_count(11)
    expect(page.locator("[data-picked]")).to_have_text("1")
    page.locator("#page-previous").click()
    expect(rows(page).nth(0).locator(".pick input")).to_be_checked()
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Select all 61 that match").click()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("Everybody")
    page.get_by_role("button", name="Add tag").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add tag “Everybody”")
    expect(page.get_by_role("progressbar")).to_be_visible()


def test_a_refused_tag_is_said_beside_the_field(page: Page) -> None:
    rows(page).nth(0).locator(".pick input").check()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("never seen")
    page.get_by_role("button", name="Remove tag").click()
    expect(page.locator("#bulk-problem")).to_have_text("There is no tag called “never seen”.")


def test_the_selected_customers_are_downloaded(page: Page) -> None:
    rows(page).nth(0).locator(".pick input").check()
    with page.expect_download() as download:
        page.locator(".bulk").get_by_role("button", name="Export").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        assert len(file.readlines()) == 2


def test_it_works_without_script(page_as: Callable[..., Page], directory: None) -> None:
    page = page_as("support", java_script_enabled=False)
    page.goto(LIST)
    page.locator("#q").fill("kovac")
    page.locator("#q").press("Enter")
    expect(rows(page)).to_have_count(1)
    page.goto(LIST)
    page.locator("#sort-name").click()
    expect(rows(page).first).to_contain_text("Ana Kovač")
    page.locator("#page-next").click()
    expect(rows(page)).to_have_count(11)


@pytest.mark.parametrize("query", ["", "?q=kovac&tag=none&sort=name", "?q=nobody", "?channel=fax", "?deleted=true"])
def test_every_state_is_accessible_in_both_themes_and_widths(
    page_as: Callable[..., Page], directory: None, looks_right: Any, query: str
) -> None:
    looks_right(page_as("support"), LIST + query)


def test_open_menus_selections_and_dialogs_are_accessible(page: Page, axe: Callable[[Page], None]) -> None:
    page.locator("#b-last_seen").click()
    axe(page)
    page.keyboard.press("Escape")
    page.locator("#b-more").click()
    page.get_by_role("link", name="Property", exact=True).click()
    expect(page.get_by_role("dialog", name="Filter by property")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    rows(page).nth(0).locator(".pick input").check()
    page.get_by_role("button", name="Tag", exact=True).click()
    axe(page)


def test_pages_without_script_are_accessible(page_as: Callable[..., Page], directory: None, looks_right: Any) -> None:
    for kind in ("property", "account", "source", "first-seen", "tag"):
        looks_right(page_as("support"), f"{LIST}filters/{kind}/", [("light", 1440), ("dark", 390)])
