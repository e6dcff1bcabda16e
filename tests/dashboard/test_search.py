"""One search over people, feedback and accounts: as a page and in the palette (11.2)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from audit.recording import recorded
from customers.models import Customer
from tests.dashboard.conftest import ACTOR, person, write

pytestmark = pytest.mark.django_db


def palette(client: Client, text: str = "") -> str:
    response = client.get("/palette", {"q": text})
    assert response.status_code == 200
    return response.content.decode()


def test_finds_people_by_name_and_email_and_feedback_by_its_words(
    ana: Customer, as_role: Callable[[str], Client]
) -> None:
    write(customer=ana, title="Kovač asks for dark mode")
    client = as_role("viewer")
    for text in ("kovac", "ana@lumen"):
        page = client.get("/search", {"q": text}).content.decode()
        assert f'href="/customers/{ana.pk}/"' in page
    page = client.get("/search", {"q": "dark mode"}).content.decode()
    assert "asks for <mark>dark</mark> <mark>mode</mark>" in page


def test_finds_accounts_by_name(as_role: Callable[[str], Client]) -> None:
    with recorded(ACTOR, "account.created"):
        account = Account.objects.create(name="Lumenworks d.o.o.")
    page = as_role("viewer").get("/search", {"q": "lumenw"}).content.decode()
    assert f'href="/accounts/{account.pk}/"' in page


def test_five_of_each_kind_lead_to_all_that_match(as_role: Callable[[str], Client]) -> None:
    client = as_role("viewer")
    for number in range(5):
        write(customer=person(f"Ana {number}", f"ana{number}@lumen.example"), title="Ana & Bo write")
    few = client.get("/search", {"q": "ana &"}).content.decode()
    assert "all-people" not in few
    assert "all-feedback" not in few
    for number in range(5, 8):
        write(customer=person(f"Ana {number}", f"ana{number}@lumen.example"), title="Ana & Bo write")
    page = client.get("/search", {"q": "ana"}).content.decode()
    assert len(re.findall(r'class="name" href="/customers/\d+/"', page)) == 5
    assert len(re.findall(r'class="name" href="/documents/\d+/"', page)) == 5
    assert 'id="all-people" href="/customers/?q=ana"' in page
    assert 'id="all-feedback" href="/documents/?q=ana"' in page
    for kind in ("people", "feedback"):
        assert f'hx-get="/search/{kind}/count?q=ana"' in page
        assert client.get(f"/search/{kind}/count", {"q": "ana"}).content == b"8"


def test_counting_stops_at_the_cap_and_refuses_what_the_search_refuses(
    as_role: Callable[[str], Client], settings: Any
) -> None:
    settings.COUNT_LIMIT = 2
    for number in range(4):
        write(customer=person(f"Ana {number}", f"ana{number}@lumen.example"), title="Ana writes")
    client = as_role("viewer")
    for kind in ("people", "feedback"):
        assert client.get(f"/search/{kind}/count", {"q": "ana"}).content == b"2+"
        assert client.get(f"/search/{kind}/count", {"q": "nobody"}).content == b"0"
        assert client.get(f"/search/{kind}/count", {"q": "x" * 201}).status_code == 422
    assert client.get("/search/planets/count", {"q": "ana"}).status_code == 404


def test_typing_gets_the_results_alone(ana: Customer, as_role: Callable[[str], Client]) -> None:
    response = as_role("viewer").get("/search", {"q": "ana"}, headers={"HX-Request": "true", "HX-Target": "results"})
    assert response.content.decode().strip().startswith("<section")
    assert "q=ana" in response.headers["HX-Replace-Url"]


def test_says_that_nothing_matches(as_role: Callable[[str], Client]) -> None:
    assert (
        "Nothing matches “<b>”".replace("<b>", "&lt;b&gt;")
        in as_role("viewer").get("/search", {"q": "<b>"}).content.decode()
    )


@pytest.mark.parametrize("text", ["x" * 201, "one two three four five six seven eight nine"])
def test_says_what_is_wrong_with_the_words(text: str, as_role: Callable[[str], Client]) -> None:
    client = as_role("viewer")
    for address in ("/search", "/palette"):
        response = client.get(address, {"q": text})
        assert response.status_code == 422
        assert "at most" in response.content.decode()


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "'", '"', "a' OR 1=1 --", "(", ":*", "&|!", "@", "🙂", "مرحبا", "-", "  ", "0" * 30]
)
def test_any_text_is_only_text(text: str, as_role: Callable[[str], Client]) -> None:
    person("Ana", "ana@lumen.example")
    client = as_role("viewer")
    assert client.get("/search", {"q": text}).status_code == 200
    palette(client, text)


def test_deleted_people_and_feedback_are_not_found(ana: Customer, as_role: Callable[[str], Client]) -> None:
    document = write(title="Kovač writes")
    with recorded(ACTOR, "document.updated"):
        Customer.objects.filter(pk=ana.pk).update(state="deleted")
        type(document).objects.filter(pk=document.pk).update(state="deleted")
    client = as_role("viewer")
    assert "Nothing matches" in client.get("/search", {"q": "kovač"}).content.decode()
    assert "Kovač" not in palette(client, "kovač").replace("“kovač”", "")


def test_before_typing_the_palette_shows_who_was_heard_of_last_and_what_one_can_do(
    ana: Customer, as_role: Callable[[str], Client]
) -> None:
    options = palette(as_role("support"))
    assert f'data-href="/customers/{ana.pk}/"' in options
    assert "Add customer" in options
    assert "Go to Documents" in options


def test_the_palette_offers_only_what_the_role_may_do(as_role: Callable[[str], Client]) -> None:
    options = palette(as_role("viewer"))
    assert "Add customer" not in options
    assert "Go to Properties" not in options


def test_the_palette_shows_at_most_six_people_and_four_documents(as_role: Callable[[str], Client]) -> None:
    for number in range(9):
        write(customer=person(f"Ana {number}", f"ana{number}@lumen.example"), title=f"Ana writes {number}")
    options = palette(as_role("support"), "ana")
    assert options.count('id="pl-c') == 6
    assert options.count('id="pl-d') == 4
    assert 'data-href="/search?q=ana"' in options


def test_commands_are_found_by_the_beginning_of_their_words(as_role: Callable[[str], Client]) -> None:
    options = palette(as_role("admin"), "go prop")
    assert "Go to Properties" in options
    assert "Go to Tags" not in options


def test_every_option_has_an_id_of_its_own(ana: Customer, as_role: Callable[[str], Client]) -> None:
    write(customer=ana, title="Ana writes")
    ids = re.findall(r'id="([^"]+)"', palette(as_role("admin"), "a"))
    assert len(ids) == len(set(ids)) > 3


def test_takes_as_many_queries_for_25_as_for_one(as_role: Callable[[str], Client]) -> None:
    client = as_role("support")

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(address, {"q": "ana"})
        return len(seen)

    write(customer=person("Ana 0", "ana0@lumen.example"), title="Ana writes")
    few = {address: queries(address) for address in ("/search", "/palette")}
    for number in range(1, 25):
        write(customer=person(f"Ana {number}", f"ana{number}@lumen.example"), title="Ana writes")
    assert {address: queries(address) for address in few} == few
    assert max(few.values()) <= 12
