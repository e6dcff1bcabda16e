"""An admin steps into a customer's portal and comes back; the customer reads about it (8.3, 8.4, 9)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from feedback.models import Document
from tests.factories import AccountFactory, DocumentFactory
from tests.portal.cast import ana, customer, user_of

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = (
    "/portal/", "/portal/profile/", "/portal/preferences/", "/portal/password/", "/portal/organisations/",
    "/portal/feedback/", "/portal/feedback/new/", "/portal/activity/", "/portal/data/",
)  # fmt: skip
LOOKS = [("light", 1440), ("dark", 390)]


@pytest.fixture
def person() -> Customer:
    account = AccountFactory(name="Lumenworks International Holding of Barcelona")
    made = ana(account)
    customer("Ben Ode", "ben@lumen.test", account, contact=True, key_contact=True)
    DocumentFactory(title="The export stops at 10,000 rows", body="Every time.", customer=made, status="open")
    return made


def test_from_the_profile_into_the_portal_and_back(page_as: Callable[..., Page], person: Customer) -> None:
    page = page_as("admin")
    page.goto(f"/customers/{person.pk}/#notes")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Impersonate…").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("radio", name="Look only")).to_be_checked()
    dialog.get_by_role("button", name="Open the portal").click()
    expect(dialog.locator(".field__error")).to_contain_text("Enter the reason.")
    dialog.get_by_label("Reason").fill("Ticket 4711")
    dialog.get_by_role("radio", name="Act for them").check()
    dialog.get_by_role("button", name="Open the portal").click()

    bar = page.get_by_role("complementary", name="Impersonation")
    expect(bar).to_contain_text("You are Ana Kovač")
    expect(bar).to_contain_text("30 min left")
    expect(page).to_have_title("(As Ana) Home · Portal")
    page.get_by_role("link", name="Profile", exact=True).click()
    page.get_by_label("Your name").fill("Ana Novak")
    page.get_by_role("button", name="Save name").click()
    expect(page.locator("#toasts")).to_contain_text("Name saved")
    expect(bar).to_contain_text("30 min left")
    page.get_by_role("link", name="Your data").click()
    page.get_by_label("I want all data about me to be deleted").check()
    page.get_by_role("button", name="Delete my data").click()
    expect(page.get_by_role("alert")).to_contain_text("This is for Ana Novak alone")
    page.goto("/portal/nowhere/")
    expect(bar).to_contain_text("You are Ana")
    page.get_by_role("button", name="Back to admin").click()

    expect(page.locator("#toasts")).to_contain_text("Ended after")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana Novak")
    expect(page.locator(".acting")).to_have_count(0)

    own = page_as(user_of(person))
    own.goto("/portal/activity/")
    expect(own.locator(".acting")).to_have_count(0)
    log = own.locator(".timeline")
    expect(log).to_contain_text("Mina Admin went into your portal to act for you")
    expect(log).to_contain_text("Mina Admin changed your name")
    expect(log).to_contain_text("Mina Admin left your portal")


def test_a_customer_uses_the_portal_without_javascript(page_as: Callable[..., Page], person: Customer) -> None:
    page = page_as(user_of(person), java_script_enabled=False)
    page.goto("/portal/")
    page.get_by_role("link", name="New feedback").click()
    page.get_by_label("Subject").fill("Dark mode")
    page.get_by_label("Your feedback").fill("I like it.")
    page.get_by_role("button", name="Send feedback").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dark mode")
    assert Document.objects.get(title="Dark mode").customer_id == person.pk
    page.get_by_role("link", name="Organisations").click()
    page.get_by_role("main").get_by_role("link", name="Lumenworks").click()
    page.get_by_role("button", name="Remove Ben Ode").click()
    expect(page.locator("#toasts")).to_contain_text("Ben Ode is no longer in Lumenworks")


def test_a_customer_asks_for_deletion_and_takes_it_back(page_as: Callable[..., Page], person: Customer) -> None:
    page = page_as(user_of(person), width=390)
    page.goto("/portal/data/")
    page.get_by_label("I want all data about me to be deleted").check()
    page.get_by_role("button", name="Delete my data").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your data will be deleted")
    page.goto("/portal/profile/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your data will be deleted")
    page.get_by_role("button", name="Cancel the deletion").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Ana Kovač")


def test_the_pages_are_accessible_wide_and_narrow_in_both_themes(
    page_as: Callable[..., Page], person: Customer, looks_right: Callable[..., None]
) -> None:
    own = page_as(user_of(person))
    account, document = person.memberships.get().account_id, Document.objects.get()
    for path in (*PAGES, f"/portal/organisations/{account}/", f"/portal/feedback/{document.pk}/"):
        looks_right(own, path, LOOKS)
    own.goto("/portal/")
    small = own.evaluate(
        """[...document.querySelectorAll('a.btn, button.btn, .portal__nav a, .portal__row[href]')]
           .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
    )
    assert small == [], "what is tapped is 44 pixels high"


def test_the_bar_is_accessible_and_does_not_scroll_away(
    page_as: Callable[..., Page], person: Customer, axe: Callable[[Page], None]
) -> None:
    page = page_as("admin", width=390)
    page.goto(f"/customers/{person.pk}/impersonate/")
    axe(page)
    page.get_by_label("Reason").fill("Ticket 4711")
    page.get_by_role("button", name="Open the portal").click()
    page.goto("/portal/activity/")
    axe(page)
    page.mouse.wheel(0, 4000)
    expect(page.get_by_role("button", name="Back to admin")).to_be_in_viewport()
