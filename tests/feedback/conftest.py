"""A small named cast for tests of documents: Mina of support, Vera who only reads, Ana the customer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from audit.actor import Actor
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer
from feedback.models import Document
from staff.models import User

STAFF = Actor(via="page", rank="staff")


@pytest.fixture
def as_role(client: Client) -> Callable[[str], Client]:
    """`as_role("viewer")` is a client signed in with that role."""

    def sign_in(role: str) -> Client:
        user = User.objects.create_user(f"{role}@roster.example", name=f"Mina {role.title()}", role=role)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def mina(as_role: Callable[[str], Client]) -> Client:
    return as_role("support")


@pytest.fixture
def vera(as_role: Callable[[str], Client]) -> Client:
    return as_role("viewer")


def write(**fields: Any) -> Document:
    """A document; `hours` is how long ago."""
    hours = fields.pop("hours", 1)
    fields.setdefault("occurred_at", timezone.now() - timedelta(hours=hours))
    given = {"title": "Export fails", "channel": "email", **fields}
    if given.get("customer"):
        given.setdefault("link", "staff")
    return Document.objects.create(**given)


def person(name: str, email: str = "", **properties: Any) -> Customer:
    found = identities([("email", email)]) if email else []
    return create(
        draft_of(name=name, identities=found, properties={k: [v] for k, v in properties.items()}), actor=STAFF
    )


@pytest.fixture
def ana() -> Customer:
    return person("Ana Kovač", "ana@ex.test")


@pytest.fixture
def document() -> Document:
    return write(title="Export fails", body="It drops accented characters.")


def htmx(target: str) -> dict[str, str]:
    """Headers of a request that HTMX makes for this element."""
    return {"HX-Request": "true", "HX-Target": target}


@pytest.fixture
def time_limit() -> Any:
    """`with time_limit(3):` fails when what is inside takes longer than that many seconds."""

    @contextmanager
    def limited(seconds: float) -> Iterator[None]:
        started = time.monotonic()
        yield
        assert time.monotonic() - started < seconds

    return limited
