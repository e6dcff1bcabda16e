"""Add customer (organisation) and contacts: one matching rule, and no login that exists is ever changed (3.2, 3.3)."""

import pytest
from django.contrib.auth.hashers import make_password

from accounts.models import Account, Team, TeamMember
from audit.actor import Actor
from audit.models import Entry
from customers import deleting, joining
from customers.accounts import adding
from customers.creating import Taken
from customers.identifying import identity
from customers.logins import StaffEmail, give_login
from customers.models import Customer, Login, Membership
from staff.models import User
from tests.factories import AccountFactory, CustomerFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
ANA = ("Ana Kovač", make_password(PASSWORD))


@pytest.fixture
def mina():
    return UserFactory()


@pytest.fixture
def actor(mina):
    return Actor.of_staff(mina)


def add(actor, email="ana@ex.test", name="Acme", login=ANA, **more):
    return adding.add_organisation(name=name, email=identity("email", email), login=login, actor=actor, **more)


def test_an_organisation_comes_with_its_owners_profile_login_and_place(actor):
    added = add(actor, external_id="org-7")
    assert (added.account.name, added.account.external_id) == ("Acme", "org-7")
    assert (added.customer.name, added.customer.primary_email) == ("Ana Kovač", "ana@ex.test")
    assert added.login_is_new
    assert added.login.user.check_password(PASSWORD)
    place = Membership.objects.get()
    assert (place.account, place.customer) == (added.account, added.customer)
    assert (place.owner, place.contact, place.primary) == (True, True, True)
    assert Entry.objects.get(verb="organisation.added").subject_id == added.account.pk


def test_a_profile_that_exists_is_used_and_keeps_its_name(actor):
    ana = CustomerFactory(name="Ana K.", email="Ana@ex.test")
    added = add(actor)
    assert added.customer == ana
    ana.refresh_from_db()
    assert ana.name == "Ana K."
    assert Customer.objects.count() == 1
    assert added.login.user.name == "Ana Kovač"


def test_a_login_that_exists_is_used_and_nothing_of_it_changes(actor):
    ana = CustomerFactory(name="Ana K.", email="ana@ex.test")
    login = give_login(ana, email="ana@ex.test", name="Ana K.", password=PASSWORD, actor=actor)
    added = add(actor, login=("Mallory", make_password("another long secret")))
    assert (added.login, added.login_is_new) == (login, False)
    user = User.objects.get(pk=login.user_id)
    assert user.name == "Ana K."
    assert user.check_password(PASSWORD)
    assert Login.objects.count() == 1


def test_without_a_login_it_must_be_said_how_to_sign_in_and_nothing_is_left(actor):
    with pytest.raises(adding.LoginNeeded):
        add(actor, login=None)
    assert not Account.objects.exists()
    assert not Customer.objects.exists()


def test_the_email_of_a_colleague_is_refused_and_nothing_is_left(actor, mina):
    with pytest.raises(StaffEmail):
        add(actor, email=mina.email.upper())
    assert not Account.objects.exists()


def test_a_deleted_person_is_refused_with_who_it_is(actor):
    ana = CustomerFactory(email="ana@ex.test")
    deleting.delete(ana, actor=actor)
    with pytest.raises(Taken) as refused:
        add(actor)
    assert refused.value.customer == ana
    assert not Account.objects.exists()


def test_one_person_may_own_several_organisations(actor):
    first, second = add(actor), add(actor, name="Zeta", login=None)
    assert first.customer == second.customer
    assert second.customer.memberships.filter(owner=True).count() == 2
    assert second.customer.memberships.filter(primary=True).get().account == first.account


@pytest.fixture
def limited(mina):
    """Mina sees the accounts of one list: none yet."""
    team = Team.objects.create(name="North", reach="list")
    TeamMember.objects.create(team=team, user=mina)
    return User.objects.get(pk=mina.pk)


def test_limited_staff_see_what_they_add(limited):
    added = add(Actor.of_staff(limited), viewer=limited)
    assert Account.objects.visible_to(limited).get() == added.account


def test_limited_staff_by_a_rule_cannot_add_what_they_would_not_see(mina):
    from properties.models import Definition

    region = Definition.objects.create(subject="account", key="region", label="Region")
    team = Team.objects.create(name="EMEA", reach="rule", definition=region, operator="is", value="EMEA")
    TeamMember.objects.create(team=team, user=mina)
    limited = User.objects.get(pk=mina.pk)
    with pytest.raises(adding.NoSight):
        add(Actor.of_staff(limited), viewer=limited)
    assert not Account.objects.exists()


def test_the_email_of_somebody_invisible_cannot_be_used_and_nothing_changes(limited):
    ana = CustomerFactory(email="ana@ex.test", account=AccountFactory())
    with pytest.raises(adding.OwnedElsewhere):
        add(Actor.of_staff(limited), viewer=limited)
    assert Account.objects.count() == 1
    assert ana.memberships.count() == 1


def contact(account, email, actor, **more):
    return adding.add_contact(account, email=identity("email", email), actor=actor, **more)


def test_adding_a_contact_makes_the_profile_if_there_is_none(actor):
    account = AccountFactory()
    place = contact(account, "bo@ex.test", actor, name="Bo")
    assert (place.customer.name, place.customer.origin) == ("Bo", "hand")
    assert (place.contact, place.key_contact, place.owner, place.primary) == (True, False, False, True)


def test_adding_a_contact_marks_the_membership_of_somebody_known(actor):
    account = AccountFactory()
    bo = CustomerFactory(name="Bo", email="bo@ex.test", account=account)
    place = contact(account, "BO@ex.test", actor, name="Robert", key_contact=True)
    assert place.customer == bo
    assert (place.contact, place.key_contact) == (True, True)
    assert Membership.objects.count() == 1
    bo.refresh_from_db()
    assert bo.name == "Bo"


def test_adding_a_key_contact_again_as_a_contact_takes_nothing_away(actor):
    account = AccountFactory()
    contact(account, "bo@ex.test", actor, key_contact=True)
    assert contact(account, "bo@ex.test", actor).key_contact


def test_an_account_has_one_owner(actor):
    account = AccountFactory()
    first = joining.place_in(CustomerFactory(), account, owner=True, actor=actor, now=account.created_at)
    second = Membership.objects.create(customer=CustomerFactory(), account=account)
    joining.make_owner(second, actor=actor)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.owner, first.contact) == (False, True)
    assert (second.owner, second.contact) == (True, True)
    joining.end_ownership(second, actor=actor)
    assert not account.memberships.filter(owner=True).exists()


def test_who_is_no_contact_any_more_is_not_the_owner(actor):
    account = AccountFactory()
    place = joining.place_in(CustomerFactory(), account, owner=True, actor=actor, now=account.created_at)
    joining.set_contact(place, contact=False, key_contact=False, actor=actor)
    place.refresh_from_db()
    assert (place.owner, place.contact) == (False, False)
