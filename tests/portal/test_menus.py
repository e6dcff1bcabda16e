"""Where impersonating begins: in the menu of a customer who signs in, and of an account whose owner does (8.3)."""

import pytest

from customers.models import Customer
from tests.customers.people import user
from tests.factories import AccountFactory, CustomerFactory
from tests.portal.cast import admin, ana, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Customer:
    return ana()


def test_the_menu_of_a_customer_with_a_login_leads_there(person: Customer) -> None:
    page = client_of(admin()).get(f"/customers/{person.pk}/").content.decode()
    assert f'href="/customers/{person.pk}/impersonate/"' in page


def test_the_menu_of_an_account_leads_to_its_owner(person: Customer) -> None:
    account = person.memberships.get().account
    page = client_of(admin()).get(f"/accounts/{account.pk}/").content.decode()
    assert f'href="/accounts/{account.pk}/impersonate/"' in page


def test_nobody_to_impersonate_is_not_offered(person: Customer) -> None:
    client, account = client_of(admin()), AccountFactory()
    alone = CustomerFactory(account=account)
    assert "impersonate/" not in client.get(f"/customers/{alone.pk}/").content.decode()
    assert "impersonate/" not in client.get(f"/accounts/{account.pk}/").content.decode()


def test_who_may_not_is_not_offered_it(person: Customer) -> None:
    client, account = client_of(user("support")), person.memberships.get().account
    assert "impersonate/" not in client.get(f"/customers/{person.pk}/").content.decode()
    assert "impersonate/" not in client.get(f"/accounts/{account.pk}/").content.decode()
