"""The cast of the profile's tests: Mina of support, Vera who only reads, Ana the customer, and a sync."""

from typing import Any

from django.test import Client

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core import clock
from customers.creating import create, draft_of, find_or_create
from customers.identifying import identities
from customers.models import Customer
from staff.models import User

STAFF = Actor(via="page", rank="staff")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(user(role))
    return client


def user(role: str) -> User:
    name = {"support": "Mina Okafor", "viewer": "Vera Lind", "admin": "Ada Admin"}[role]
    return User.objects.filter(email=f"{role}@ex.test").first() or User.objects.create_user(
        f"{role}@ex.test", name=name, role=role
    )


def mina() -> Actor:
    return Actor.of_staff(user("support"))


def sync() -> Actor:
    return Actor.of_source(Source.objects.get_or_create(kind="user", name="Warehouse")[0])


def person(name: str = "Ana Kovač", email: str = "ana@ex.test", **properties: list[Any]) -> Customer:
    found = identities([("email", email)]) if email else []
    return create(draft_of(name=name, identities=found, properties=properties), actor=STAFF)


def synced(name: str = "Ana Kovač", email: str = "ana@ex.test", **properties: list[Any]) -> Customer:
    """A customer as the sync sent her; sent again, she is brought up to date."""
    draft = draft_of(name=name, identities=identities([("email", email)]), properties=properties)
    with recorded(sync(), "customer.synced"):
        customer, _, _ = find_or_create(draft, actor=sync(), origin="sync", now=clock.now())
    assert customer is not None
    return customer


def part(name: str) -> dict[str, dict[str, str]]:
    """What HTMX says when it wants this part of the page: `client.get(url, **part("notes"))`."""
    return {"headers": {"HX-Request": "true", "HX-Target": name}}
