"""The cast of the portal's tests: Ana owns Lumen, Ben is a member of it, Carla belongs to another organisation."""

from typing import Any

from django.test import Client

from accounts.models import Account
from audit.actor import Actor
from customers.logins import give_login
from customers.models import Customer, Membership
from staff.models import User
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory


def customer(name: str, email: str, account: Account | None = None, *, login: bool = True, **place: Any) -> Customer:
    """A customer with a login (but for `login=False`), in `account` as `place` says (owner, contact, key_contact)."""
    made = CustomerFactory(name=name, email=email, account=account)
    if place:
        Membership.objects.filter(customer=made, account=account).update(**place)
    if login:
        give_login(made, email=email, name=name, password="roster-demo-1", actor=STAFF)
    return Customer.objects.get(pk=made.pk)


def ana(account: Account | None = None) -> Customer:
    place = account or AccountFactory(name="Lumen")
    return customer("Ana Kovač", "ana@lumen.test", place, owner=True, contact=True)


def user_of(customer: Customer) -> User:
    return User.objects.get(login__customer=customer)


def client_of(someone: Customer | User) -> Client:
    """A browser in which this customer, or member of staff, is signed in."""
    client = Client()
    client.force_login(user_of(someone) if isinstance(someone, Customer) else someone)
    return client


def admin(name: str = "Ada Admin", **fields: Any) -> User:
    email = f"{name.split()[0].lower()}@roster.example"
    return User.objects.create_user(email, "roster-demo", name=name, **{"role": "admin", **fields})


def acting(user: User, as_: Customer) -> Actor:
    """How commands see `user` who impersonates."""
    return Actor(via="portal", rank="staff", user_id=user.pk, on_behalf_of_id=user_of(as_).pk)
