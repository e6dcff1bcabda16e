"""Two records of one person merged and taken apart again by hand, with real clicks and keys."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from customers import duplicates
from customers.models import Customer
from tests.customers.merge_cast import pair
from tests.customers.people import STAFF

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_merge_from_the_profile_with_preview_picks_and_undo(
    page_as: Callable[..., Page], looks_right: Callable[..., None]
) -> None:
    kept, source = pair()
    page = page_as("support")
    page.goto(f"/customers/{kept.pk}/")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Merge…").click()
    page.get_by_role("searchbox").fill("a. kovac")
    page.get_by_role("link", name="Compare with A. Kovac").click()
    name = page.get_by_role("row", name="Name", exact=False).first
    name.get_by_text("A. Kovac").click()
    expect(name.locator("output")).to_contain_text("A. Kovac")
    page.get_by_role("button", name="Swap sides").click()
    expect(page.get_by_text("Ana Kovač merges into A. Kovac")).to_be_visible()
    page.get_by_role("button", name="Swap sides").click()
    expect(page.get_by_label("Name: A. Kovac, from A. Kovac")).to_be_checked()
    looks_right(page, page.url)
    page.get_by_role("button", name="Merge customers").click()
    expect(page.get_by_role("heading", name="A. Kovac", level=1)).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("into this profile")
    page.goto(f"/customers/{source.pk}/")
    expect(page).to_have_url(re.compile(rf"/customers/{kept.pk}/$"))
    looks_right(page, f"/customers/{kept.pk}/")
    page.get_by_role("button", name="Undo merge").click()
    expect(page.get_by_role("heading", name="Ana Kovač", level=1)).to_be_visible()
    page.goto(f"/customers/{source.pk}/")
    expect(page.get_by_role("heading", name="A. Kovac", level=1)).to_be_visible()


def test_two_selected_rows_are_merged(page_as: Callable[..., Page]) -> None:
    kept, source = pair()
    page = page_as("support")
    page.goto("/customers/")
    page.get_by_label("Select Ana Kovač").check()
    page.get_by_label("Select A. Kovac").check()
    page.get_by_role("region", name="Bulk actions").get_by_role("button", name="Merge").click()
    page.get_by_role("button", name="Merge customers").click()
    expect(page.locator("#toasts")).to_contain_text("Merged Ana Kovač into this profile.")
    assert Customer.objects.get(pk=kept.pk).merged_into_id == source.pk


def test_probable_duplicates_are_dismissed_or_merged(
    page_as: Callable[..., Page], looks_right: Callable[..., None]
) -> None:
    pair()
    duplicates.find(actor=STAFF)
    page = page_as("support")
    page.goto("/customers/")
    page.get_by_role("link", name="Duplicates").click()
    looks_right(page, "/customers/duplicates/")
    page.get_by_role("link", name="Merge Ana Kovač and A. Kovac").click()
    expect(page.get_by_role("heading", name="Merge two customers")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Dismiss Ana Kovač and A. Kovac").click()
    expect(page.get_by_role("heading", name="No probable duplicates")).to_be_visible()
