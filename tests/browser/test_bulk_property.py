"""A property is set on selected customers and accounts, refused with a reason, and given back: with real clicks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from customers.models import Customer
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_property_is_set_on_those_selected_and_given_back(page_as: Callable[..., Page]) -> None:
    DefinitionFactory(key="plan")
    CustomerFactory(name="Ana Kovač", properties={"plan": ["Pro"]})
    CustomerFactory(name="Ben Okri")
    page = page_as("support")
    page.goto("/customers/")
    page.get_by_label("Select Ana Kovač").check()
    page.get_by_label("Select Ben Okri").check()
    page.get_by_role("button", name="Property", exact=True).click()
    expect(page.locator("#bulk-key")).to_be_focused()
    page.locator("#bulk-key").fill("plam")
    page.locator("#bulk-value").fill("Team")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#property-problem")).to_have_text("There is no property “plam”.")
    page.locator("#bulk-key").fill("plan")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Set plan = Team on 2 of 2.")
    assert [one.properties for one in Customer.objects.order_by("pk")] == [{"plan": ["Team"]}] * 2
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone: property “plan” on 2 customers.")
    assert [one.properties for one in Customer.objects.order_by("pk")] == [{"plan": ["Pro"]}, {}]


def test_a_property_is_removed_from_selected_accounts(page_as: Callable[..., Page]) -> None:
    DefinitionFactory(key="tier", subject="account")
    AccountFactory(name="Acme", properties={"tier": ["gold"]})
    page = page_as("support")
    page.goto("/accounts/")
    page.get_by_label("Select Acme").check()
    page.get_by_role("button", name="Property", exact=True).click()
    page.locator("#bulk-key").fill("tier")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Removed tier from 1 of 1.")
    assert Account.objects.get().properties == {}
