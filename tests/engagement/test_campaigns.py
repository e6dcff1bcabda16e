"""Campaigns: reports in any order, the funnel, and each customer's own deliveries (4.2)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.actor import Actor
from audit.models import Change, Entry, Source
from customers.models import Customer, Membership
from engagement import campaigns
from engagement.campaigns import Reached
from engagement.models import Campaign, Delivery
from staff.models import Role, User

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="Mailer", kind="api")


@pytest.fixture
def ana() -> Customer:
    return Customer.objects.create(name="Ana Kovač")


@pytest.fixture
def mina(client: Client) -> User:
    user = User.objects.create_user("mina@roster.example", name="Mina", role=Role.VIEWER)
    client.force_login(user)
    return user


def record(source: Source, *reached: Reached) -> tuple[int, int]:
    return campaigns.record(reached, source=source, actor=Actor.of_source(source))


def test_reports_come_late_twice_and_in_any_order(source: Source, ana: Customer) -> None:
    later = NOON + timedelta(hours=1)
    viewed = Reached("Spring", ana.pk, viewed_at=later)
    assert record(source, viewed, Reached("Spring", ana.pk, sent_at=NOON)) == (1, 0)
    assert record(source, viewed, Reached("Spring", ana.pk, sent_at=later)) == (0, 1)
    assert record(source, Reached("  Spring ", ana.pk, viewed_at=NOON, goal_reached_at=later)) == (1, 0)
    delivery = Delivery.objects.get()
    assert (delivery.sent_at, delivery.viewed_at, delivery.engaged_at, delivery.goal_reached_at) == (
        NOON, NOON, None, later,
    )  # fmt: skip
    assert Entry.objects.filter(verb="campaign.delivered").count() == 2
    assert Change.objects.filter(table="engagement_delivery", customer_id=ana.pk).count() == 2


def test_the_funnel_counts_a_later_step_as_all_before_it(
    source: Source, client: Client, mina: User, ana: Customer
) -> None:
    others = Customer.objects.bulk_create(Customer(name=f"C{n}", sort_name=f"c{n}") for n in range(3))
    record(
        source, Reached("Spring", ana.pk, goal_reached_at=NOON), Reached("Spring", others[0].pk, sent_at=NOON),
        Reached("Spring", others[1].pk, sent_at=NOON, viewed_at=NOON), Reached("Spring", others[2].pk),
    )  # fmt: skip
    campaign = Campaign.objects.get()
    assert [(step.label, step.count, step.percent) for step in campaigns.funnel(campaign, mina)] == [
        ("Sent", 3, 75), ("Viewed", 2, 50), ("Engaged", 1, 25), ("Goal reached", 1, 25),
    ]  # fmt: skip
    assert "75 %" in client.get("/campaigns/").content.decode()
    html = client.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert "Ana Kovač" in html
    assert client.get(f"/campaigns/{campaign.pk + 9}/").status_code == 404


def test_the_profile_shows_the_customers_own_deliveries(
    source: Source, client: Client, mina: User, ana: Customer
) -> None:
    other = Customer.objects.create(name="Other")
    record(source, Reached("Spring", ana.pk, sent_at=NOON), Reached("Autumn", other.pk, sent_at=NOON))
    html = client.get(f"/campaigns/of/{ana.pk}/").content.decode()
    assert "Spring" in html
    assert "Autumn" not in html
    assert f"/campaigns/of/{ana.pk}/" in client.get(f"/customers/{ana.pk}/").content.decode()


def test_limited_staff_count_the_customers_that_they_may_see(
    source: Source, client: Client, mina: User, ana: Customer
) -> None:
    north = Account.objects.create(name="North")
    Membership.objects.create(customer=ana, account=north)
    hidden = Customer.objects.create(name="Hidden Person")
    record(source, Reached("Spring", ana.pk, sent_at=NOON), Reached("Spring", hidden.pk, sent_at=NOON))
    team = Team.objects.create(name="North", reach="list")
    TeamAccount.objects.create(team=team, account=north)
    TeamMember.objects.create(team=team, user=mina)
    mina.refresh_from_db()
    assert campaigns.funnel(Campaign.objects.get(), mina)[0].count == 1
    assert "Hidden" not in client.get(f"/campaigns/{Campaign.objects.get().pk}/").content.decode()
    assert client.get(f"/campaigns/of/{hidden.pk}/").status_code == 404


def test_pages_cost_the_same_queries_for_one_delivery_and_for_25(
    source: Source, client: Client, mina: User, ana: Customer
) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    record(source, Reached("Spring", ana.pk, sent_at=NOON))
    addresses = [f"/campaigns/{Campaign.objects.get().pk}/", f"/campaigns/of/{ana.pk}/"]
    few = [queries(address) for address in addresses]
    others = Customer.objects.bulk_create(Customer(name=f"C{n}", sort_name=f"c{n}") for n in range(25))
    record(source, *[Reached("Spring", one.pk, sent_at=NOON) for one in others])
    assert [queries(address) for address in addresses] == few
    assert max(few) <= 6
