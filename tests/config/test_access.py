"""Every address as every kind of caller: nobody gets a page that their role does not have, and nobody gets a 500."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver

from core.checks import GUARDED_BY_OTHERS, GUARDED_ROUTES, views
from staff.models import User
from staff.permissions import BY_KEY, PUBLIC, permissions_of

pytestmark = pytest.mark.django_db

ROLES = ("viewer", "support", "admin")
SAMPLES = {"int": "999999999", "str": "x", "slug": "x", "path": "x", "uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12}


def pages() -> Iterator[tuple[str, object]]:
    """(address, what its view requires) of every view of ours."""
    for route, view in views(get_resolver()):
        if view.__module__.startswith(GUARDED_BY_OTHERS) or route.startswith(GUARDED_ROUTES):
            continue
        plain = route.replace("^", "").replace("$", "").replace("\\Z", "")
        yield "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], plain), view.requires


PAGES = sorted({(address, repr(requires)) for address, requires in pages()})
REQUIRES = dict(pages())


@pytest.fixture(params=ROLES)
def caller(request: pytest.FixtureRequest, client: Client) -> tuple[User, Client]:
    user = User.objects.create_user(f"{request.param}@ex.test", "roster-demo", name="Mina", role=request.param)
    client.force_login(user)
    client.raise_request_exception = False
    return user, client


def test_there_are_pages_to_walk() -> None:
    assert len(PAGES) > 30


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_see_only_what_is_public(client: Client, method: str) -> None:
    for address, requires in REQUIRES.items():
        answer = getattr(client, method)(address)
        if requires == PUBLIC:
            assert answer.status_code < 500 or address == "/readyz", address
        elif requires == BY_KEY:
            assert answer.status_code in {401, 405}, address
        elif answer.status_code != 405:  # a method that the page does not have tells nobody anything
            assert answer.status_code == 302, (address, answer.status_code)
            assert answer["Location"].startswith("/sign-in/"), (address, answer["Location"])


@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_get_what_their_role_has_and_nothing_breaks(caller: tuple[User, Client], method: str) -> None:
    user, client = caller
    held = permissions_of(user)
    for address, requires in REQUIRES.items():
        if not isinstance(requires, dict):
            continue
        needed = requires["any"] | (requires["post"] if method == "post" else frozenset())
        answer = getattr(client, method)(address)
        if not needed <= held:
            assert answer.status_code in {403, 405}, (address, user.role, answer.status_code)
        else:
            assert answer.status_code not in {401, 403}, (address, user.role)
            assert answer.status_code < 500, (address, user.role)


def test_the_django_admin_is_for_superusers_only(caller: tuple[User, Client]) -> None:
    _, client = caller
    assert client.get("/admin/").status_code == 302
