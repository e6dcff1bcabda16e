"""A small cast for the overview and the search: Mina of support, Ana and her feedback."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer
from dashboard import keeping
from feedback.models import Document
from staff.models import User

ACTOR = Actor.of_system("command")


@pytest.fixture(autouse=True)
def _figures_are_counted_each_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However slow this machine is at the moment."""
    monkeypatch.setattr(keeping, "SLOW_SECONDS", 60)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def as_role(client: Client) -> Callable[[str], Client]:
    """`as_role("viewer")` is a client signed in with that role."""

    def sign_in(role: str) -> Client:
        user = User.objects.create_user(f"{role}@roster.example", name=f"Mina {role.title()}", role=role)
        client.force_login(user)
        return client

    return sign_in


def person(name: str, email: str = "") -> Customer:
    return create(draft_of(name=name, identities=identities([("email", email)])), actor=ACTOR)


def write(days: float = 0, **fields: Any) -> Document:
    """A document of so many days ago."""
    at: datetime = clock.now() - timedelta(days=days, minutes=1)
    fields = {"title": "Export fails", "channel": "email", "occurred_at": at, **fields}
    if fields.get("customer"):
        fields["link"] = "staff"
    with recorded(ACTOR, "document.received") as entry:
        document = Document.objects.create(**fields)
        entry.about(document)
        return document


@pytest.fixture
def ana() -> Customer:
    return person("Ana Kovač", "ana@lumen.example")
