"""Probable duplicates are found with their evidence, dismissed for good, merged from their page (2.10)."""

import pytest

from audit.models import Entry
from customers import duplicates, merging
from customers.models import Customer, DuplicateCandidate
from tests.customers.people import STAFF, mina, signed_in
from tests.factories import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db
PAGE = "/customers/duplicates/"


def found() -> dict[tuple[str, str], list[str]]:
    """The open pairs by names, with the rules that found them."""
    duplicates.find(actor=STAFF)
    pairs = DuplicateCandidate.objects.filter(dismissed_at=None).order_by("pk")
    return {
        (one.first.name, one.second.name): [piece["rule"] for piece in one.evidence]
        for one in pairs.select_related("first", "second")
    }


def test_the_same_phone_however_it_is_written() -> None:
    CustomerFactory.create(name="Ana", phone="+34 600 111 222")
    CustomerFactory.create(name="Bo", phone="+34600111222")
    CustomerFactory.create(name="Cy", phone="+34600111223")
    assert found() == {("Ana", "Bo"): ["phone"]}


def test_the_same_handle_on_two_networks() -> None:
    CustomerFactory.create(name="Ana", handle="x:anakovac")
    CustomerFactory.create(name="Bo", handle="github:anakovac")
    CustomerFactory.create(name="Cy", handle="x:abc")
    CustomerFactory.create(name="Di", handle="github:abc")
    assert found() == {("Ana", "Bo"): ["handle"]}, "three letters say nothing"


def test_a_similar_name_with_the_same_mailbox() -> None:
    CustomerFactory.create(name="Ana Kovač", email="akovac@lumen.test")
    CustomerFactory.create(name="A. Kovac", email="akovac+news@gmail.test")
    CustomerFactory.create(name="Adam Kovac", email="akovac@other.test")
    assert found() == {
        ("Ana Kovač", "A. Kovac"): ["name_email"], ("A. Kovac", "Adam Kovac"): ["name_email"],
    }, "an initial fits both, two given names do not fit each other"  # fmt: skip


def test_mailboxes_of_roles_say_nothing() -> None:
    CustomerFactory.create(name="Ana Kovac", email="support@lumen.test")
    CustomerFactory.create(name="Ana Kovac", email="support@north.test")
    assert found() == {}


def test_a_similar_name_at_the_same_company_by_account_or_by_property() -> None:
    north = AccountFactory.create(name="North")
    CustomerFactory.create(name="Ana Kovač", account=north)
    CustomerFactory.create(name="Ana Kovac", account=north)
    CustomerFactory.create(name="Ana Ruiz", account=north)
    CustomerFactory.create(name="Bo Lind", properties={"company.name": ["South"]})
    CustomerFactory.create(name="B. Lind", properties={"company.name": ["SOUTH"]})
    CustomerFactory.create(name="Bo Lind", properties={"company.name": ["West"]})
    assert found() == {("Ana Kovač", "Ana Kovac"): ["name_company"], ("Bo Lind", "B. Lind"): ["name_company"]}


def test_more_evidence_makes_a_pair_likelier() -> None:
    north = AccountFactory.create(name="North")
    for name, phone in (("Ana Kovac", "+34600111222"), ("A. Kovac", "+34600111222"), ("Zoe", "+34600111333")):
        CustomerFactory.create(name=name, phone=phone, account=north)
    CustomerFactory.create(name="Yan", phone="+34600111333")
    assert found() == {("Ana Kovac", "A. Kovac"): ["name_company", "phone"], ("Zoe", "Yan"): ["phone"]}
    assert list(DuplicateCandidate.objects.order_by("-score").values_list("score", flat=True)) == [0.88, 0.6]


def test_what_many_share_tells_nobody_apart() -> None:
    for number in range(duplicates.SHARED_BY + 1):
        CustomerFactory.create(name=f"Person {number}", phone="+34600111222")
    assert found() == {}


def test_a_second_look_changes_nothing_and_a_pair_that_nothing_speaks_for_goes() -> None:
    CustomerFactory.create(name="Ana", phone="+34600111222")
    bo = CustomerFactory.create(name="Bo", phone="+34600111222")
    assert duplicates.find(actor=STAFF) == (1, 0)
    assert duplicates.find(actor=STAFF) == (0, 0)
    assert Entry.objects.filter(verb="duplicates.found").count() == 1
    bo.identifiers.all().delete()
    assert duplicates.find(actor=STAFF) == (0, 1)


def test_what_feedback_said_stays_and_adds_up() -> None:
    ana, bo = (CustomerFactory.create(name=name, phone="+34600111222") for name in ("Ana", "Bo"))
    DuplicateCandidate.objects.create(
        first=ana, second=bo, evidence=[{"rule": "arrived_together", "kind": "email"}], score=0.9
    )
    assert found() == {("Ana", "Bo"): ["arrived_together", "phone"]}
    bo.identifiers.all().delete()
    assert found() == {("Ana", "Bo"): ["arrived_together"]}


def test_deleted_customers_are_no_duplicates_and_their_pairs_wait() -> None:
    ana, bo = (CustomerFactory.create(name=name, phone="+34600111222") for name in ("Ana", "Bo"))
    assert len(found()) == 1
    Customer.objects.filter(pk=bo.pk).update(state="deleted", deleted_at="2026-01-01T00:00Z")
    assert len(found()) == 1
    assert "No probable duplicates" in signed_in("support").get(PAGE).content.decode()
    assert ana.is_active


def test_dismissed_for_good() -> None:
    CustomerFactory.create(name="Ana", phone="+34600111222")
    CustomerFactory.create(name="Bo", phone="+34600111222")
    assert len(found()) == 1
    pair = DuplicateCandidate.objects.get()
    client = signed_in("support")
    answer = client.post(f"{PAGE}{pair.pk}/dismiss/", follow=True)
    assert "not suggested again" in answer.content.decode()
    pair.refresh_from_db()
    assert (pair.dismissed_at is not None, pair.dismissed_by_id) == (True, mina().user_id)
    assert found() == {}
    assert client.post(f"{PAGE}{pair.pk}/dismiss/").status_code == 404


def test_the_page_shows_the_likeliest_first_and_leads_to_the_merge() -> None:
    north = AccountFactory.create(name="North")
    people = [
        CustomerFactory.create(name=name, phone=phone, account=north)
        for name, phone in (("Zoe", "+34600111333"), ("Yan", "+34600111333"), ("Ana K", "+34600111222"),
                            ("A. K", "+34600111222"))
    ]  # fmt: skip
    duplicates.find(actor=STAFF)
    text = signed_in("support").get(PAGE).content.decode()
    assert text.index("Ana K") < text.index("Zoe")
    assert "Similar name at the same company, same phone number" in text
    assert f"/customers/{people[2].pk}/merge/?with={people[3].pk}" in text
    assert signed_in("viewer").get(PAGE).status_code == 403


def test_a_merge_settles_its_pair() -> None:
    ana, bo = (CustomerFactory.create(name=name, phone="+34600111222") for name in ("Ana", "Bo"))
    assert len(found()) == 1
    merging.merge(ana.pk, [bo.pk], actor=STAFF)
    assert found() == {}
