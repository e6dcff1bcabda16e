"""Many documents tagged, deleted, restored; many customers and documents permanently deleted, with real clicks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core import jobs
from customers import merging
from customers.deleting import delete_many
from customers.holding import hold
from customers.models import Customer
from customers.noting import add_note
from feedback import deleting as documents
from feedback.models import Document, DocumentEdit
from retention.models import Purge
from tests.customers.people import STAFF, mina
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_documents_are_tagged_deleted_undone_and_restored(
    page_as: Callable[..., Page], axe: Callable[[Page], None]
) -> None:
    for number in range(3):
        DocumentFactory(title=f"Export {number} fails")
    page = page_as("support")
    page.goto("/documents/")
    bar, toasts = page.get_by_role("region", name="Bulk actions"), page.locator("#toasts")
    page.get_by_role("checkbox", name="Export 1 fails").check()
    expect(bar).to_contain_text("1 selected")
    expect(page.get_by_role("search")).to_be_hidden()
    axe(page)
    bar.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("combobox", name="Tag").fill("Exports")
    axe(page)
    page.get_by_role("button", name="Add tag").click()
    expect(toasts).to_contain_text("Added tag “Exports” on 1 of 1.")
    expect(page.get_by_role("row", name="Export 1 fails")).to_contain_text("Exports")
    expect(bar).to_be_hidden()

    page.get_by_role("checkbox", name="Select all on this page").check()
    bar.get_by_role("button", name="Delete").click()
    expect(toasts).to_contain_text("Deleted 3 of 3. Kept for 30 days.")
    expect(page.get_by_role("heading", name="No documents yet")).to_be_visible()
    toasts.get_by_role("button", name="Undo").last.click()
    expect(toasts).to_contain_text("Restored 3 documents")
    expect(page.get_by_role("link", name="Export 2 fails")).to_be_visible()

    page.get_by_role("checkbox", name="Export 2 fails").check()
    bar.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Export 2 fails")).to_have_count(0)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Deleted documents").click()
    expect(page.get_by_role("heading", name="Deleted documents")).to_be_visible()
    expect(page.get_by_role("cell", name="in 30 days")).to_be_visible()
    page.get_by_role("checkbox", name="Export 2 fails").check()
    axe(page)
    bar.get_by_role("button", name="Restore").click()
    expect(toasts).to_contain_text("Restored 1 of 1.")
    expect(page.get_by_role("heading", name="No deleted documents")).to_be_visible()
    assert Document.objects.active().count() == 3


def test_all_documents_that_match_are_deleted_in_the_background_and_what_stays_is_named(
    page_as: Callable[..., Page], looks_right: Callable[..., None]
) -> None:
    held = CustomerFactory()
    hold(held, "Case 17", actor=STAFF)
    DocumentFactory(title="Evidence", customer=held)
    DocumentFactory.create_batch(55)
    page = page_as("support")
    page.goto("/documents/")
    expect(page.locator("#count")).to_have_text("56")
    page.get_by_role("checkbox", name="Select all on this page").check()
    bar = page.get_by_role("region", name="Bulk actions")
    bar.get_by_role("button", name="Select all 56 that match").click()
    expect(bar).to_contain_text("56 selected")
    bar.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    jobs.run(DocumentEdit, DocumentEdit.objects.get().pk)
    expect(page.get_by_text("56 of 56 documents · 55 deleted · 1 skipped")).to_be_visible()
    expect(page.get_by_role("row", name="On legal hold: Case 17")).to_be_visible()
    looks_right(page, page.url)
    page.get_by_role("link", name="deleted documents").click()
    expect(page.locator("#count")).to_have_text("55")


def test_several_customers_are_permanently_deleted_by_typing_their_number(
    page_as: Callable[..., Page], looks_right: Callable[..., None], axe: Callable[[Page], None]
) -> None:
    people = [CustomerFactory(name=f"Ana {n}", email=f"ana{n}@ex.test") for n in range(3)]
    for one in people:
        DocumentFactory(customer=one, title=f"{one.name} asks")
    delete_many([one.pk for one in people], actor=mina())
    hold(people[2], "Case 17: keep until the court has decided", actor=STAFF)
    page = page_as("admin")
    page.goto("/customers/?deleted=true")
    expect(page.get_by_role("heading", name="Deleted customers")).to_be_visible()
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("button", name="Permanently delete…").click()
    expect(page.get_by_role("heading", name="Permanently delete 2 customers?")).to_be_visible()
    expect(page.get_by_role("note")).to_contain_text("Ana 2: On legal hold: Case 17")
    expect(page.get_by_role("row", name="Emails, phones, user IDs and handles")).to_contain_text("2")
    axe(page)
    page.get_by_label("Keep it, anonymised").check()
    page.get_by_role("textbox").last.fill("delete 3 customers")
    page.get_by_role("button", name="Permanently delete").click()
    expect(page.get_by_text("Nothing was deleted.").first).to_be_visible()
    expect(page.get_by_label("Keep it, anonymised")).to_be_checked()
    axe(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("textbox").last.fill("delete 2 customers")
    page.get_by_role("button", name="Permanently delete").click()
    expect(page.get_by_text("waiting for a worker")).to_be_visible()
    jobs.run(Purge, Purge.objects.get().pk)
    expect(page.get_by_text("2 permanently deleted, and checked")).to_be_visible()
    looks_right(page, page.url)
    assert list(Customer.objects.all()) == [people[2]]
    assert Document.objects.filter(customer=None).count() == 2


def test_a_deleted_document_is_permanently_deleted_from_its_page(page_as: Callable[..., Page]) -> None:
    document = DocumentFactory(title="Export fails")
    documents.delete(document, actor=mina())
    page = page_as("admin")
    page.goto(f"/documents/{document.pk}/")
    page.get_by_role("button", name="Permanently delete…").click()
    page.get_by_role("textbox").last.fill("delete 1 document")
    page.get_by_role("button", name="Permanently delete").click()
    expect(page.get_by_text("waiting for a worker")).to_be_visible()
    jobs.run(Purge, Purge.objects.get().pk)
    expect(page.get_by_text("1 permanently deleted, and checked")).to_be_visible()
    assert not Document.objects.exists()


def test_the_address_of_somebody_merged_shows_the_survivors_history(page_as: Callable[..., Page]) -> None:
    kept, source = CustomerFactory(name="Ana Kovač"), CustomerFactory(name="A. Kovac")
    add_note(source, "Only ever about the other record", actor=mina())
    merging.merge(kept.pk, [source.pk], actor=mina())
    page = page_as("support")
    page.goto(f"/customers/{source.pk}/")
    expect(page).to_have_url(re.compile(rf"/customers/{kept.pk}/$"))
    page.goto(f"/audit/history/customer/{source.pk}/")
    expect(page.get_by_role("heading", name="Changes to Ana Kovač")).to_be_visible()
    expect(page.get_by_text("Only ever about the other record").first).to_be_visible()
