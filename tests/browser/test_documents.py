"""Documents in a real browser: all of Add Customer by clicks and keys (5.3), the list's filters, axe everywhere."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from feedback.models import Document
from tests.browser.conftest import travel
from tests.feedback.conftest import person, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(page_as: Callable[..., Page]) -> Page:
    return page_as("support")


def customer_of(document: Document) -> Customer | None:
    return Document.objects.select_related("customer").get(pk=document.pk).customer


def test_the_pages_are_accessible_in_both_themes_and_widths(page: Page, looks_right: Any) -> None:
    ana = person("Ana Kovač", "ana@ex.test", plan="pro")
    with_customer = write(
        customer=ana, status="open", metadata={"a": {"b": 1}}, author={"name": "Ana", "verified": False}
    )
    without = write(title="Second", channel="voice", hours=30)
    for path in (
        "/documents/", "/documents/?q=second&channel=voice&unassigned=true", "/documents/?q=nothing",
        "/documents/groups/?by=channel",
        f"/documents/{with_customer.pk}/", f"/documents/{without.pk}/", f"/documents/{with_customer.pk}/customer/",
        f"/documents/{without.pk}/customer/add/?q=ana", f"/documents/{without.pk}/customer/new/",
        f"/documents/of/{ana.pk}/",
    ):  # fmt: skip
        looks_right(page, path)


@pytest.mark.parametrize("width", [1440, 1920])
def test_the_facts_beside_a_short_document_reach_the_foot_of_the_window(
    page_as: Callable[..., Page], width: int
) -> None:
    page = page_as("support", width=width)
    page.goto(f"/documents/{write().pk}/")
    facts = page.locator(".split > aside").bounding_box()
    assert facts is not None
    assert facts["y"] + facts["height"] >= 900
    assert page.evaluate("document.documentElement.scrollHeight") <= 901


def test_a_customer_is_found_by_typing_and_linked_with_the_keyboard_alone(page: Page, axe: Any) -> None:
    ana, document = person("Ana Kovač", "ana@ex.test"), write()
    person("Bo Berg", "bo@ex.test")
    page.goto(f"/documents/{document.pk}/")
    page.locator("#doc-customer").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#picker-q")).to_be_focused()
    page.keyboard.type("ana")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(page.get_by_role("option").last).to_contain_text("Create New Customer “ana”")
    axe(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#doc-customer")).to_contain_text("Ana Kovač")
    expect(page.locator("#doc-customer")).to_be_focused()
    expect(page.locator(".toast")).to_contain_text("Ana Kovač is the customer of this document.")
    assert customer_of(document) == ana


def test_undo_takes_the_customer_away_again(page: Page) -> None:
    person("Ana Kovač", "ana@ex.test")
    document = write(author={"email": "ana@ex.test"})
    page.goto(f"/documents/{document.pk}/")
    page.get_by_role("link", name="Add Customer").click()
    page.get_by_role("option", name="Ana Kovač").click()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Add Customer")).to_be_visible()
    expect(page).to_have_url(f"{page.url.split('/documents')[0]}/documents/{document.pk}/")
    assert customer_of(document) is None


def test_a_new_customer_is_created_with_mistakes_said_on_the_way(page: Page, axe: Any) -> None:
    document = write()
    page.goto(f"/documents/{document.pk}/")
    page.get_by_role("link", name="Add Customer").click()
    page.locator("#picker-q").fill("cy@ex.test")
    page.get_by_role("option", name="Create New Customer “cy@ex.test”").click()
    expect(page.get_by_label("Email", exact=True)).to_have_value("cy@ex.test")
    page.get_by_role("button", name="Create and link").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a name.")
    axe(page)
    page.get_by_label("Name", exact=True).fill("Cy Young")
    page.locator("summary", has_text="Properties").click()
    page.get_by_label("Property 1").fill("plan")
    page.get_by_label("Value 1").fill("pro")
    page.get_by_role("button", name="Another property").click()
    expect(page.get_by_label("Property 2")).to_be_visible()
    expect(page.get_by_label("Value 1")).to_have_value("pro")
    page.get_by_role("button", name="Create and link").click()
    expect(page.locator("#doc-customer")).to_contain_text("Cy Young")
    expect(page.locator("#doc-customer")).to_be_focused()
    made = customer_of(document)
    assert made is not None
    assert made.properties == {"plan": ["pro"]}


def test_an_email_that_exists_is_said_before_and_after(page: Page) -> None:
    ana, document = person("Ana Kovač", "ana@ex.test"), write()
    page.goto(f"/documents/{document.pk}/")
    page.get_by_role("link", name="Add Customer").click()
    page.get_by_role("option", name="Create New Customer").click()
    page.get_by_label("Email", exact=True).fill("ANA@ex.test")
    page.get_by_label("Name", exact=True).fill("Ana Novak")
    expect(page.locator("#email-note")).to_contain_text("This email is Ana Kovač’s")
    page.get_by_role("button", name="Create and link").click()
    expect(page.locator(".toast")).to_contain_text("renamed to Ana Novak and linked")
    assert customer_of(document) == ana


def test_change_replaces_and_remove_unlinks_keeping_the_focus(page: Page) -> None:
    bo, document = person("Bo Berg", "bo@ex.test"), write(customer=person("Ana Kovač", "ana@ex.test"))
    page.goto(f"/documents/{document.pk}/")
    page.get_by_role("link", name="Change customer").click()
    page.locator("#picker-q").fill("bo")
    page.get_by_role("option", name="Bo Berg").click()
    expect(page.locator("#doc-customer")).to_contain_text("Bo Berg")
    assert customer_of(document) == bo
    page.get_by_role("button", name="Remove customer").click()
    expect(page.get_by_role("link", name="Add Customer")).to_be_visible()
    expect(page.locator("#doc-customer")).to_be_focused()
    expect(page.locator(".toast").last).to_contain_text("Removed Bo Berg.")
    page.locator(".toast").last.get_by_role("button", name="Undo").click()
    expect(page.locator("#doc-customer")).to_contain_text("Bo Berg")


def test_the_drawer_opens_over_the_document_and_escape_returns_the_focus(page: Page, axe: Any) -> None:
    ana = person("Ana Kovač", "ana@ex.test")
    document = write(customer=ana)
    write(title="Another one", customer=ana, hours=5)
    page.goto(f"/documents/{document.pk}/")
    page.locator("#doc-customer").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", name="Ana Kovač")).to_be_visible()
    expect(drawer.get_by_role("link", name="Another one")).to_be_visible()
    drawer.get_by_label("Property", exact=True).fill("plan")
    drawer.get_by_label("Value", exact=True).fill("pro")
    drawer.get_by_role("button", name="Assign").click()
    expect(drawer.get_by_role("button", name="Remove Plan")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.locator("#doc-customer")).to_be_focused()


def test_remove_and_change_work_from_the_drawer(page: Page) -> None:
    bo, document = person("Bo Berg", "bo@ex.test"), write(customer=person("Ana Kovač", "ana@ex.test"))
    page.goto(f"/documents/{document.pk}/")
    page.locator("#doc-customer").click()
    page.locator("#drawer").get_by_role("link", name="Change").click()
    page.locator("#picker-q").fill("bo")
    page.get_by_role("option", name="Bo Berg").click()
    expect(page.locator("#doc-customer")).to_contain_text("Bo Berg")
    assert customer_of(document) == bo
    page.locator("#doc-customer").click()
    page.locator("#drawer").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("link", name="Add Customer")).to_be_visible()
    expect(page.locator("#drawer")).to_be_hidden()


def test_filters_search_and_back_keep_the_list_and_its_address_together(page: Page) -> None:
    write(title="A letter", channel="email", hours=1)
    write(title="A call", channel="voice", hours=2)
    page.goto("/documents/")
    page.locator("#b-channel").click()
    page.locator("#m-channel").get_by_label("Voice").check()
    expect(page.locator(".results .name")).to_have_text(["A call"])
    expect(page.locator("#t-channel")).to_contain_text("Channel is Voice")
    expect(page.locator("#m-channel")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#x-channel a").click()
    expect(page.locator(".results .name")).to_have_count(2)
    expect(page.locator("#m-channel input:checked")).to_have_count(0)
    page.locator("#q").press_sequentially("lett")
    expect(page.locator(".results .name")).to_have_text(["A letter"])
    expect(page.locator("#q")).to_be_focused()
    travel(page, "back")
    expect(page.locator(".results .name")).to_have_text(["A call"])


def test_counts_appear_beside_the_list_and_follow_its_filters(page: Page) -> None:
    write(title="A letter", channel="email", hours=1)
    write(title="A call", channel="voice", hours=2)
    page.goto("/documents/")
    page.get_by_role("button", name="Counts").click()
    page.locator("#m-by").get_by_label("Channel").check()
    expect(page.locator("#groups")).to_contain_text("2 documents in all")
    page.keyboard.press("Escape")
    page.locator("#q").press_sequentially("call")
    expect(page.locator("#groups")).to_contain_text("1 document in all")


def test_status_and_tags_change_in_place(page: Page) -> None:
    document = write()
    page.goto(f"/documents/{document.pk}/")
    page.locator("#status").fill("solved")
    page.locator("#status-save").click()
    expect(page.locator("#document-status .badge")).to_have_text("solved")
    page.locator("#tag").fill("Billing")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the tag Billing")).to_be_visible()
    page.get_by_role("button", name="Remove the tag Billing").click()
    expect(page.locator("#document-tags .tag")).to_have_count(0)


def test_without_javascript_a_customer_is_added_by_links_and_forms(page_as: Callable[..., Page]) -> None:
    ana, document = person("Ana Kovač", "ana@ex.test"), write()
    page = page_as("support", java_script_enabled=False)
    page.goto(f"/documents/{document.pk}/")
    page.get_by_role("link", name="Add Customer").click()
    page.get_by_label("Search customers by name or email").fill("ana")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Choose Ana Kovač").click()
    expect(page.locator("#doc-customer")).to_contain_text("Ana Kovač")
    assert customer_of(document) == ana
