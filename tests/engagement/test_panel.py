from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from accounts.models.team import Team, TeamAccount, TeamMember
from customers.models import Customer, Membership
from engagement.models import Survey, SurveyResponse
from tests.customers.people import part, person, signed_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def answered(customer: Customer, score: float, *, kind: str = "nps", days: int = 1, **more: Any) -> SurveyResponse:
    survey = Survey.objects.get_or_create(name=f"Survey {kind}", kind=kind)[0]
    return SurveyResponse.objects.create(
        survey=survey, customer=customer, score=score, answered_at=timezone.now() - timedelta(days=days), **more
    )


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("kind", "score", "verdict"),
    [
        ("nps", 10, "Promoter"), ("nps", 9, "Promoter"), ("nps", 8, "Passive"), ("nps", 7, "Passive"),
        ("nps", 6, "Detractor"), ("nps", 0, "Detractor"), ("csat", 4, "Satisfied"), ("csat", 3, "Neutral"),
        ("csat", 1, "Dissatisfied"), ("other", 55, ""), ("nps", -1, ""),
    ],
)  # fmt: skip
def test_a_score_has_a_word_where_its_kind_has_words(kind: str, score: int, verdict: str) -> None:
    assert SurveyResponse(survey=Survey(kind=kind), score=score).verdict == verdict


def test_the_panel_lists_answers_newest_first_with_their_account() -> None:
    ana = person()
    answered(ana, 9, days=2, comment="Fast <b>and</b> kind")
    answered(ana, 2.5, kind="other", days=1, account=Account.objects.create(name="Lumenworks"))
    answered(person("Bo", "bo@ex.test"), 1, comment="Not hers")
    panel = text_of(signed_in("viewer").get(f"/surveys/of/{ana.pk}/", **part("surveys")))
    assert panel.index("2.5") < panel.index("9 <span")
    assert "Lumenworks" in panel
    assert "Fast &lt;b&gt;and&lt;/b&gt; kind" in panel
    assert "Not hers" not in panel
    assert "<html" not in panel


def test_the_profile_comes_with_the_newest_answers(django_assert_max_num_queries: Any) -> None:
    ana, client = person(), signed_in("viewer")
    assert "No survey answers yet." in text_of(client.get(f"/customers/{ana.pk}/"))
    for days in range(12):
        answered(ana, days % 10, days=days + 1, comment=f"Answer {days}.")
    hidden = Account.objects.create(name="Hidden")
    answered(ana, 7, comment="Not for the team", account=hidden)
    with django_assert_max_num_queries(7):
        page = text_of(client.get(f"/customers/{ana.pk}/"))
    assert page.count('id="surveys"') == 1
    assert "Answer 8." in page
    assert "Not for the team" in page
    assert "Answer 9." not in page
    assert f'hx-get="/surveys/of/{ana.pk}/?cursor=' in page

    account = Account.objects.create(name="Lumenworks")
    Membership.objects.create(customer=ana, account=account)
    limited = UserFactory(role="viewer")
    team = Team.objects.create(name="Lumen")
    TeamAccount.objects.create(team=team, account=account)
    TeamMember.objects.create(team=team, user=limited)
    client.force_login(limited)
    page = text_of(client.get(f"/customers/{ana.pk}/"))
    assert "Answer 9." in page
    assert "Not for the team" not in page


def test_older_answers_come_page_by_page(django_assert_max_num_queries: Any) -> None:
    ana, client = person(), signed_in("viewer")
    for days in range(25):
        answered(ana, days % 10, days=days + 1, comment=f"Answer {days}.")
    with django_assert_max_num_queries(5):
        first = client.get(f"/surveys/of/{ana.pk}/", **part("surveys"))
    assert "Answer 9." in text_of(first)
    assert "Answer 10." not in text_of(first)
    older = text_of(first).partition('hx-get="')[2].partition('"')[0]
    second = text_of(client.get(older, **part("surveys-older")))
    assert "Answer 10." in second
    assert "<table" not in second


def test_the_panel_is_a_page_too_and_only_for_those_who_may_see_the_customer() -> None:
    ana = person()
    assert "<title>Survey answers of Ana Kovač" in text_of(signed_in("viewer").get(f"/surveys/of/{ana.pk}/"))
    assert Client().get(f"/surveys/of/{ana.pk}/").status_code == 302
    Customer.objects.filter(pk=ana.pk).update(state="purging")
    assert signed_in("viewer").get(f"/surveys/of/{ana.pk}/").status_code == 404
