"""The frame around every page, in a real browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from staff.models import Session

pytestmark = pytest.mark.django_db(transaction=True)
PREFERENCES = "/settings/preferences/"


def test_the_preferences_page_is_accessible_in_both_themes_and_widths(
    page_as: Callable[..., Page], looks_right: Any
) -> None:
    looks_right(page_as("support"), PREFERENCES)


def test_the_sign_in_page_is_accessible_in_both_themes_and_widths(
    page_as: Callable[..., Page], looks_right: Any
) -> None:
    looks_right(page_as(None), "/sign-in/")


def test_error_pages_are_accessible(page_as: Callable[..., Page], looks_right: Any) -> None:
    looks_right(page_as("support"), "/there-is-no-such-page/")


def test_somebody_signs_in_and_comes_to_the_page_they_wanted(page_as: Callable[..., Page]) -> None:
    from staff.models import User

    User.objects.create_user("ana@roster.example", "roster-demo", name="Ana Ruiz", role="support")
    page = page_as(None)
    page.goto(PREFERENCES)
    expect(page).to_have_title("Sign in · Roster")
    page.get_by_label("Email").fill("ana@roster.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Email and password do not match an account")
    page.get_by_label("Password").fill("roster-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()


def test_the_skip_link_comes_first_and_leads_to_the_content(page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(PREFERENCES)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_theme_changes_at_once_and_stays(page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(PREFERENCES)
    with page.expect_response(re.compile("/theme/")) as answer:
        page.get_by_role("button", name="Switch theme").click()
    assert answer.value.status == 204
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_preferences_work_without_javascript(page_as: Callable[..., Page]) -> None:
    page = page_as("support", java_script_enabled=False)
    page.goto(PREFERENCES)
    page.get_by_label("Dark").check()
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save preferences").click()
    expect(page.locator("#toasts")).to_contain_text("Preferences saved")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


def test_the_question_mark_lists_the_keys_unless_preferences_say_otherwise(page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(PREFERENCES)
    page.locator("#main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.get_by_label("Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Save preferences").click()
    expect(page.locator("#toasts")).to_contain_text("Preferences saved")
    page.locator("#main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_on_a_phone_the_sidebar_opens_from_the_menu_button(page_as: Callable[..., Page], axe: Any) -> None:
    page = page_as("support", width=390)
    page.goto(PREFERENCES)
    expect(page.get_by_role("complementary", name="Sidebar")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("complementary", name="Sidebar")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Sidebar")).to_be_hidden()


def test_the_user_menu_signs_out(page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(PREFERENCES)
    page.get_by_role("button", name="Mina Support").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · Roster")
    page.goto(PREFERENCES)
    expect(page).to_have_title("Sign in · Roster")


def test_an_expired_session_takes_the_whole_page_to_sign_in(page_as: Callable[..., Page]) -> None:
    page = page_as("support")
    page.goto(PREFERENCES)
    Session.objects.all().delete()
    page.get_by_role("button", name="Switch theme").click()
    expect(page).to_have_title("Sign in · Roster")
    assert page.url.endswith(f"?next={PREFERENCES}")
