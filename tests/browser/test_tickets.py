"""The issue's own walk, on the public support tickets: import, search a name, open the profile and a ticket, Remove,
Add Customer, Create New Customer with an email that exists."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from feedback.models import Document
from integrations.models import Import
from tests.integrations.test_import_running import imported, tickets

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_support_team_works_with_its_imported_tickets(page_as: Callable[..., Page]) -> None:
    job: Import = imported(tickets(40))
    assert job.created_count == 40
    ticket = Document.objects.get(external_id="7")
    page = page_as("support")

    page.goto("/customers/")
    page.get_by_role("searchbox", name="Search customers").fill("person 7")
    page.locator("#results").get_by_role("link", name="Person 7", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Person 7")
    expect(page.locator("#feedback")).to_contain_text("Product setup 7")

    page.locator("#feedback").get_by_role("link", name="Product setup 7").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Product setup 7")
    page.locator("#remove-customer").click()
    expect(page.locator("#toasts")).to_contain_text("permanently deleted on")
    expect(page.get_by_role("link", name="Add Customer")).to_be_visible()

    page.get_by_role("link", name="Add Customer").click()
    expect(page.locator("#picker-q")).to_be_focused()
    page.keyboard.type("person8@example.com")
    page.get_by_role("option", name="Person 8").click()
    expect(page.locator("#doc-customer")).to_contain_text("Person 8")

    page.locator("#change-customer").click()
    expect(page.locator("#picker-q")).to_be_focused()
    page.keyboard.type("person7@example.com")
    page.get_by_role("option", name="Create New Customer “person7@example.com”").click()
    expect(page.get_by_label("Email", exact=True)).to_have_value("person7@example.com")
    expect(page.locator("#dialog :focus")).to_have_count(1)
    page.get_by_label("Name", exact=True).fill("Priya Seventh")
    page.get_by_role("button", name="Create and link").click()
    expect(page.locator("#doc-customer")).to_contain_text("Priya Seventh")
    expect(page.locator("#toasts")).to_contain_text("renamed to Priya Seventh")
    ticket.refresh_from_db()
    assert ticket.customer == Customer.objects.get(name="Priya Seventh", primary_email="person7@example.com")
    assert Customer.objects.count() == 40
