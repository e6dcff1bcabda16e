"""Many upserts at once and one at a time are one rule: the same items leave the same directory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from customers import editing, suppressing
from customers.identifying import identities, identity
from customers.models import Customer, Membership, Suppression, Tag
from customers.upserting import Place, Upsert, batches, upsert_many
from properties.models import Definition
from tests.factories import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINA = Actor(via="page", rank="staff")

# What fails is shown as it was found: each try writes to the database, and looking for a smaller one takes minutes
CHANCE = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip

emails = st.sampled_from(["ana@ex.test", "ANA@ex.test", "bo@ex.test", "cy@ex.test", "gone@ex.test"])
contacts = st.builds(
    lambda user_id, mails, phone: identities(
        [("user_id", user_id), *(("email", mail) for mail in mails), ("phone", phone)]
    ),
    st.sampled_from(["", "p-1", "p-2", "p-3"]), st.lists(emails, max_size=2),
    st.sampled_from(["", "", "+34600111222", "+34600111333"]),
)  # fmt: skip
places = st.builds(
    Place, st.sampled_from(["org-1", "org-2", "org-3"]), st.sampled_from([None, True, False]),
    st.sampled_from([None, True, False]), st.sampled_from([{}, {}, {"role": ["buyer"]}]),
)  # fmt: skip
properties = st.dictionaries(
    st.sampled_from(["plan", "Plan", "seats", "bad key"]),
    st.lists(st.sampled_from(["Team", "Free", 5, "7", True]), max_size=2), max_size=2,
)  # fmt: skip
upserts = st.builds(
    Upsert,
    identities=contacts,
    name=st.sampled_from([None, None, "", "Ana", "Bo Berg"]),
    properties=properties,
    tags=st.lists(st.sampled_from(["beta", "Beta", "vip"]), max_size=2),
    places=st.lists(places, max_size=2, unique_by=lambda place: place.account),
    created_at=st.sampled_from([None, NOW - timedelta(days=9), NOW - timedelta(days=3)]),
    at=st.sampled_from([None, None, NOW - timedelta(hours=2), NOW - timedelta(hours=1)]),
    operation=st.sampled_from(["upsert", "upsert", "upsert", "insert", "update"]),
    replace=st.frozensets(st.sampled_from(["emails", "phones", "tags", "places"]), max_size=2),
    verified=st.sampled_from([True, True, False]),
)


@pytest.fixture
def cast() -> Actor:
    """Somebody whom staff look after, two who share a phone, somebody deleted and an email that must not come back."""
    crm = Source.objects.create(name="CRM", kind="user")
    ana = CustomerFactory.create(name="Ana by hand", user_id="p-1", email="ana@ex.test")
    editing.set_property(ana, "plan", ["Staff's"], actor=MINA)
    for name in ("Bo", "Cy"):
        CustomerFactory.create(name=name, phone="+34600111222")
    CustomerFactory.create(name="Deleted", user_id="p-3", state="deleted", deleted_at=NOW)
    Membership.objects.create(
        customer=ana, account=AccountFactory.create(external_id="org-1", name="One"), primary=True
    )
    suppressing.suppress([identity("email", "gone@ex.test")], NOW)
    return Actor.of_source(crm, via="webhook")


def marks(provenance: dict[str, dict[str, Any]]) -> str:
    return repr(sorted((key, sorted(mark.items())) for key, mark in provenance.items()))


def state() -> dict[str, Any]:
    """Everything somebody could see, without ids."""
    return {
        "people": sorted(
            (
                one.name, one.sort_name, one.search_text, one.primary_email, one.primary_phone, one.origin, one.state,
                str(one.created_elsewhere_at), len(one.tag_ids), repr(sorted(one.properties.items())),
                marks(one.provenance),
                sorted((i.kind, i.value, i.primary, i.verified, i.source_id or 0) for i in one.identifiers.all()),
                sorted(link.tag.folded for link in one.customer_tags.all()),
                sorted(
                    (
                        seat.account.external_id or "", seat.primary, seat.contact, seat.key_contact,
                        repr(seat.properties), marks(seat.provenance),
                    )
                    for seat in one.memberships.all()
                ),
            )
            for one in Customer.objects.all()
        ),
        "accounts": sorted(Account.objects.values_list("external_id", "name")),
        "definitions": sorted(Definition.objects.values_list("subject", "key", "type")),
        "tags": sorted(Tag.objects.values_list("folded", flat=True)),
        "kept out": sorted(Suppression.objects.values_list("kept_out", flat=True)),
    }  # fmt: skip


def taken(items: list[Upsert], actor: Actor) -> list[tuple[str, str, str]]:
    with recorded(actor, "users.synced", now=NOW):
        found = upsert_many(items, actor=actor, now=NOW)
    return [(one.status, one.code, one.field) for one in found]


def compared(items: list[Upsert], actor: Actor) -> dict[str, Any]:
    """What both ways leave, which must be the same."""
    found = []
    for way in (lambda: [taken([item], actor)[0] for item in items], lambda: taken(items, actor)):
        with transaction.atomic():
            found.append((way(), state()))
            transaction.set_rollback(True)
    (single, apart), (many, together) = found
    assert many == single
    for what in apart:
        assert together[what] == apart[what], what
    return together


@CHANCE
@given(items=st.lists(upserts, min_size=1, max_size=6))
def test_many_at_once_are_as_one_after_another(cast: Actor, items: list[Upsert]) -> None:
    with transaction.atomic():
        compared(items, cast)
        transaction.set_rollback(True)


@CHANCE
@given(items=st.lists(upserts, min_size=1, max_size=3))
def test_what_was_taken_is_unchanged_when_it_is_sent_again(cast: Actor, items: list[Upsert]) -> None:
    last = {tuple(one.identities): one for one in items if one.operation == "upsert"}
    with transaction.atomic():
        for item in last.values():
            taken([item], cast)
            before = state()
            before.pop("kept out")
            again = taken([item], cast)[0]
            assert again[0] in {"unchanged", "rejected", "suppressed"}
            after = state()
            after.pop("kept out")
            assert after == before
        transaction.set_rollback(True)


SAID = [("Free", 5), ("Team", 3), ("Team", 9), ("", 7)]
NAMES = [("Ana", 2), ("Ana Ruiz", 8), ("", 6)]


@CHANCE
@given(said=st.permutations(SAID), names=st.permutations(NAMES))
def test_dated_upserts_end_the_same_in_whatever_order_they_come(
    cast: Actor, said: list[tuple[str, int]], names: list[tuple[str, int]]
) -> None:
    who = identities([("user_id", "p-9")])
    at = [NOW - timedelta(hours=20 - hour) for hour in range(20)]
    items = [Upsert(who, properties={"plan": [value] if value else []}, at=at[hour]) for value, hour in said]
    items += [Upsert(who, name=name, at=at[hour]) for name, hour in names]
    with transaction.atomic():
        for item in items:
            taken([item], cast)
        person = Customer.objects.get(identifiers__normalized="p-9")
        assert (person.properties, person.name) == ({"plan": ["Team"]}, "Ana Ruiz")
        transaction.set_rollback(True)


def test_a_thousand_items_take_few_statements(cast: Actor, django_assert_max_num_queries: Any) -> None:
    items = [
        Upsert(
            identities([("user_id", f"u-{n}"), ("email", f"u{n}@ex.test")]), name=f"User {n}", tags=["beta"],
            properties={"plan": ["Team"], "seats": [n]}, places=[Place(f"org-{n % 20}")],
        )
        for n in range(500)
    ]  # fmt: skip
    with django_assert_max_num_queries(50):
        assert {status for status, _, _ in taken(items, cast)} == {"created"}
    with django_assert_max_num_queries(15):
        assert {status for status, _, _ in taken([replace(one, tags=[]) for one in items], cast)} == {"unchanged"}


def test_batches_keep_the_order_and_name_a_thousand_identifiers_at_most() -> None:
    items = [Upsert(identities([("user_id", f"u-{n}"), ("email", f"u{n}@ex.test")])) for n in range(1_200)]
    found = list(batches(items))
    assert [len(one) for one in found] == [500, 500, 200]
    assert [item for one in found for item in one] == items
