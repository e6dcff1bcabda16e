"""What an upsert makes of the directory: found by the one rule, brought up to date where its rank lets it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.actor import Actor
from audit.models import Change, Entry, Source
from audit.recording import recorded
from customers.identifying import identities
from customers.models import Customer, Identifier, Membership
from customers.upserting import Place, Upsert, Upserted, upsert_many
from properties.models import Definition
from tests.factories import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINA = Actor(via="page", rank="staff")


@pytest.fixture
def crm() -> Source:
    return Source.objects.create(name="CRM", kind="user")


@pytest.fixture
def actor(crm: Source) -> Actor:
    return Actor.of_source(crm, via="webhook")


def upsert(*items: Upsert, actor: Actor, now: datetime = NOW, viewer: Any = None) -> list[Upserted]:
    with recorded(actor, "customers.synced", now=now) as entry:
        found = upsert_many(items, actor=actor, now=now, viewer=viewer)
        entry.discard()
    return found


def item(user_id: str = "", email: str = "", phone: str = "", **values: Any) -> Upsert:
    return Upsert(identities([("user_id", user_id), ("email", email), ("phone", phone)]), **values)


def statuses(found: list[Upserted]) -> list[str]:
    return [one.code or one.status for one in found]


def test_somebody_new_is_made_with_all_that_was_sent(actor: Actor, crm: Source) -> None:
    created = NOW - timedelta(days=400)
    [found] = upsert(
        item(
            "p-1", "Ana@ex.test", "+34600111222", name="Ana Ruiz", properties={"Seats": [12], "Region": ["EU", "UK"]},
            tags=["beta"], created_at=created,
            places=[Place("org-7", key_contact=True, properties={"role": ["buyer"]})],
        ),
        actor=actor,
    )  # fmt: skip
    ana = Customer.objects.get()
    assert (found.status, found.customer_id) == ("created", ana.pk)
    assert (ana.name, ana.primary_email, ana.primary_phone, ana.origin) == (
        "Ana Ruiz", "Ana@ex.test", "+34600111222", "sync",
    )  # fmt: skip
    assert (ana.properties, ana.created_elsewhere_at) == ({"Seats": [12], "Region": ["EU", "UK"]}, created)
    assert ana.provenance["Seats"] == {
        "by": "sync", "source_id": crm.pk, "at": NOW.isoformat(), "removed": False, "synced": [12],
    }  # fmt: skip
    seat = Membership.objects.get()
    assert (seat.account.external_id, seat.account.name) == ("org-7", "org-7")
    assert (seat.primary, seat.contact, seat.key_contact, seat.properties) == (True, True, True, {"role": ["buyer"]})
    assert [tag.tag.name for tag in ana.customer_tags.all()] == ["beta"]
    assert len(ana.tag_ids) == 1
    assert Definition.objects.get(key="Seats").type == "number"
    assert ana.search_text == "ana ruiz ana@ex.test +34600111222 p-1"


def test_the_same_again_writes_nothing(actor: Actor) -> None:
    said = item("p-1", "ana@ex.test", name="Ana", properties={"plan": ["Team"]}, tags=["beta"],
                places=[Place("org-7", contact=True)], created_at=NOW)  # fmt: skip
    assert statuses(upsert(said, actor=actor)) == ["created"]
    before = _versions()
    entries, changes = Entry.objects.count(), Change.objects.count()
    assert statuses(upsert(said, actor=actor, now=NOW + timedelta(hours=1))) == ["unchanged"]
    assert (_versions(), Entry.objects.count(), Change.objects.count()) == (before, entries, changes)


def _versions() -> list[Any]:
    from django.db import connection

    found = []
    with connection.cursor() as cursor:
        for table in ("customers_customer", "customers_identifier", "customers_membership", "accounts_account",
                      "customers_customertag", "properties_definition"):  # fmt: skip
            cursor.execute(f"SELECT '{table}', id, xmin::text, ctid::text FROM {table} ORDER BY id")
            found += cursor.fetchall()
    return found


def test_insert_leaves_who_is_there_and_update_makes_nobody(actor: Actor) -> None:
    known = CustomerFactory.create(name="Ana", user_id="p-1")
    found = upsert(item("p-1", name="Bo", operation="insert"), item("p-2", name="Cy", operation="update"), actor=actor)
    assert [(one.status, one.customer_id) for one in found] == [("skipped", known.pk), ("skipped", None)]
    assert Customer.objects.values_list("name", flat=True).get() == "Ana"


def test_by_alone_recognises_and_the_others_must_be_free(actor: Actor) -> None:
    bo = CustomerFactory.create(user_id="p-2")
    CustomerFactory.create(email="ana@ex.test")
    [by] = identities([("user_id", "p-1")])
    assert statuses(upsert(item(email="ana@ex.test", by=by), actor=actor)) == ["identifier_conflict"]
    assert statuses(upsert(item(email="new@ex.test", by=by), actor=actor)) == ["created"]
    [by] = identities([("user_id", "p-2")])
    [found] = upsert(item(email="bo@ex.test", by=by), actor=actor)
    assert (found.status, found.customer_id) == ("updated", bo.pk)


def test_a_customer_named_by_id_is_changed_whatever_recognises_them(actor: Actor) -> None:
    ana = CustomerFactory.create(name="Ana", email="ana@ex.test")
    api = Actor.of_source(Source.objects.create(name="REST", kind="api"), via="api", rank="api")
    said = item(email="new@ex.test", name="Ana Ruiz", customer_id=ana.pk, replace=frozenset({"emails"}))
    assert statuses(upsert(said, actor=api)) == ["updated"]
    ana.refresh_from_db()
    assert (ana.name, ana.primary_email, ana.identifiers.count()) == ("Ana Ruiz", "new@ex.test", 1)
    for nobody in (0, 10**9):
        assert statuses(upsert(item(email="x@ex.test", customer_id=nobody), actor=api)) == ["not_found"]


def test_a_phone_that_several_share_recognises_nobody(actor: Actor) -> None:
    for name in ("Bo", "Cy"):
        CustomerFactory.create(name=name, phone="+34600111222")
    assert statuses(upsert(item(phone="+34600111222"), Upsert(name="Nobody"), actor=actor)) == [
        "ambiguous", "no_identifier",
    ]  # fmt: skip


def test_who_is_being_permanently_deleted_is_not_written_to(actor: Actor) -> None:
    CustomerFactory.create(user_id="p-1", state="purging", deleted_at=NOW)
    AccountFactory.create(external_id="org-1", state="purging", deleted_at=NOW)
    found = upsert(item("p-1", name="x"), item("p-2", places=[Place("org-1")]), actor=actor)
    assert statuses(found) == ["being_deleted", "being_deleted"]


def test_an_email_that_a_browser_claimed_is_confirmed_by_a_sync(actor: Actor) -> None:
    upsert(item("p-1", "ana@ex.test", name="Claimed", verified=False), actor=actor)
    upsert(item("p-1", name="Other claim", verified=False), actor=actor)
    assert Customer.objects.get().name == "Claimed"
    assert statuses(upsert(item("p-1", "ana@ex.test"), actor=actor)) == ["updated"]
    assert not Identifier.objects.filter(verified=False).exists()
