"""Feedback of the customers in a segment (5.1), however many there are."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import Account, Team, TeamAccount, TeamMember
from core import clock
from customers import segmenting
from customers.models import Membership
from feedback import segment_filters
from feedback.filters import DocumentFilter
from feedback.models import Document
from tests.customers.people import mina, signed_in, user
from tests.feedback.conftest import person, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def titles(query: str) -> set[str]:
    filters = DocumentFilter(QueryDict(query), Document.objects.visible_to(user("support")))
    return {one.title for one in filters.matching(now=clock.now())}


@pytest.mark.parametrize("few", [2_000, 0])
def test_feedback_of_a_segment_is_that_of_its_customers_now(monkeypatch: Any, few: int) -> None:
    monkeypatch.setattr(segment_filters, "FEW", few)
    ana, ben = person("Ana"), person("Ben")
    write(customer=ana, title="from Ana")
    write(customer=ben, title="from Ben")
    write(title="from nobody")
    beta = segmenting.create("Beta", actor=mina())
    named = segmenting.create("Named", "q=ben", actor=mina())
    assert titles(f"segment={beta.pk}") == set()
    segmenting.put_in(beta, [ana.pk], actor=mina())
    assert titles(f"segment={beta.pk}") == {"from Ana"}
    assert titles(f"segment={named.pk}") == {"from Ben"}
    assert titles(f"segment={beta.pk},{named.pk}") == {"from Ana", "from Ben"}
    assert titles("segment=none") == {"from Ben"}
    assert titles("segment=987654") == set()


def test_the_list_offers_segments_and_says_which_is_on(support: Client) -> None:
    write(customer=person("Ana"), title="from Ana")
    named = segmenting.create("Anas", "q=ana", actor=mina())
    assert f"?segment={named.pk}" in support.get("/documents/filter/segment/").content.decode()
    page = support.get(f"/documents/?segment={named.pk}").content.decode()
    assert "from Ana" in page
    assert "<b>Anas</b>" in page


def test_limited_staff_are_not_told_who_else_is_in_a_segment(support: Client) -> None:
    mine, other = Account.objects.create(name="Mine"), Account.objects.create(name="Other")
    ana, ben = person("Ana"), person("Ben")
    Membership.objects.create(customer=ana, account=mine)
    Membership.objects.create(customer=ben, account=other)
    write(customer=ana, title="from Ana")
    write(customer=ben, title="from Ben for mine", account=mine)
    team = Team.objects.create(name="Mine")
    TeamAccount.objects.create(team=team, account=mine)
    TeamMember.objects.create(team=team, user=user("support"))
    beta = segmenting.create("Beta", actor=mina())
    segmenting.put_in(beta, [ana.pk, ben.pk], actor=mina())
    assert titles("") == {"from Ana", "from Ben for mine"}
    assert titles(f"segment={beta.pk}") == {"from Ana"}
