"""Link rules by hand: tried, added, applied; the pages look right."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from audit.actor import Actor
from core import jobs
from customers.models import Customer
from feedback.models import Linking
from feedback.receiving import Incoming, receive
from integrations.models import Integration
from tests.factories import CustomerFactory, DefinitionFactory
from tests.integrations.intake_doors import an_integration

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def integration() -> Integration:
    made = an_integration("Help desk")
    DefinitionFactory(key="crm_id", label="CRM ID")
    for number in range(4):
        metadata = {"requester": {"mail": "ana@ex.test"}, "ticket": number}
        incoming = Incoming(title=f"The export stops, part {number}", metadata=metadata)
        receive(incoming, source=made.source, actor=Actor.of_source(made.source))
    return made


@pytest.fixture
def ana() -> Customer:
    return CustomerFactory(name="Ana Kovač", email="ana@ex.test")


def test_an_admin_tries_a_rule_adds_it_and_applies_it(
    page_as: Callable[..., Page], integration: Integration, ana: Customer, looks_right: Any
) -> None:
    page = page_as("admin")
    page.goto(f"/integrations/{integration.pk}/")
    page.get_by_role("link", name="Link rules").click()
    page.get_by_label("Field of the document").fill("metadata.requester.mail")
    page.get_by_label("Is the").select_option("customer:email")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()
    expect(page.get_by_role("region", name="Samples").get_by_role("link", name="Ana Kovač")).to_have_count(4)
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_role("region", name="Table of rules")).to_contain_text("metadata.requester.mail")
    page.get_by_role("button", name="Apply to existing").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    jobs.run(Linking, Linking.objects.get().pk)
    expect(page.locator("#progress")).to_contain_text("4 documents looked at, 4 got a customer")
    assert ana.documents.count() == 4
    looks_right(page, f"/integrations/{integration.pk}/link-rules/")
