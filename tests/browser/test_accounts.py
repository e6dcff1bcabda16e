"""The organisation flow with a new owner, contacts and the crown; an account edited in place and deleted (3.2)."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Account
from customers.models import Customer, Login, Membership
from engagement.models import Survey, SurveyResponse
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


def test_an_organisation_is_added_with_its_owner_who_signs_in_and_gets_contacts_and_a_crown(page_as):
    page = page_as("support")
    page.goto("/accounts/")
    page.get_by_role("link", name="Add customer").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Organisation").fill("Lumenworks")
    dialog.get_by_label("Owner’s email").fill("ana@lumenworks.example")
    dialog.get_by_role("button", name="Add customer").click()
    expect(dialog).to_contain_text("Enter the owner’s full name")

    dialog.get_by_label("Owner’s full name").fill("Ana Kovač")
    dialog.get_by_label("Set a password now").check()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("heading", name="Lumenworks", level=1)).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("Added Lumenworks")
    account = Account.objects.get()
    assert Login.objects.get().user.check_password(PASSWORD)

    page.get_by_role("navigation", name="Pages of the account").get_by_role("link", name="Contacts").click()
    row = page.get_by_role("row", name=re.compile("Ana Kovač"))
    expect(row).to_contain_text("Owner")
    expect(row.locator(".crown")).to_have_count(0)
    row.get_by_role("button", name="Change the role of Ana Kovač").click()
    page.get_by_role("button", name="Make key contact").click()
    expect(row.locator(".crown")).to_be_visible()

    page.get_by_role("link", name="Add contact").click()
    page.get_by_label("Email").fill("bo@lumenworks.example")
    page.get_by_label("Name", exact=True).fill("Bo Lindqvist")
    page.get_by_role("button", name="Add contact").click()
    expect(page.get_by_role("row", name=re.compile("Bo Lindqvist"))).to_contain_text("Contact")
    assert Membership.objects.filter(account=account, contact=True).count() == 2

    row.get_by_role("link", name="Ana Kovač").click()
    expect(page.locator(".record .crown")).to_be_visible()

    visitor = page_as(None)
    visitor.goto("/portal/")
    visitor.get_by_label("Email").fill("ana@lumenworks.example")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Sign in", exact=True).click()
    visitor.wait_for_url("**/portal/**")
    expect(visitor.get_by_text("Lumenworks").first).to_be_visible()


def test_an_account_is_edited_in_place_filtered_deleted_and_brought_back(page_as):
    DefinitionFactory(key="plan", type="choice", subject="account", label="Plan", is_key=True)
    account = AccountFactory(name="Acme", properties={"plan": ["Free"]})
    only = CustomerFactory(name="Only Here", account=account)
    AccountFactory(name="Zeta")
    page = page_as("support")
    page.goto(f"/accounts/{account.pk}/")
    page.get_by_role("link", name="Edit Plan").click()
    page.locator("#property-plan input[name=values]").first.fill("Scale")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#property-plan")).to_contain_text("Scale")
    expect(page.locator("dl.keys")).to_contain_text("Scale")

    page.goto("/accounts/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Property", exact=True).click()
    page.get_by_role("dialog").get_by_label("Value").fill("Scale")
    page.get_by_role("button", name="Show accounts").click()
    expect(page.get_by_role("link", name="Zeta")).to_have_count(0)
    page.get_by_role("link", name="Acme").click()

    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 customer belongs only to this account")
    dialog.get_by_label("Delete them too").check()
    dialog.get_by_role("button", name="Delete account").click()
    expect(page.locator("#toasts")).to_contain_text("Deleted Acme")
    assert Customer.objects.get(pk=only.pk).state == "deleted"
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Restored Acme")
    assert Customer.objects.get(pk=only.pk).state == "active"


def test_pages_of_accounts_look_right(page_as, looks_right):
    DefinitionFactory(key="plan", type="choice", subject="account", label="Plan", is_key=True)
    account = AccountFactory(name="Acme", external_id="org-1", properties={"plan": ["Scale"]})
    ana = CustomerFactory(name="Ana Kovač", email="ana@acme.example", account=account)
    Membership.objects.filter(customer=ana).update(owner=True, contact=True, key_contact=True)
    document = DocumentFactory(account=account, customer=ana)
    survey = Survey.objects.create(name="NPS", kind="nps")
    SurveyResponse.objects.create(survey=survey, account=account, score=9, answered_at=document.occurred_at)
    page = page_as("admin")
    for path in ("", "contacts/new/", "customers/", "feedback/", "delete/"):
        looks_right(page, f"/accounts/{account.pk}/{path}", [("light", 1440), ("dark", 390)])
    looks_right(page, "/accounts/")
    looks_right(page, "/accounts/new/")
