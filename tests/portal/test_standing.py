"""The life of a login: it follows its customer, at once and in every browser (6.1, 7, 9)."""

import pytest
from django.test import Client

from core import clock
from customers import deleting, merging
from customers.logins import find_login
from customers.models import Customer
from tests.customers.people import mina, user
from tests.factories import CustomerFactory
from tests.portal.cast import ana, client_of, customer, user_of

pytestmark = pytest.mark.django_db
NO_MATCH = b"Email and password do not match an account"


def sign_in(client: Client) -> bytes | int:
    answer = client.post("/sign-in/", {"login": "ana@lumen.test", "password": "roster-demo-1"})
    return answer.status_code if answer.status_code == 302 else answer.content


def is_signed_in(client: Client) -> bool:
    """A page of the dashboard tells those who are signed in that it is not theirs; strangers are to sign in."""
    return client.get("/customers/").status_code == 403


def test_whoever_is_deleted_by_staff_is_out_at_once_and_comes_back_when_restored() -> None:
    person = ana()
    client = client_of(person)
    assert is_signed_in(client)
    deleting.delete(person, actor=mina())
    assert not is_signed_in(client)
    assert NO_MATCH in sign_in(Client())  # type: ignore[operator]
    deleting.restore(person, actor=mina())
    assert is_signed_in(client)
    assert sign_in(Client()) == 302


def test_whoever_asked_for_the_deletion_stays_signed_in() -> None:
    person = ana()
    client = client_of(person)
    deleting.delete(person, actor=mina())
    Customer.objects.filter(pk=person.pk).update(deletion_requested_at=clock.now())
    assert is_signed_in(client)


def test_restoring_ends_what_the_customer_asked_for_so_that_a_later_deletion_by_staff_is_one() -> None:
    person = ana()
    deleting.delete(person, actor=mina())
    Customer.objects.filter(pk=person.pk).update(deletion_requested_at=clock.now())
    deleting.restore(person, actor=mina())
    deleting.delete(person, actor=mina())
    assert not is_signed_in(client_of(person))


def test_a_user_of_the_portal_without_a_customer_signs_in_nowhere() -> None:
    person = ana()
    client = client_of(person)
    find_login("ana@lumen.test").delete()  # type: ignore[union-attr]
    assert not is_signed_in(client)


def test_the_one_login_of_two_merged_customers_moves_to_the_survivor_and_goes_on() -> None:
    person, survivor = ana(), CustomerFactory(name="Ana K.", email="ana.k@lumen.test")
    client = client_of(person)
    merging.merge(survivor.pk, [person.pk], actor=mina(), viewer=user("support"))
    assert is_signed_in(client)
    assert user_of(survivor).email == "ana@lumen.test"


def test_two_customers_who_both_sign_in_are_not_merged() -> None:
    person, other = ana(), customer("Ana K.", "ana.k@lumen.test")
    with pytest.raises(merging.Refused, match="sign in to the portal as two"):
        merging.merge(other.pk, [person.pk], actor=mina(), viewer=user("support"))
