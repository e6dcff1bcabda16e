"""Everything that staff do to one customer by hand, with real clicks and keys."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from customers.editing import add_identifier, set_property
from customers.joining import join
from customers.models import Customer
from customers.noting import add_note
from tests.customers.people import STAFF, person, synced

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana() -> Customer:
    customer = synced(Plan=["Team"], **{"company.domain": ["ex.test"]})
    add_identifier(customer, "email", "ana@home.test", actor=STAFF)
    return customer


def test_a_customer_is_added_from_the_list(page_as: Callable[..., Page], axe: Callable[[Page], None]) -> None:
    person("Bo", "bo@ex.test")
    page = page_as("support")
    page.goto("/customers/")
    page.get_by_role("link", name="Add customer").first.click()
    dialog = page.get_by_role("dialog", name="Add customer")
    expect(dialog).to_be_visible()
    axe(page)
    dialog.get_by_label("Email").fill("bo@ex.test")
    dialog.get_by_label("Name").fill("Zoë Ruiz")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_contain_text("Bo already uses this email.")
    axe(page)
    dialog.get_by_label("Email").fill("zoe@ex.test")
    dialog.get_by_text("More properties").click()
    dialog.get_by_label("Key", exact=True).fill("plan")
    dialog.get_by_label("Value", exact=True).fill("Team")
    dialog.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("heading", name="Zoë Ruiz", level=1)).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("Added Zoë Ruiz")
    assert Customer.objects.get(name="Zoë Ruiz").properties == {"plan": ["Team"]}


def test_the_name_is_edited_in_place(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    page.locator("#edit-name").click()
    field = page.get_by_label("Name", exact=True)
    expect(field).to_be_focused()
    page.locator("#customer-header").get_by_role("link", name="Cancel").click()
    expect(page.locator("#edit-name")).to_be_focused()
    page.keyboard.press("e")
    expect(field).to_be_focused()
    field.fill("مريم Ruiz")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="مريم Ruiz", level=1)).to_be_visible()
    expect(page.locator("#edit-name")).to_be_focused()
    expect(page.locator("#announce")).to_have_text("Name saved")


def test_properties_are_added_edited_removed_and_brought_back(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    group = page.locator("#properties")
    page.locator("#add-property").click()
    expect(group.get_by_label("Property")).to_be_focused()
    axe(page)
    group.get_by_label("Property").fill("company.seats")
    group.get_by_label("Type").select_option("number")
    group.get_by_label("Value", exact=True).fill("many")
    page.keyboard.press("Enter")
    expect(group.get_by_label("Value", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(group.get_by_text("Must be a number")).to_be_visible()
    group.get_by_label("Value", exact=True).fill("1,204")
    page.keyboard.press("Enter")
    expect(page.locator("#company")).to_contain_text("1,204")
    row = page.locator("#property-Plan")
    row.hover()
    expect(row.locator(".origin")).to_contain_text("From Warehouse")
    row.get_by_role("link", name="Edit Plan").click()
    value = row.get_by_role("textbox").first
    expect(value).to_be_focused()
    value.fill("Scale")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Scale")
    expect(page.locator("#edit-property-Plan")).to_be_focused()
    expect(row.locator(".origin")).to_contain_text("was Team")
    row.get_by_role("link", name="Edit Plan").click()
    expect(value).to_be_focused()
    axe(page)
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#property-Plan")).to_contain_text("Scale")
    page.locator("#property-Plan").hover()
    page.get_by_role("link", name="Edit Plan").click()
    page.get_by_role("button", name="Reset to synced").click()
    expect(page.locator("#property-Plan")).to_contain_text("Team")


def test_somebody_elses_change_is_shown_before_it_is_overwritten(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/properties/Plan/")
    row = page.locator("#property-Plan")
    row.get_by_role("textbox").first.fill("Mine")
    set_property(ana, "Plan", ["Theirs"], actor=STAFF)
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("alert")).to_contain_text("Plan was changed while you were editing.")
    axe(page)
    row.get_by_role("button", name="Keep mine").click()
    expect(row.get_by_role("alert")).to_have_count(0)
    expect(row).to_contain_text("Mine")


def test_another_email_is_made_primary(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    details = page.locator("#contact-details")
    details.get_by_text("ana@home.test").hover()
    details.get_by_role("link", name="Edit ana@home.test").click()
    details.get_by_role("button", name="Make primary").click()
    expect(page.locator("#customer-header").get_by_role("link", name="ana@home.test")).to_be_visible()
    details.get_by_role("link", name="Add").click()
    details.get_by_label("Kind").select_option("handle")
    details.get_by_label("Contact detail").fill("twitter:ana")
    page.keyboard.press("Enter")
    expect(details).to_contain_text("twitter:ana")


def test_tags_are_put_on_by_keyboard_and_taken_off(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    page.locator("#add-tag").click()
    expect(page.get_by_role("combobox", name="Tag")).to_be_focused()
    page.keyboard.type("VIP")
    expect(page.get_by_role("option", name=re.compile("Create"))).to_be_visible()
    page.keyboard.press("Enter")
    header = page.locator("#customer-header")
    expect(header.locator(".tag")).to_have_text(["VIP"])
    expect(page.locator("#add-tag")).to_be_focused()
    header.get_by_role("button", name="Remove tag VIP").click()
    expect(header.locator(".tag")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(header.locator(".tag")).to_have_text(["VIP"])


def test_notes_are_written_edited_pinned_and_deleted(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    notes = page.locator("#notes")
    notes.get_by_label("New note").fill("Prefers a call.")
    page.keyboard.press("Control+Enter")
    expect(notes.get_by_text("Prefers a call.")).to_be_visible()
    expect(notes.get_by_label("New note")).to_have_value("")
    notes.get_by_role("link", name="Edit note").click()
    notes.get_by_label("Note", exact=True).fill("Prefers mail.")
    notes.get_by_role("button", name="Save").click()
    expect(notes.get_by_text("Prefers mail.")).to_be_visible()
    notes.get_by_role("button", name="Pin note", exact=True).click()
    expect(notes.get_by_text("Pinned")).to_be_visible()
    notes.get_by_role("button", name="Delete note").click()
    expect(notes.get_by_text("Prefers mail.")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#notes").get_by_text("Prefers mail.")).to_be_visible()


def test_everything_works_without_scripts(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("support", java_script_enabled=False)
    page.goto(f"/customers/{ana.pk}/")
    page.locator("#edit-property-Plan").click(force=True)
    page.locator("#property-Plan").get_by_role("textbox").first.fill("Scale")
    page.locator("#property-Plan").get_by_role("button", name="Save").click()
    expect(page.locator("#property-Plan")).to_contain_text("Scale")
    page.goto("/customers/new/")
    page.get_by_label("Email").fill("zoe@ex.test")
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("heading", name="zoe@ex.test", level=1)).to_be_visible()


def test_a_key_contact_gets_the_crown_and_keeps_the_keyboard(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    join(ana, Account.objects.create(name="Lumenworks"), actor=STAFF)
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    accounts = page.locator("#accounts")
    contact, key = (accounts.get_by_role("button", name=name, exact=True) for name in ("Contact", "Key contact"))
    key.focus()
    page.keyboard.press("Enter")
    expect(key).to_have_attribute("aria-pressed", "true")
    expect(contact).to_have_attribute("aria-pressed", "true")
    expect(key).to_be_focused()
    expect(page.locator("#customer-header .crown")).to_be_visible()
    axe(page)
    page.emulate_media(color_scheme="dark")
    axe(page)
    contact.click()
    expect(key).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#customer-header .crown")).to_have_count(0)


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_the_page_looks_right_in_both_themes_wide_and_narrow(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: Customer, role: str
) -> None:
    add_note(ana, "مرحبا 🎉 " + "long" * 60, actor=STAFF)
    set_property(ana, "Long_" + "x" * 90, ["y" * 300, "https://ex.test/" + "z" * 200], actor=STAFF)
    looks_right(page_as(role), f"/customers/{ana.pk}/")


@pytest.mark.parametrize("width", [390, 1440, 1920])
def test_the_heading_of_the_company_keeps_within_its_column(
    page_as: Callable[..., Page], ana: Customer, width: int
) -> None:
    set_property(ana, "company.name", ["Compassmark and Daughters of Rijeka, Import and Export"], actor=STAFF)
    page = page_as("support", width=width)
    page.goto(f"/customers/{ana.pk}/")
    head = page.locator("#company .section__head")
    expect(head).to_contain_text("Compassmark")
    assert head.evaluate("it => it.scrollWidth - it.clientWidth") <= 0


@pytest.mark.parametrize("path", ["edit/", "identifiers/", "properties/", "properties/Plan/", "tags/", "memberships/"])
def test_open_forms_look_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: Customer, path: str
) -> None:
    looks: Any = [("light", 1440), ("dark", 390)]
    looks_right(page_as("support"), f"/customers/{ana.pk}/{path}", looks)


def test_adding_looks_right(page_as: Callable[..., Page], looks_right: Callable[..., None]) -> None:
    looks_right(page_as("support"), "/customers/new/")
