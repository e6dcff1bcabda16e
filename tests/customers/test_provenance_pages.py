"""Where a value came from, when, and what stood there before: on the page, for every way in (2.7)."""

import re
from typing import Any

import pytest
from django.test import Client

from audit.actor import Actor
from audit.models import Source
from customers.editing import rename, set_property
from customers.models import Customer
from tests.customers.people import mina, part, person, signed_in, synced, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def origin_of(client: Client, customer: Customer, key: str) -> str:
    """What the page says about where the property comes from, as one reads it."""
    page = client.get(f"/customers/{customer.pk}/", **part("properties")).content.decode()
    found = re.search(rf'<span class="origin" id="origin-property-{key}">(.*?)</span>(?=\s*</dd>)', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split()) if found else ""


def values_of(customer: Customer) -> dict[str, list[Any]]:
    customer.refresh_from_db()
    return customer.properties


def test_a_synced_value_names_its_source(support: Client) -> None:
    assert origin_of(support, synced(plan=["Team"]), "plan") == "From Warehouse, just now"


def test_a_typed_value_names_the_person_what_was_before_and_what_the_sync_says(support: Client) -> None:
    ana = synced(plan=["Team"])
    set_property(ana, "plan", ["Scale"], actor=mina())
    assert origin_of(support, ana, "plan") == "Set by Mina Okafor, just now · was Team · the sync says Team"
    synced(plan=["Pro"])
    assert values_of(ana) == {"plan": ["Scale"]}
    assert origin_of(support, ana, "plan") == "Set by Mina Okafor, just now · was Team · the sync says Pro"


def test_a_value_of_the_api_says_so(support: Client) -> None:
    ana = person()
    key = Source.objects.create(kind="api", name="Billing key")
    set_property(ana, "plan", ["Team"], actor=Actor.of_source(key, via="api", rank="api"))
    assert origin_of(support, ana, "plan") == "Set through the REST API (Billing key), just now"


def test_a_colleague_who_left_is_a_former_one(support: Client) -> None:
    ana = person()
    set_property(ana, "plan", ["Team"], actor=mina())
    Customer.objects.filter(pk=ana.pk).update(
        provenance={"plan": {"by": "staff", "actor_id": 9_999, "at": "2026-01-02T03:04:05+00:00"}}
    )
    assert origin_of(support, ana, "plan").startswith("Set by a former colleague, ")


def test_the_edit_form_says_it_too(support: Client) -> None:
    ana = synced(plan=["Team"])
    form = support.get(f"/customers/{ana.pk}/properties/plan/", **part("properties")).content.decode()
    assert "From Warehouse" in form


def test_everyone_reaches_it_by_keyboard() -> None:
    ana = synced(plan=["Team"])
    for role, control in (("viewer", "Where Plan comes from"), ("support", "Edit Plan")):
        page = signed_in(role).get(f"/customers/{ana.pk}/", **part("properties")).content.decode()
        assert re.search(rf'aria-label="{control}"\s+aria-describedby="origin-property-plan"', page)


def test_reset_to_synced_gives_the_value_back(support: Client) -> None:
    ana = synced(plan=["Team"])
    assert "Reset to synced" not in support.get(f"/customers/{ana.pk}/properties/plan/").content.decode()
    set_property(ana, "plan", ["Scale"], actor=mina())
    assert "Reset to synced" in support.get(f"/customers/{ana.pk}/properties/plan/").content.decode()
    synced(plan=["Pro"])
    answer = support.post(f"/customers/{ana.pk}/properties/plan/reset/", **part("properties"))
    assert answer.status_code == 200
    assert values_of(ana) == {"plan": ["Pro"]}
    synced(plan=["Max"])
    assert values_of(ana) == {"plan": ["Max"]}


def test_what_somebody_removed_stays_removed_and_can_be_reset(support: Client) -> None:
    ana = synced(plan=["Team"])
    support.post(f"/customers/{ana.pk}/properties/plan/remove/")
    synced(plan=["Pro"])
    assert values_of(ana) == {}
    page = " ".join(support.get(f"/customers/{ana.pk}/", **part("properties")).content.decode().split())
    assert "Show 1 removed" in page
    assert "the sync says <bdi>Pro</bdi>" in page
    support.post(f"/customers/{ana.pk}/properties/plan/reset/", **part("properties"))
    assert values_of(ana) == {"plan": ["Pro"]}


def test_the_name_says_who_set_it_and_what_it_was(support: Client) -> None:
    ana = synced()
    rename(ana, "Ana Ruiz", actor=Actor.of_staff(user("support")))
    header = support.get(f"/customers/{ana.pk}/", **part("customer-header")).content.decode()
    assert "Set by Mina Okafor, was Ana Kovač" in header
