"""Surveys: answers are recorded once, and what they say together (4.1)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.actor import Actor
from audit.models import Entry, Source
from core import clock
from customers.models import Customer, Membership
from engagement import answering, scores
from engagement.answering import Answer, Outcome
from engagement.models import Survey, SurveyResponse
from tests.customers.people import part, person, signed_in, user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="Asker", kind="api")


@pytest.fixture
def viewer() -> Client:
    return signed_in("viewer")


def record(source: Source, *answers: Answer) -> Outcome:
    return answering.record(answers, source=source, actor=Actor.of_source(source))


def nps(score: float, number: int = 0, **more: Any) -> Answer:
    said = {"survey": "Loyalty", "kind": "nps", "answered_at": clock.now(), "external_id": f"a-{number}"} | more
    return Answer(score=Decimal(score), **said)


def test_an_answer_that_is_sent_twice_is_written_once_and_its_survey_made_once(source: Source) -> None:
    ana = person("Ana")
    first = nps(9, customer_id=ana.pk, comment="Love it")
    assert record(source, first, nps(3, 1), first) == Outcome(2, 1)
    assert record(source, first) == Outcome(0, 1)
    other = Source.objects.create(name="Other", kind="api")
    assert record(other, first) == Outcome(1, 0)
    survey = Survey.objects.get()
    assert (survey.name, survey.kind) == ("Loyalty", "nps")
    assert SurveyResponse.objects.filter(customer=ana, comment="Love it").count() == 2
    assert [one.facts for one in Entry.objects.filter(verb="answers.recorded").order_by("pk")] == [
        {"answers": 2, "repeated": 1}, {"answers": 1, "repeated": 0},
    ]  # fmt: skip


def test_what_cannot_be_written_is_refused_alone_by_the_kind_that_the_survey_has(source: Source) -> None:
    Survey.objects.create(name="Happy", kind="csat")
    outcome = record(
        source, nps(9), nps(11, 1), nps(7, 2, survey="  "), nps(7, 3, kind="stars"), nps(9, 4, survey=" Happy "),
        nps(5, 5, survey="Happy", kind="other"), nps(float("nan"), 6),
    )  # fmt: skip
    assert (outcome.recorded, outcome.repeated) == (2, 0)
    assert sorted(outcome.refused) == [1, 2, 3, 4, 6]
    assert outcome.refused[4] == "A score of this survey is from 1 to 5."
    assert Survey.objects.get(name="Happy").kind == "csat"


def test_the_list_tells_averages_and_nps_of_all_and_of_the_last_thirty_days(source: Source, viewer: Client) -> None:
    old = clock.now() - timedelta(days=60)
    record(source, *[nps(score, place) for place, score in enumerate((10, 9, 9, 8, 2))], nps(0, 9, answered_at=old))
    record(source, nps(4, 20, survey="Effort", kind="other"))
    found = scores.scores_of(list(Survey.objects.order_by("name")), user("viewer"), now=clock.now())
    effort, loyalty = found.values()
    assert (loyalty.answers, loyalty.recent, loyalty.nps, round(loyalty.average or 0, 2)) == (6, 5, 17, Decimal("6.33"))
    assert (effort.answers, effort.nps, effort.average) == (1, None, 4)
    page = viewer.get("/surveys/").content.decode()
    assert ">17<" in page
    assert page.index("Effort") < page.index("Loyalty")


def test_a_survey_shows_its_scores_months_and_answers(source: Source, viewer: Client) -> None:
    ana, acme = person("Ana"), Account.objects.create(name="Acme")
    months_ago = clock.now() - timedelta(days=70)
    record(
        source, nps(10, customer_id=ana.pk, account_id=acme.pk, comment="Love it"), nps(10, 1), nps(3, 2),
        nps(0, 3, answered_at=months_ago, comment="Slow"), nps(5, 4, answered_at=clock.now() - timedelta(days=900)),
    )  # fmt: skip
    survey = Survey.objects.get()
    assert scores.spread_of(survey, user("viewer")) == [
        ("10", 2, "tone-ok"), ("5", 1, "tone-bad"), ("3", 1, "tone-bad"), ("0", 1, "tone-bad"),
    ]  # fmt: skip
    months = scores.months_of(survey, user("viewer"), now=clock.now(), zone=UTC)
    assert [(one.score.answers, one.score.nps) for one in months] == [(1, -100), (3, 33)]
    page = viewer.get(f"/surveys/{survey.pk}/").content.decode()
    for said in ("Love it", "Slow", "Ana", "Acme", "NPS month by month"):
        assert said in page
    assert "Month by month" not in viewer.get(f"/surveys/{survey.pk}/", **part("results")).content.decode()
    assert viewer.get("/surveys/987654/").status_code == 404


def test_many_different_scores_are_told_in_ranges(source: Source) -> None:
    record(source, *[nps(place, place, survey="Effort", kind="other") for place in range(25)])
    spread = scores.spread_of(Survey.objects.get(), user("viewer"))
    assert len(spread) == scores.BARS
    assert sum(number for _, number, _ in spread) == 25
    assert spread[0][0] == "22.0 to 24.0"


def test_limited_staff_see_the_answers_for_visible_accounts_and_who_is_visible(source: Source, viewer: Client) -> None:
    mine, other = Account.objects.create(name="Mine"), Account.objects.create(name="Elsewhere")
    ana, ben = person("Ana"), person("Zebediah", "ben@ex.test")
    Membership.objects.create(customer=ana, account=mine)
    Membership.objects.create(customer=ben, account=other)
    record(
        source, nps(10, 1, customer_id=ana.pk), nps(0, 2, customer_id=ben.pk, comment="Hush"),
        nps(9, 3, customer_id=ben.pk, account_id=mine.pk), nps(1, 4, account_id=other.pk),
        nps(1, 5, survey="Hushed", account_id=other.pk),
    )  # fmt: skip
    team = Team.objects.create(name="Mine")
    TeamAccount.objects.create(team=team, account=mine)
    TeamMember.objects.create(team=team, user=user("viewer"))
    loyalty, hushed = Survey.objects.get(name="Loyalty"), Survey.objects.get(name="Hushed")
    for page in (viewer.get("/surveys/"), viewer.get(f"/surveys/{loyalty.pk}/")):
        text = page.content.decode()
        for secret in ("Zebediah", "Hush", "Elsewhere"):
            assert secret not in text
        assert "9.5" in text
    assert viewer.get(f"/surveys/{hushed.pk}/").status_code == 404


@pytest.mark.parametrize("count", [1, 25])
def test_pages_cost_the_same_queries_whatever_there_is(
    source: Source, viewer: Client, count: int, django_assert_max_num_queries: Any
) -> None:
    people = Customer.objects.bulk_create(Customer(name=f"Person {number}") for number in range(count))
    record(source, *[nps(9, place, customer_id=one.pk) for place, one in enumerate(people)])
    record(source, *[nps(9, 100 + place, survey=f"Survey {place}") for place in range(count)])
    survey = Survey.objects.get(name="Loyalty")
    for url, most in (("/surveys/", 5), (f"/surveys/{survey.pk}/", 9)):
        viewer.get(url)
        with django_assert_max_num_queries(most):
            assert viewer.get(url).status_code == 200
