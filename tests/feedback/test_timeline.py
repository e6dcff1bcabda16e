"""All feedback of one customer, by day: the panel that the profile loads (2.4)."""

import re
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer
from tests.feedback.conftest import htmx, person, write

pytestmark = pytest.mark.django_db


def shown(client: Client, customer: Customer, query: str = "", target: str = "feedback") -> list[str]:
    response = client.get(f"/documents/of/{customer.pk}/{query}", headers=htmx(target))
    assert response.status_code == 200
    found = re.findall(r'id="feedback-\d+"[^>]*>(.*?)</a>', response.content.decode())
    return [re.sub(r"</?mark>", "", title) for title in found]


def test_ten_are_shown_newest_first_and_ten_older_on_request(mina: Client, ana: Customer) -> None:
    for number in range(13):
        write(title=f"Number {number}", customer=ana, hours=number * 20)
    write(title="Somebody else’s", customer=person("Bo"))
    text = mina.get(f"/documents/of/{ana.pk}/", headers=htmx("feedback")).content.decode()
    assert shown(mina, ana) == [f"Number {number}" for number in range(10)]
    assert "Today" in text or "Yesterday" in text
    older = re.search(r'id="feedback-older"><a[^>]*href="[^"?]*([^"]+)"', text)
    assert older is not None
    more = older[1].replace("&amp;", "&")
    assert shown(mina, ana, more, "feedback-older") == ["Number 10", "Number 11", "Number 12"]
    assert (
        "Show 10 older"
        not in mina.get(f"/documents/of/{ana.pk}/{more}", headers=htmx("feedback-older")).content.decode()
    )


def test_channel_and_search_narrow_it(mina: Client, ana: Customer) -> None:
    write(title="A call", channel="voice", customer=ana, hours=1)
    write(title="A letter", channel="email", customer=ana, hours=2)
    assert shown(mina, ana, "?channel=voice", "feedback-list") == ["A call"]
    assert shown(mina, ana, "?q=lett", "feedback-list") == ["A letter"]
    assert shown(mina, ana, "?channel=pigeon", "feedback-list") == ["A call", "A letter"]


def test_nothing_yet_and_nothing_found_are_said(mina: Client, ana: Customer) -> None:
    assert "No feedback yet" in mina.get(f"/documents/of/{ana.pk}/").content.decode()
    write(customer=ana)
    assert "matches" in mina.get(f"/documents/of/{ana.pk}/?q=nowhere").content.decode()


def test_it_is_a_page_of_its_own_too_and_needs_to_be_signed_in(mina: Client, ana: Customer, client: Client) -> None:
    assert "<html" in mina.get(f"/documents/of/{ana.pk}/").content.decode()
    assert mina.get("/documents/of/99999999/").status_code == 404
    mina.logout()
    assert client.get(f"/documents/of/{ana.pk}/").status_code == 302


def test_few_queries_for_ten_rows(mina: Client, ana: Customer, django_assert_max_num_queries: Any) -> None:
    for number in range(25):
        write(customer=ana, hours=number)
    shown(mina, ana)
    with django_assert_max_num_queries(6):
        shown(mina, ana)
