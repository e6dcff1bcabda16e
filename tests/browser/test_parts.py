"""The parts that pages are made of, on pages made for the purpose (demo.py)."""

import copy
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import travel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.demo")]
LIST = "/customers/"


@pytest.fixture(autouse=True)
def _demo_templates(settings: Any) -> None:
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].append(Path(__file__).parent / "templates")
    settings.TEMPLATES = templates


@pytest.fixture
def people() -> list[Any]:
    from staff.models import User

    made = User.objects.bulk_create(
        User(email=f"person{at}@lumenworks.example", name=f"Person {at:03d}", role="viewer", password="!")
        for at in range(120)
    )
    for at, user in enumerate(made):
        user.joined_at = timezone.now() - timedelta(minutes=5, hours=at * 5)
    User.objects.bulk_update(made, ["joined_at"])
    return made


@pytest.mark.parametrize("path", ["/", LIST, f"{LIST}?q=nobody", f"{LIST}new/", f"{LIST}7/"])
def test_every_part_is_accessible_in_both_themes_and_widths(
    path: str, people: list[Any], page_as: Callable[..., Page], looks_right: Any
) -> None:
    looks_right(page_as("support"), path.replace("7/", f"{people[7].pk}/"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_quiet_button_that_takes_away_is_red_under_the_pointer_too(
    theme: str, people: list[Any], page_as: Callable[..., Page]
) -> None:
    page = page_as("support", theme=theme)
    page.goto(f"{LIST}{people[7].pk}/")
    red = page.locator(".menu__item.is-danger").evaluate("it => getComputedStyle(it).color")
    remove = page.locator("#remove")
    expect(remove).to_have_css("color", red)
    expect(remove.locator(".icon")).to_have_css("color", red)
    remove.hover()
    expect(remove).to_have_css("color", red)
    assert page.locator("#copy").evaluate("it => getComputedStyle(it).color") != red


def test_typing_searches_without_adding_to_the_history(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(LIST)
    before = page.evaluate("history.length")
    page.keyboard.press("/")
    page.keyboard.type("Person 11", delay=20)
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(page).to_have_url(re.compile(r"\?q=Person\+11$"))
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#announce")).to_have_text("10 people")
    assert page.evaluate("history.length") == before


def test_sorting_paging_and_going_back_show_whole_pages(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(LIST)
    page.locator("#sort-name").click()
    expect(page).to_have_url(re.compile(r"\?sort=name$"))  # the rows are the same; Next before this cancels the sorting
    expect(page.locator("tbody .name").first).to_have_text("Mina Support")
    expect(page.locator("#sort-name")).to_be_focused()
    page.locator("#page-next").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?sort=name&cursor="))
    expect(page.locator("tbody .name").first).to_have_text("Person 049")
    expect(page.locator("#page-next")).to_be_focused()
    travel(page, "back")
    expect(page.locator("tbody .name").first).to_have_text("Mina Support")
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    travel(page, "back")
    expect(page.locator("tbody .name").nth(1)).to_have_text("Person 000")
    expect(page).to_have_url(re.compile(f"{LIST}$"))


def test_rows_are_walked_and_picked_by_keys(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(LIST)
    for key in "jjkjx":
        page.keyboard.press(key)
    expect(page.locator("tbody .name").nth(1)).to_be_focused()
    expect(page.locator("[data-picked]")).to_have_text("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Person 000")
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(f"{LIST}$"))


def test_a_selection_survives_paging_and_goes_with_the_bulk_action(
    people: list[Any], page_as: Callable[..., Page], axe: Any
) -> None:
    page = page_as("support")
    page.goto(LIST)
    page.get_by_label("Select Person 000").check()
    page.locator("#page-next").click()
    page.get_by_label("Select Person 060").check()
    expect(page.locator("[data-picked]")).to_have_text("2")
    axe(page)
    page.get_by_role("button", name="Add tag").click()
    expect(page.locator(".toast")).to_contain_text("Tagged 2 people")
    expect(page.get_by_role("button", name="Add tag")).to_be_hidden()


def test_all_matching_sends_the_query_instead_of_rows(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(f"{LIST}?q=Person")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Select all 120 matching").click()
    page.get_by_role("button", name="Add tag").click()
    expect(page.locator(".toast")).to_contain_text("Tagged matching q=Person")


def test_changing_the_filters_ends_the_selection(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(LIST)
    page.get_by_label("Select Person 000").check()
    page.evaluate("document.querySelector('#q').value = 'Person 0'; document.querySelector('.filters').requestSubmit()")
    expect(page).to_have_url(re.compile("q="))
    expect(page.get_by_role("button", name="Add tag")).to_be_hidden()


def test_a_form_in_a_dialog_says_what_is_wrong_and_the_next_page_says_what_was_done(
    people: list[Any], page_as: Callable[..., Page], axe: Any
) -> None:
    page = page_as("support")
    page.goto(LIST)
    page.keyboard.press("c")
    expect(page.get_by_role("dialog", name="Add customer")).to_be_visible()
    axe(page)
    page.get_by_label("Email").fill("nonsense")
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value("nonsense")
    axe(page)
    page.get_by_role("link", name="Enter an email like name@example.com").click()
    expect(page.get_by_label("Email")).to_be_focused()
    page.get_by_label("Email").fill("new@lumenworks.example")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Added new@lumenworks.example")
    axe(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("Undone")


def test_escape_closes_a_dialog_and_gives_the_focus_back(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(LIST)
    page.locator("#add").click()
    expect(page.locator("#dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#add")).to_be_focused()
    assert page.locator("#dialog").inner_html() == ""


def test_a_drawer_opens_over_the_page_and_closes_when_the_server_says_so(
    people: list[Any], page_as: Callable[..., Page], axe: Any
) -> None:
    page = page_as("support")
    page.goto(f"{LIST}{people[0].pk}/")
    page.locator("#open-drawer").click()
    expect(page.get_by_role("dialog", name="Person 000")).to_be_visible()
    axe(page)
    page.locator("#rename").click()
    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator(".toast")).to_contain_text("Renamed")
    expect(page.locator("#open-drawer")).to_be_focused()


def test_the_palette_finds_opens_and_closes_by_keys(people: list[Any], page_as: Callable[..., Page], axe: Any) -> None:
    page = page_as("support")
    page.goto(LIST)
    page.locator("#open-" + str(people[3].pk)).focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option")).to_have_count(6)
    page.keyboard.type("Person 11")
    expect(page.get_by_role("option").first).to_contain_text("Person 110")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    axe(page)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("combobox")).to_have_attribute("aria-activedescendant", f"palette-{people[111].pk}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#open-" + str(people[3].pk))).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("Person 11")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Person 110")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Person 110")


def test_a_failed_request_keeps_the_rows_and_says_so(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support", expected=("htmx:sendError",))
    page.goto(LIST)
    page.context.set_offline(True)
    page.fill("#q", "x")
    expect(page.locator("#toasts")).to_contain_text("No connection. Nothing was changed.")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")


def test_lists_work_without_javascript(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support", java_script_enabled=False)
    page.goto(LIST)
    page.fill("#q", "Person 11")
    page.press("#q", "Enter")
    expect(page.locator("tbody tr")).to_have_count(10)
    page.click("#sort-name")
    expect(page.locator("tbody .name").first).to_have_text("Person 110")
    page.click("#add")
    page.get_by_label("Email").fill("new@lumenworks.example")
    page.get_by_role("button", name="Add customer").click()
    expect(page.locator(".toast")).to_contain_text("Added new@lumenworks.example")


def test_copying_says_that_it_was_copied(people: list[Any], page_as: Callable[..., Page]) -> None:
    page = page_as("support", permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{LIST}{people[0].pk}/")
    page.locator("#copy").click()
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "person0@lumenworks.example"
