"""CSV of the list: what stands in it, that spreadsheets calculate nothing, and that it needs no memory."""

import csv
import io
import tracemalloc
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Entry
from core import exporting as core_exporting
from core.paging import Sort
from core.spreadsheets import joined, plain, safe, split
from customers import exporting
from customers.models import Customer
from staff.models import User
from tests.customers.test_list import many
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, UserFactory

EXPORT = "/customers/export/"


@pytest.fixture
def mina(db: None) -> User:
    return UserFactory()


@pytest.fixture
def support(client: Client, mina: User) -> Client:
    client.force_login(mina)
    return client


def rows(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_holds_everything_that_can_be_imported_again(support: Client) -> None:
    DefinitionFactory(key="plan", type="text")
    DefinitionFactory(key="seats", type="number")
    DefinitionFactory(key="beta", type="boolean")
    ana = CustomerFactory(
        name="Ana Kovač", email=["Ana@ex.test", "ana@home.test"], phone="+34 600 111 222",
        user_id="P-1", handle="twitter:ana",
        tags=["VIP", "a;b"], account=AccountFactory(name="Acme", external_id="org-1"),
        properties={"plan": ["Pro", "Team"], "seats": [-5], "beta": [True]},
    )  # fmt: skip
    (row,) = rows(support.post(EXPORT, {"matching": "true", "query": ""}))
    assert row["id"] == str(ana.pk)
    assert split(plain(row["emails"])) == ["Ana@ex.test", "ana@home.test"]
    assert row["phones"] == "'+34 600 111 222"
    assert (row["user_ids"], row["handles"], row["company"], row["account_ids"]) == (
        "P-1",
        "twitter:ana",
        "Acme",
        "org-1",
    )
    assert set(split(row["tags"])) == {"VIP", "a;b"}
    assert (row["p.plan"], row["p.seats:number"], row["p.beta:boolean"]) == ("Pro; Team", "-5", "yes")
    assert datetime.fromisoformat(row["first_seen"]) == ana.first_seen_at


def test_it_holds_what_the_list_shows_in_its_order(support: Client) -> None:
    many(5)
    found = rows(support.post(EXPORT, {"matching": "true", "query": "q=customer&sort=-name"}))
    assert [row["name"] for row in found] == [f"Customer {n:03}" for n in range(4, -1, -1)]


def test_it_holds_only_the_selected_ones(support: Client) -> None:
    customers = many(5)
    found = rows(support.post(EXPORT, {"id": [customers[1].pk, customers[3].pk]}))
    assert {row["name"] for row in found} == {"Customer 001", "Customer 003"}


def test_the_audit_log_knows_who_took_how_many(support: Client, mina: User) -> None:
    many(3)
    rows(support.post(EXPORT, {"matching": "true", "query": "q=customer"}))
    entry = Entry.objects.get(verb="customers.exported")
    assert (entry.actor_id, entry.facts) == (mina.pk, {"customers": 3, "all_that_match": True})


def test_it_downloads_as_a_file_of_today(support: Client) -> None:
    response = support.post(EXPORT, {"matching": "true", "query": ""})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="customers-2')
    rows(response)


@pytest.mark.parametrize("sent", [{}, {"id": "x"}, {"matching": "true", "query": "channel=fax"}])
def test_what_makes_no_sense_is_refused(support: Client, sent: dict[str, str]) -> None:
    assert support.post(EXPORT, sent).status_code == 422
    assert not Entry.objects.filter(verb="customers.exported").exists()


def test_reading_changes_nothing(support: Client) -> None:
    assert support.get(EXPORT).status_code == 405


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "'=1", "''-1"])
def test_no_cell_becomes_a_formula(support: Client, text: str) -> None:
    cell = safe(text)
    assert cell.startswith("'")
    assert plain(cell) == text


def test_a_formula_as_a_name_is_defused_in_the_file(support: Client) -> None:
    CustomerFactory(name="=HYPERLINK(1)")
    (row,) = rows(support.post(EXPORT, {"matching": "true", "query": ""}))
    assert row["name"] == "'=HYPERLINK(1)"


@given(st.text())
def test_every_text_survives_the_journey(text: str) -> None:
    assert plain(safe(text)) == text


@given(st.lists(st.text(min_size=1).map(str.strip).filter(bool)))
def test_every_list_survives_the_journey(values: list[str]) -> None:
    assert split(joined(values)) == values


@given(st.text())
def test_any_cell_can_be_split(cell: str) -> None:
    split(cell)


@pytest.mark.django_db
def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_exporting, "PIECE_BYTES", 5_000)
    many(2_000)
    tracemalloc.start()
    pieces = exporting.stream(Customer.objects.all(), Sort("name", "sort_name"), UserFactory())
    next(pieces)
    early = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    count = sum(piece.count(b"\n") for piece in pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 1_900
    assert peak - early < 2_000_000
