"""Usage events: recorded once, counted by day, followed live, seen by whom they may be seen (3.4, 3.5)."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.actor import Actor
from audit.models import Entry, Source
from core import clock
from core.invariants import findings
from customers.models import Customer, Membership
from engagement import usage
from engagement.models import UsageDay, UsageEvent
from staff.models import Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="App", kind="tracking")


@pytest.fixture
def lumen() -> Account:
    return Account.objects.create(name="Lumen")


@pytest.fixture
def ana(lumen: Account) -> Customer:
    customer = Customer.objects.create(name="Ana Kovač")
    Membership.objects.create(customer=customer, account=lumen)
    return customer


@pytest.fixture
def mina() -> User:
    return User.objects.create_user("mina@roster.example", name="Mina", role=Role.VIEWER)


@pytest.fixture
def browser_of_mina(client: Client, mina: User) -> Client:
    client.force_login(mina)
    return client


def event(account: Account | None, customer: Customer | None = None, **fields: object) -> usage.Event:
    values = {"module": "Reports", "activity": "Exported", "occurred_at": clock.now(), **fields}
    return usage.Event(account_id=account and account.pk, customer_id=customer and customer.pk, **values)


def record(source: Source, *events: usage.Event) -> usage.Outcome:
    return usage.record(events, source=source, actor=Actor.of_source(source))


def test_events_are_written_once_however_often_they_come(source: Source, lumen: Account, ana: Customer) -> None:
    events = [event(lumen, ana, external_id=f"m{n}") for n in range(3)]
    assert record(source, *events) == usage.Outcome(3, 0)
    assert record(source, *events, event(lumen, external_id="m9")) == usage.Outcome(1, 3)
    assert UsageEvent.objects.count() == 4
    assert Entry.objects.filter(verb="usage.recorded").count() == 2
    assert record(source, *events) == usage.Outcome(0, 3)
    assert Entry.objects.filter(verb="usage.recorded").count() == 2  # nothing changed, nothing to record


def test_days_count_events_as_they_come_change_and_go(source: Source, lumen: Account, ana: Customer) -> None:
    yesterday = clock.now() - timedelta(days=1)
    record(
        source,
        event(lumen),
        event(lumen),
        event(None, ana),
        event(lumen, occurred_at=yesterday),
        event(lumen, module="Chat"),
    )
    assert sorted(UsageDay.objects.values_list("account", "module", "count"), key=str) == [
        (lumen.pk, "Chat", 1), (lumen.pk, "Reports", 1), (lumen.pk, "Reports", 2), (None, "Reports", 1),
    ]  # fmt: skip
    UsageEvent.objects.filter(module="Chat").update(module="Reports")
    UsageEvent.objects.filter(customer=ana).update(customer=None)
    UsageEvent.objects.filter(occurred_at=yesterday).delete()
    assert {(account, count) for account, count in UsageDay.objects.values_list("account", "count")} == {
        (lumen.pk, 3), (None, 1),
    }  # fmt: skip
    assert [found.line for found in findings() if found.broken and found.rule.app == "engagement"] == []


def test_the_page_of_everything_counts_by_module_and_day(
    browser_of_mina: Client, source: Source, lumen: Account
) -> None:
    record(source, *[event(lumen, module=f"Module {n}") for n in range(9) for _ in range(9 - n)])
    html = browser_of_mina.get("/usage/").content.decode()
    assert "45 events" in html
    assert "Module 0" in html
    assert "Others" in html
    assert "Lumen" in html


def test_an_account_and_a_customer_have_their_own(
    browser_of_mina: Client, source: Source, lumen: Account, ana: Customer
) -> None:
    other = Account.objects.create(name="Other")
    record(source, event(lumen, ana, activity="Opened a report"), event(other, activity="Elsewhere"))
    for address in (f"/accounts/{lumen.pk}/usage/", f"/usage/of/{ana.pk}/"):
        html = browser_of_mina.get(address).content.decode()
        assert "Opened a report" in html
        assert "Elsewhere" not in html
    assert browser_of_mina.get(f"/accounts/{lumen.pk + 99}/usage/").status_code == 404
    assert browser_of_mina.get(f"/usage/of/{ana.pk + 99}/").status_code == 404


def address_of(html: str) -> str:
    return html.partition('hx-get="/usage/stream/')[2].partition('"')[0].replace("&amp;", "&")


@pytest.mark.django_db(transaction=True)
def test_a_quiet_stream_asks_for_session_and_user_only_and_news_come_at_the_next_poll(
    browser_of_mina: Client, source: Source, lumen: Account
) -> None:
    address = "/usage/stream/" + address_of(browser_of_mina.get(f"/accounts/{lumen.pk}/usage/").content.decode())
    with CaptureQueriesContext(connection) as queries:
        assert browser_of_mina.get(address).status_code == 204
    assert len(queries) <= 2
    record(source, event(lumen, activity="Signed a contract"))
    answer = browser_of_mina.get(address, headers={"HX-Request": "true", "HX-Target": "usage-stream"})
    assert "Signed a contract" in answer.content.decode()
    following = "/usage/stream/" + address_of(answer.content.decode())
    assert browser_of_mina.get(following).status_code == 204
    cache.clear()  # what Redis forgets is told again, once
    answer = browser_of_mina.get(following)
    assert answer.status_code == 200
    assert browser_of_mina.get("/usage/stream/" + address_of(answer.content.decode())).status_code == 204


@pytest.mark.parametrize("token", ["", "x", "WyJhIl0:1abc:def", "%00"])
def test_a_token_that_is_not_ours_gets_the_stream_itself(browser_of_mina: Client, lumen: Account, token: str) -> None:
    assert browser_of_mina.get(f"/usage/stream/account/{lumen.pk}/", {"token": token}).status_code in {200, 400}
    assert browser_of_mina.get("/usage/stream/moon/1/").status_code == 404


def test_a_token_of_another_stream_or_user_is_not_taken(lumen: Account, mina: User) -> None:
    eve = User.objects.create_user("eve@roster.example")
    token = usage.token_of(mina, "account", lumen.pk)
    assert usage.is_quiet(token, mina, "account", lumen.pk)
    assert not usage.is_quiet(token, eve, "account", lumen.pk)
    assert not usage.is_quiet(token, mina, "account", lumen.pk + 1)
    assert not usage.is_quiet(token, mina, "customer", lumen.pk)


def test_limited_staff_see_the_usage_of_their_accounts_only(
    browser_of_mina: Client, source: Source, lumen: Account, ana: Customer, mina: User
) -> None:
    hidden = Account.objects.create(name="Hidden")
    Membership.objects.create(customer=ana, account=hidden)
    record(source, event(lumen, ana, activity="Seen"), event(hidden, ana, activity="Unseen", module="Secrets"))
    team = Team.objects.create(name="Lumen only", reach="list")
    TeamAccount.objects.create(team=team, account=lumen)
    TeamMember.objects.create(team=team, user=mina)
    for address in (
        "/usage/",
        f"/accounts/{lumen.pk}/usage/",
        f"/usage/of/{ana.pk}/",
        f"/usage/stream/customer/{ana.pk}/",
    ):
        html = browser_of_mina.get(address).content.decode()
        assert "Seen" in html
        for secret in ("Unseen", "Secrets", "Hidden"):
            assert secret not in html, address
    for address in (f"/accounts/{hidden.pk}/usage/", f"/usage/stream/account/{hidden.pk}/"):
        assert browser_of_mina.get(address).status_code == 404


def test_usage_stays_with_the_account_when_the_person_is_gone(source: Source, lumen: Account, ana: Customer) -> None:
    record(source, event(lumen, ana))
    ana.delete()
    assert list(UsageEvent.objects.values_list("account", "customer")) == [(lumen.pk, None)]
    assert UsageDay.objects.get().count == 1


def test_pages_cost_the_same_queries_for_one_event_and_for_25(
    browser_of_mina: Client, source: Source, lumen: Account, ana: Customer
) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert browser_of_mina.get(address).status_code == 200
        return len(found)

    addresses = ["/usage/", f"/accounts/{lumen.pk}/usage/", f"/usage/of/{ana.pk}/"]
    record(source, event(lumen, ana))
    few = [queries(address) for address in addresses]
    record(source, *[event(lumen, ana) for _ in range(25)])
    assert [queries(address) for address in addresses] == few
    assert max(few) <= 7


def test_whoever_follows_one_of_very_many_streams_is_told_too(
    source: Source, lumen: Account, ana: Customer, mina: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "STREAMS", 2)
    token = usage.token_of(mina, "customer", ana.pk)
    assert usage.is_quiet(token, mina, "customer", ana.pk)
    with TestCase.captureOnCommitCallbacks(execute=True):
        record(source, event(lumen, ana))
    assert not usage.is_quiet(token, mina, "customer", ana.pk)
    assert usage.is_quiet(usage.token_of(mina, "customer", ana.pk), mina, "customer", ana.pk)
