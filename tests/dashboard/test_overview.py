"""The overview (11.1): how things stand, with the list behind each figure."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from audit.recording import recorded
from core import clock
from customers.models import Customer
from dashboard import figures, keeping
from engagement.models import Survey, SurveyResponse
from feedback.models import Document
from staff.models import User
from tests.dashboard.conftest import ACTOR, person, write
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def overview(client: Client) -> str:
    response = client.get("/")
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_roster_says_how_to_begin(as_role: Callable[[str], Client]) -> None:
    page = overview(as_role("support"))
    assert "Import your feedback" in page
    assert 'href="/customers/new/"' in page


def test_whoever_may_only_look_is_told_who_can_begin(as_role: Callable[[str], Client]) -> None:
    page = overview(as_role("viewer"))
    assert "Import your feedback" not in page
    assert "role Support or Admin" in page


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    for address in ("/", "/search", "/palette"):
        assert client.get(address).status_code == 302


def test_counts_feedback_of_the_last_30_days_against_the_30_before(as_role: Callable[[str], Client]) -> None:
    for days in (0, 1, 29, 31, 59, 61):
        write(days)
    page = text_of(overview(as_role("viewer")))
    assert "Feedback, last 30 days 3" in page
    assert "50 % more than in the 30 days before (2)" in page


def test_leaves_deleted_records_out(ana: Customer, as_role: Callable[[str], Client]) -> None:
    gone = write()
    write()
    with recorded(ACTOR, "document.updated"):
        Document.objects.filter(pk=gone.pk).update(state="deleted")
        Customer.objects.filter(pk=ana.pk).update(state="deleted")
    page = text_of(overview(as_role("viewer")))
    assert "Feedback, last 30 days 1" in page
    assert "New customers, last 30 days 0" in page
    assert "Feedback without a customer 1" in page


def test_an_old_archive_shows_its_own_last_days(as_role: Callable[[str], Client]) -> None:
    latest = write(400)
    write(410)
    page = text_of(overview(as_role("viewer")))
    assert f"Feedback, 30 days to {latest.occurred_at.day} {latest.occurred_at:%b %Y} 2" in page


def test_feedback_dated_ahead_changes_nothing(as_role: Callable[[str], Client]) -> None:
    write(-3)
    write(1)
    assert "Feedback, last 30 days 1" in text_of(overview(as_role("viewer")))


def test_days_are_those_of_the_viewer(as_role: Callable[[str], Client]) -> None:
    now = clock.now().replace(hour=12)
    from zoneinfo import ZoneInfo

    period = figures.period_until(now, ZoneInfo("Pacific/Kiritimati"), UserFactory())
    assert period.today == (now + timedelta(hours=14)).date()


def test_every_figure_links_to_a_list_that_has_as_many_rows(ana: Customer, as_role: Callable[[str], Client]) -> None:
    with recorded(ACTOR, "account.created"):
        account = Account.objects.create(name="Lumenworks")
    write(3, customer=ana, account=account, channel="chat")
    write(2, channel="email")
    write(40)
    client = as_role("support")
    page = overview(client)
    links = set(re.findall(r'href="(/(?:documents|customers)/\?[^"]+)"', page))
    found = {}
    for link in links:
        response = client.get(link.replace("&amp;", "&"))
        assert response.status_code == 200, link
        found[urlsplit(link).query.split("&amp;")[0]] = len(
            re.findall(r'<th[^>]* scope="?row', response.content.decode())
        )
    assert found["channel=chat"] == found["channel=email"] == found[f"account={account.pk}"] == 1
    assert found["unassigned=true"] == 2
    assert any(key.startswith("first_seen_from") and number == 1 for key, number in found.items())
    assert any(key.startswith("time_from") and number == 2 for key, number in found.items())


def test_names_the_accounts_with_most_feedback(as_role: Callable[[str], Client]) -> None:
    with recorded(ACTOR, "account.created"):
        small, big = Account.objects.create(name="Small"), Account.objects.create(name="Big <b>")
    for account in (small, big, big):
        write(account=account)
    page = overview(as_role("viewer"))
    assert page.index("Big &lt;b&gt;") < page.index("Small")


def test_shows_nps_once_somebody_answered(ana: Customer, as_role: Callable[[str], Client]) -> None:
    client = as_role("viewer")
    assert "NPS" not in overview(client)
    with recorded(ACTOR, "response.received"):
        survey = Survey.objects.create(name="NPS", kind="nps")
        for score in (10, 9, 7, 2):
            SurveyResponse.objects.create(survey=survey, customer=ana, score=score, answered_at=clock.now())
    assert "NPS, last 90 days 25 4 answers, 7.0 on average" in text_of(overview(client))


def test_recent_activity_names_what_happened_once(ana: Customer, as_role: Callable[[str], Client]) -> None:
    for _ in range(4):
        write()
    page = text_of(overview(as_role("viewer")))
    assert "sent feedback “Export fails” and 3 more" in page
    assert "added Ana Kovač" in page


def test_slow_figures_are_kept_and_quick_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    monkeypatch.setattr(keeping, "SLOW_SECONDS", 60)
    for _ in range(2):
        keeping.kept("quick", lambda: counted.append("quick"))
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    monkeypatch.setattr(keeping, "KEPT_TIMES_LONGER", 10**9)
    for _ in range(2):
        keeping.kept("slow", lambda: counted.append("slow"))
    assert counted == ["quick", "quick", "slow"]


def test_works_without_redis(as_role: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as Away

    def away(*args: object, **kwargs: object) -> None:
        raise Away

    write()
    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.get", away)
    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.set", away)
    monkeypatch.setattr(keeping, "SLOW_SECONDS", -1)
    assert "Feedback, last 30 days 1" in text_of(overview(as_role("viewer")))


def test_takes_as_many_queries_for_25_of_everything_as_for_one(as_role: Callable[[str], Client]) -> None:
    client = as_role("support")

    def add(number: int) -> None:
        with recorded(ACTOR, "account.created") as entry:
            account = Account.objects.create(name=f"Account {number}")
            entry.about(account)
        write(account=account, customer=person(f"Person {number}", f"p{number}@lumen.example"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            overview(client)
        return len(seen)

    add(0)
    few = queries()
    for number in range(1, 25):
        add(number)
    assert queries() == few <= 22


def test_every_role_may_look(as_role: Callable[[str], Client]) -> None:
    write()
    for role in ("viewer", "support", "admin"):
        overview(as_role(role))
    assert User.objects.count() == 3


def test_unassigned_feedback_is_counted_to_the_cap_without_what_is_deleted(settings) -> None:
    settings.COUNT_LIMIT = 2
    papers = [write(number) for number in range(4)]
    assert figures.unassigned(UserFactory()) == 3
    with recorded(ACTOR, "document.updated"):
        Document.objects.filter(pk__in=[paper.pk for paper in papers[:3]]).update(state="deleted")
    assert figures.unassigned(UserFactory()) == 1
