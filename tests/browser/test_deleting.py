"""Delete, Undo, Restore, legal hold and a retention run with real clicks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from core import clock, jobs
from customers.deleting import delete
from customers.models import Customer
from feedback import deleting as documents
from retention import policies
from retention.models import Policy, Run
from tests.customers.people import STAFF, mina, person, user
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_customer_is_deleted_undone_deleted_and_restored(
    page_as: Callable[..., Page], axe: Callable[[Page], None]
) -> None:
    ana = person()
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    toasts = page.locator("#toasts")
    expect(toasts).to_contain_text("Deleted Ana Kovač. Kept for 30 days.")
    toasts.get_by_role("button", name="Undo").click()
    expect(toasts).to_contain_text("Restored Ana Kovač")
    expect(page.get_by_role("link", name="Ana Kovač")).to_be_visible()

    page.get_by_role("checkbox", name="Select Ana Kovač").check()
    page.get_by_role("region", name="Bulk actions").get_by_role("button", name="Delete").click()
    expect(toasts).to_contain_text("Deleted 1 of 1.")
    expect(page.get_by_role("heading", name="No customers yet")).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Deleted customers").click()
    expect(page.get_by_role("cell", name="in 30 days")).to_be_visible()
    page.get_by_role("link", name="Ana Kovač").click()
    expect(page.get_by_text("Deleted by Mina Support")).to_be_visible()
    expect(page.get_by_role("button", name="More actions")).to_have_count(0)
    axe(page)
    page.get_by_role("button", name="Restore").click()
    expect(toasts).to_contain_text("Restored Ana Kovač")
    assert Customer.objects.get().is_active


def test_a_legal_hold_is_set_refuses_and_is_lifted(page_as: Callable[..., Page], axe: Callable[[Page], None]) -> None:
    ana = person()
    page = page_as("admin")
    page.goto(f"/customers/{ana.pk}/")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Put on legal hold…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Case 17")
    axe(page)
    dialog.get_by_role("button", name="Put on legal hold").click()
    expect(page.get_by_text("On legal hold: Case 17")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Ana Kovač was not deleted. On legal hold: Case 17")
    page.get_by_role("link", name="Back to Ana Kovač").click()
    page.get_by_role("link", name="Lift…").click()
    dialog.get_by_label("Reason").fill("Closed")
    dialog.get_by_role("button", name="Lift legal hold").click()
    expect(page.get_by_text("Legal hold lifted: Closed")).to_be_visible()


def test_a_policy_is_previewed_saved_run_and_told_of(page_as: Callable[..., Page]) -> None:
    for number in range(3):
        delete(CustomerFactory(name=f"Ana {number}"), actor=STAFF, now=clock.now() - timedelta(days=10))
    page = page_as("admin")
    page.goto("/retention/")
    row = page.get_by_role("row", name="Deleted customers")
    expect(row).to_contain_text("Nothing")
    row.get_by_role("link").click()
    page.get_by_label("Keep for so many days").fill("7")
    page.get_by_role("button", name="Preview the change").click()
    expect(page.get_by_text("3 customers would be permanently deleted")).to_be_visible()
    page.get_by_role("button", name="Save this schedule").click()
    expect(row).to_contain_text("7 days")
    expect(row).to_contain_text("3")
    row.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", name="Deleted customers")).to_be_visible()
    jobs.run(Run, Run.objects.get().pk)
    expect(page.locator("#progress")).to_contain_text("Done")
    page.get_by_role("link", name="Retention").first.click()
    expect(page.get_by_role("row", name="Deleted customers Done")).to_contain_text("3")
    assert not Customer.objects.exists()


@pytest.fixture
def much() -> None:
    """Something of everything that these pages show."""
    for number in range(12):
        one = CustomerFactory(name=f"Customer number {number}", email=f"c{number}@ex.test")
        delete(one, actor=mina(), now=clock.now() - timedelta(days=3 * number))
        documents.delete(DocumentFactory(customer=one, title=f"Document {number}"), actor=mina())
    Customer.objects.filter(name="Customer number 3").update(legal_hold="Case 17: keep until the court has decided")
    policies.every()
    for status in ("done", "failed", "cancelled"):
        Run.objects.create(
            policy=Policy.objects.get(kind="orphans"), cutoff=clock.now(), status=status, done=8_469, total=8_469,
            deleted=8_000, skipped=469, error="It ended." if status == "failed" else "", actor=user("admin"),
            skipped_why=[[1, "On legal hold: Case 17"]], finished_at=clock.now(),
        )  # fmt: skip
    Run.objects.create(
        policy=Policy.objects.get(kind="deleted_customers"),
        cutoff=clock.now(),
        total=12_480,
        brake="It would delete more than 10 % of all customers.",
        enqueue_at=clock.now() + timedelta(days=9_999),
    )


@pytest.mark.parametrize(
    "address",
    ["/customers/?deleted=true", "/documents/?deleted=true", "/customers/{c}/", "/documents/{d}/", "/retention/",
     "/retention/policies/{p}/", "/retention/runs/{w}/", "/retention/runs/{f}/"],
)  # fmt: skip
@pytest.mark.usefixtures("much")
def test_the_pages_look_right(page_as: Callable[..., Page], looks_right: Callable[..., None], address: str) -> None:
    from feedback.models import Document

    found = address.format(
        c=Customer.objects.get(name="Customer number 3").pk, d=Document.objects.latest("pk").pk,
        p=Policy.objects.get(kind="unseen_customers").pk, w=Run.objects.latest("pk").pk,
        f=Run.objects.get(status="failed").pk,
    )  # fmt: skip
    looks_right(page_as("admin"), found)
