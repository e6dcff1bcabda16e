"""One property of many customers or accounts, set, removed and given back."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Account
from audit.actor import Actor
from audit.models import Entry, Source
from core import clock, jobs
from core.jobs import Status
from customers import setting_many
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import AccountBulkEdit, BulkEdit, Customer
from properties.models import Definition
from staff.models import User
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, UserFactory

BULK = "/customers/bulk/"
HX = {"HX-Request": "true"}


@pytest.fixture
def mina(db: None) -> User:
    return UserFactory()


@pytest.fixture
def support(client: Client, mina: User) -> Client:
    client.force_login(mina)
    return client


@pytest.fixture(autouse=True)
def plan(db: None) -> Definition:
    return DefinitionFactory(key="plan")


@pytest.fixture
def seats(db: None) -> Definition:
    return DefinitionFactory(key="seats", type="number")


def values(key: str, *customers: Customer) -> list[Any]:
    return [Customer.objects.get(pk=one.pk).properties.get(key) for one in customers]


def undo_of(response: Any) -> str:
    entry = Entry.objects.latest("pk")
    assert f"/bulk/{entry.pk}/undo/" in response["HX-Trigger"]
    return f"{response.wsgi_request.path.split('bulk')[0]}bulk/{entry.pk}/undo/"


def test_a_value_is_set_on_those_selected_and_counts_as_set_by_staff(support: Client, mina: User) -> None:
    ana, bo, cy = CustomerFactory(properties={"plan": ["Team"]}), CustomerFactory(), CustomerFactory()
    said = {"action": "set_property", "key": "PLAN", "value": " Team ", "id": [ana.pk, bo.pk]}
    response = support.post(BULK, said, headers=HX)
    assert response.status_code == 204
    assert "Set plan = Team on" in response["HX-Trigger"]
    assert values("plan", ana, bo, cy) == [["Team"], ["Team"], None]
    assert Customer.objects.get(pk=bo.pk).provenance["plan"]["by"] == "staff"
    assert Entry.objects.get(verb="customer.property_set").actor_id == mina.pk


def test_it_is_removed_and_undo_gives_each_back_what_they_had(support: Client) -> None:
    ana, bo, cy = (CustomerFactory(properties={"plan": [plan]} if plan else {}) for plan in ("Team", "Pro", ""))
    said = {"action": "remove_property", "key": "plan", "id": [ana.pk, bo.pk, cy.pk]}
    response = support.post(BULK, said, headers=HX)
    assert values("plan", ana, bo, cy) == [None, None, None]
    Customer.objects.filter(pk=bo.pk).update(properties={"plan": ["Changed since"]})
    assert support.post(undo_of(response)).status_code == 303
    assert values("plan", ana, bo, cy) == [["Team"], ["Changed since"], None]


def test_only_whoever_did_it_can_undo_it(support: Client, client: Client) -> None:
    ana = CustomerFactory()
    response = support.post(BULK, {"action": "set_property", "key": "plan", "value": "Pro", "id": ana.pk}, headers=HX)
    client.force_login(UserFactory())
    assert client.post(undo_of(response)).status_code == 404
    assert values("plan", ana) == [["Pro"]]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"key": "", "value": "x"}, "Choose a property"),
        ({"key": "plam", "value": "x"}, "There is no property"),
        ({"key": "plan", "value": " "}, "Type the value"),
        ({"key": "seats", "value": "many"}, "number"),
        ({"key": "plan", "value": "a\x00b"}, ""),
        ({"key": "plan", "value": "x" * 2_000}, ""),
    ],
)
def test_what_cannot_be_set_is_said_beside_the_button(
    support: Client, seats: Definition, said: dict[str, str], why: str
) -> None:
    ana = CustomerFactory()
    response = support.post(BULK, {"action": "set_property", "id": ana.pk, **said}, headers=HX)
    assert response.status_code == 422
    assert why in response.content.decode()
    assert Customer.objects.get(pk=ana.pk).properties == {}


def test_a_value_with_the_sign_between_key_and_value_stays_whole(support: Client) -> None:
    ana = CustomerFactory()
    support.post(BULK, {"action": "set_property", "key": "plan", "value": "a = b = c", "id": ana.pk})
    assert values("plan", ana) == [["a = b = c"]]


def test_more_than_a_page_goes_to_the_background_and_keeps_no_value(
    support: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "poke", lambda label, pks: None)
    people = CustomerFactory.create_batch(60)
    said = {"action": "set_property", "key": "plan", "value": "Gold", "matching": "true", "query": ""}
    assert support.post(BULK, said).status_code == 303
    job = BulkEdit.objects.get()
    assert "plan = Gold" in support.get(f"/customers/bulk/{job.pk}/").content.decode()
    jobs.run(BulkEdit, job.pk)
    job.refresh_from_db()
    assert (job.status, job.changed, job.tag_name) == (Status.DONE, 60, "plan")
    assert values("plan", *people) == [["Gold"]] * 60


def test_a_sync_does_not_set_it_back(support: Client) -> None:
    ana = create(draft_of(identities=identities([("email", "ana@ex.test")])), actor=Actor.of_system())
    setting_many.change(Customer, "plan = Pro", [ana.pk], actor=Actor(via="page", rank="staff"), now=clock.now())
    source = Source.objects.create(name="Sync", kind="user")
    sync = Actor.of_source(source)
    assert setting_many.change(Customer, "plan = Free", [ana.pk], actor=sync, now=clock.now())
    assert values("plan", ana) == [["Pro"]]


def test_accounts_have_it_too(support: Client) -> None:
    DefinitionFactory(key="tier", subject="account")
    acme, zeta = AccountFactory(properties={"tier": ["silver"]}), AccountFactory()
    said = {"action": "set_property", "key": "tier", "value": "gold", "id": [acme.pk, zeta.pk]}
    response = support.post("/accounts/bulk/", said, headers=HX)
    assert response.status_code == 204
    tiers = Account.objects.order_by("pk").values_list("properties__tier", flat=True)
    assert list(tiers) == [["gold"], ["gold"]]
    assert support.post(undo_of(response)).status_code == 303
    assert [one.properties for one in Account.objects.order_by("pk")] == [{"tier": ["silver"]}, {}]
    assert not AccountBulkEdit.objects.exists()


def test_keys_are_suggested(support: Client) -> None:
    assert '<option value="plan">' in support.get("/customers/bulk/properties/customer/").content.decode()
    assert support.get("/customers/bulk/properties/membership/").status_code == 404


def test_nothing_is_asked_about_an_unknown_subject() -> None:
    with pytest.raises(ValidationError):
        setting_many.asked("set_property", "plan", "x", "account")
