"""A deleted customer permanently deleted by typing the name, the receipt, and a suppression lifted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core import jobs
from customers.deleting import delete
from customers.models import Customer, Note, Suppression
from retention.models import Purge
from tests.customers.people import mina
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
def gone() -> Customer:
    customer = CustomerFactory(
        name="Ana Kovač", email=["ana@lumen.example", "a.kovac@lumen.example"], phone="+34600111222", tags=["VIP"],
        account=AccountFactory(name="Lumen"),
    )  # fmt: skip
    Note.objects.create(customer=customer, body="Prefers a call.")
    for number in range(3):
        DocumentFactory(customer=customer, title=f"Ana Kovač asks {number}")
    delete(customer, actor=mina())
    return customer


def test_a_customer_is_permanently_deleted_by_typing_the_name(
    gone: Customer, page_as: Callable[..., Page], looks_right: Callable[..., None]
) -> None:
    page = page_as("admin")
    page.goto(f"/customers/{gone.pk}/")
    page.get_by_role("link", name="Permanently delete…").click()
    looks_right(page, page.url, LOOKS)
    page.get_by_label("Keep it, anonymised").check()
    page.get_by_role("textbox").last.fill("Ana")
    page.get_by_role("button", name="Permanently delete").click()
    expect(page.get_by_text("Nothing was deleted.").first).to_be_visible()
    page.get_by_role("textbox").last.fill("Ana Kovač")
    page.get_by_role("button", name="Permanently delete").click()
    expect(page.get_by_text("waiting for a worker")).to_be_visible()
    looks_right(page, page.url, LOOKS)
    jobs.run(Purge, Purge.objects.get().pk)
    expect(page.get_by_text("1 permanently deleted, and checked")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download receipt").click()
    assert download.value.suggested_filename.startswith("roster-receipt-")
    looks_right(page, page.url, LOOKS)
    assert not Customer.objects.exists()
    looks_right(page, "/retention/receipts/", LOOKS)
    looks_right(page, "/retention/suppressions/", LOOKS)
    assert Suppression.objects.count() == 3
    page.get_by_role("textbox", name="Identifier").fill("ana@lumen.example")
    page.get_by_role("button", name="Lift suppression").click()
    expect(page.locator("#toasts")).to_contain_text("the identifier may come back")
    assert Suppression.objects.count() == 2
