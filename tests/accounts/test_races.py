"""Whoever adds, owns, deletes and restores at the same time: exactly one outcome, with real connections."""

import pytest
from django.contrib.auth.hashers import make_password

from accounts.models import Account
from audit.actor import Actor
from customers import joining
from customers.accounts import adding, deleting
from customers.identifying import identity
from customers.models import Customer, Login, Membership
from tests.factories import AccountFactory, CustomerFactory
from tests.feedback.test_races import race

pytestmark = pytest.mark.django_db(transaction=True)

MINA = Actor(via="page", rank="staff")


def test_one_new_owner_of_several_organisations_at_once_is_one_customer_with_one_login():
    hashed = make_password("correct horse battery")
    for number in range(4):
        email = identity("email", f"ana{number}@ex.test")

        def add(name, email=email):
            return lambda: adding.add_organisation(name=name, email=email, login=("Ana", hashed), actor=MINA)

        done = race(add("Acme"), add("Zeta"), add("Bare"))
        assert all(isinstance(one, adding.Added) for one in done), done
        assert len({one.customer.pk for one in done}) == 1
        assert sum(one.login_is_new for one in done) == 1
    assert (Customer.objects.count(), Login.objects.count(), Account.objects.count()) == (4, 4, 12)


def test_two_who_are_made_owner_at_once_are_not_both():
    account = AccountFactory()
    places = [Membership.objects.create(customer=CustomerFactory(), account=account) for _ in range(3)]

    def own(place):
        return lambda: joining.make_owner(place, actor=MINA)

    assert race(*map(own, places)) == [None, None, None]
    assert account.memberships.filter(owner=True).count() == 1


def test_a_contact_added_while_the_account_is_deleted_leaves_nothing_half_done():
    for number in range(4):
        account = AccountFactory()
        email = identity("email", f"bo{number}@ex.test")

        def add(account=account, email=email):
            return adding.add_contact(account, email=email, actor=MINA)

        def delete(account=account):
            return deleting.delete(account, customers=True, actor=MINA)

        race(add, delete)
        account.refresh_from_db()
        assert account.state == "deleted"
        place = Membership.objects.filter(account=account).first()
        known = Customer.objects.filter(identifiers__normalized=email.normalized).first()
        assert (place is None) == (known is None)
