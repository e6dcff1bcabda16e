"""Whichever way the rows of limited staff are found, they are the same rows in the same order (3.5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q

from accounts.models import Account, Team, TeamAccount, TeamMember
from core import clock
from customers import listing as customer_listing
from customers import visibility as of_customers
from customers.models import Customer
from customers.search import Condition, conditions
from feedback import listing as document_listing
from feedback import visibility as of_documents
from feedback.models import Document
from feedback.search import query_of
from staff.models import User
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db
FEW, MANY, MOST = 3, 50_000, 900_000  # rows that the planner thinks the teams may see


@pytest.fixture
def eve() -> User:
    """Support in a team that sees one of two accounts; 40 people and their feedback belong to either or to none."""
    mine, other = Account.objects.create(name="Mine"), Account.objects.create(name="Other")
    team = Team.objects.create(name="Few")
    TeamAccount.objects.create(team=team, account=mine)
    places: list[Account | None] = [mine, other, None]
    for number in range(40):
        place, now = places[number % 3], clock.now() - timedelta(hours=number)
        person: Any = CustomerFactory(name=f"Ana {number}", account=place, last_seen_at=now, first_seen_at=now)
        about = mine if number % 9 == 1 else None
        Document.objects.create(
            title="alpha", customer=person, link="staff", account=about, channel="email", occurred_at=now
        )
    user = User.objects.create_user("eve@roster.example", role="support")
    TeamMember.objects.create(team=team, user=user)
    user.refresh_from_db()
    return user


def large(monkeypatch: pytest.MonkeyPatch, seen: int) -> None:
    """As if the tables held a million rows, of which a walk looks at a few."""
    for module in (customer_listing, document_listing):
        monkeypatch.setattr(module, "WINDOW", 7)
        monkeypatch.setattr(module, "total", lambda: 1_000_000)
    monkeypatch.setattr(customer_listing, "number_seen", lambda teams: seen)
    monkeypatch.setattr(document_listing, "number_shown", lambda teams: seen)


def customers_of(user: User, asked: list[Condition]) -> list[int]:
    cursor, found = None, []
    while True:
        rows = Customer.objects.visible_to(user).active()
        answer = customer_listing.find(rows, asked, customer_listing.sort_of("-last_seen"), cursor, size=4)
        found += [row.pk for row in answer.page.rows]
        if not answer.page.next:
            return found
        cursor = answer.page.next


def documents_of(user: User, asked: list[Condition]) -> list[int]:
    cursor, found = None, []
    while True:
        rows = Document.objects.visible_to(user).active()
        answer = document_listing.find(rows, asked, document_listing.NEWEST, cursor, size=4)
        found += [row.pk for row in answer.page.rows]
        if not answer.page.next:
            return found
        cursor = answer.page.next


@pytest.mark.parametrize("seen", [FEW, MANY, MOST])
@pytest.mark.parametrize("typed", ["", "ana", "an"])
def test_customers_of_limited_staff(monkeypatch: pytest.MonkeyPatch, eve: User, seen: int, typed: str) -> None:
    wanted = list(Customer.objects.filter(memberships__account__name="Mine").order_by("-last_seen_at", "-pk"))
    assert len(wanted) == 14
    large(monkeypatch, seen)
    asked = conditions(typed)
    assert customers_of(eve, asked) == [one.pk for one in wanted]
    assert customer_listing.count(Customer.objects.visible_to(eve).active(), asked) == 14


@pytest.mark.parametrize("seen", [FEW, MANY, MOST])
@pytest.mark.parametrize("typed", ["", "alpha "])
def test_documents_of_limited_staff(monkeypatch: pytest.MonkeyPatch, eve: User, seen: int, typed: str) -> None:
    of_account = Q(account__name="Mine")
    of_person = Q(account=None, customer__memberships__account__name="Mine")
    wanted = list(Document.objects.filter(of_account | of_person).order_by("-occurred_at", "-pk"))
    assert len(wanted) == 14 + Document.objects.filter(of_account).count() == 19
    large(monkeypatch, seen)
    query = query_of(typed)
    asked = [] if query is None else [Condition(Q(query))]
    assert documents_of(eve, asked) == [one.pk for one in wanted]
    assert document_listing.count(Document.objects.visible_to(eve).active(), asked) == 19


def test_the_limit_that_is_taken_off_is_the_one_that_was_put_on(eve: User) -> None:
    rows = Customer.objects.visible_to(eve).active()
    free, limit = of_customers.parted(rows)
    assert limit is not None
    assert limit.teams == eve.team_ids
    assert (free.count(), rows.count()) == (40, 14)
    documents, shown = of_documents.parted(Document.objects.visible_to(eve).active())
    assert shown is not None
    assert shown.teams == eve.team_ids
    assert documents.count() == 40
    assert of_customers.parted(Customer.objects.active())[1] is None
    assert of_customers.number_seen(eve.team_ids) > 0
    assert of_documents.number_shown(eve.team_ids) > 0
