"""A filter is saved as a segment, and selected customers are put into one: with real clicks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from customers import segmenting
from customers.models import Segment, SegmentMember, Tag
from tests.customers.people import mina
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(page_as: Callable[..., Page]) -> Page:
    CustomerFactory(name="Ana Kovač", tags=["VIP"])
    CustomerFactory(name="Ben Okri")
    CustomerFactory(name="Cara Lim")
    segmenting.create("Beta testers", actor=mina())
    page = page_as("support")
    page.goto("/customers/")
    return page


def test_a_filtered_list_becomes_a_segment_that_filters_lists_and_stands_on_the_profile(page: Page) -> None:
    expect(page.locator("#save-segment")).to_have_count(0)
    page.locator("#b-tag").click()
    page.locator("#m-tag label", has_text="VIP").click()
    page.keyboard.press("Escape")
    page.locator("#save-segment").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("VIP")
    dialog.get_by_label("Name").fill("beta TESTERS")
    dialog.get_by_role("button", name="Save segment").click()
    expect(dialog).to_contain_text("Another segment has this name.")
    dialog.get_by_label("Name").fill("Important")
    dialog.get_by_role("button", name="Save segment").click()
    expect(page).to_have_url(re.compile(r"/segments/\d+/$"))
    expect(page.locator("#members")).to_contain_text("Ana Kovač")
    assert Segment.objects.get(name="Important").query == f"tag={Tag.objects.get().pk}"
    page.get_by_role("link", name="Open as a list").click()
    expect(page.locator("#chips")).to_contain_text("Important")
    expect(page.locator(".results tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Ana Kovač").click()
    expect(page.locator("#segments")).to_contain_text("Important")


def test_selected_customers_are_put_into_a_segment_undone_and_added_by_search(page: Page) -> None:
    page.get_by_label("Select Ana Kovač").check()
    page.get_by_label("Select Cara Lim").check()
    page.get_by_role("button", name="Segment", exact=True).click()
    page.locator("#bulk-segment").fill("Nothing")
    page.get_by_role("button", name="Add to segment").click()
    expect(page.locator("#segment-problem")).to_have_text("There is no segment called “Nothing”.")
    page.locator("#bulk-segment").fill("Beta testers")
    page.get_by_role("button", name="Add to segment").click()
    expect(page.locator("#toasts")).to_contain_text("2 of 2 added to the segment “Beta testers”.")
    assert SegmentMember.objects.count() == 2
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone: segment “Beta testers” on 2 customers.")
    assert not SegmentMember.objects.exists()
    page.goto(f"/segments/{Segment.objects.get().pk}/")
    page.locator("#find-customer").fill("ben")
    page.get_by_role("button", name="Add Ben Okri").click()
    expect(page.locator("#members tbody")).to_contain_text("Ben Okri")
    page.get_by_role("button", name="Remove Ben Okri").click()
    expect(page.locator("#members")).to_contain_text("Nobody is in it")
