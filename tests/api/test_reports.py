"""Usage, survey answers and campaign deliveries by the thousand (contracts 4)."""

from collections import Counter
from typing import Any

import pytest

from audit.actor import Actor
from core import clock
from customers import merging
from engagement.models import Campaign, SurveyResponse, UsageEvent
from engagement.models import Delivery as CampaignDelivery
from integrations.models import Delivery, Integration
from integrations.replaying import replay
from tests.api.client import Api, team_of
from tests.api.test_customers_writing import problem, suppressed
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db

EVENT = {"module": "Reports", "activity": "Opened", "occurred_at": "2026-02-03T14:30:00Z"}
ANSWER = {"survey": "How likely", "kind": "nps", "score": 9, "answered_at": 1_770_000_000}


def statuses(answer: Any) -> list[str]:
    return [one["status"] for one in answer.json()["results"]]


def codes(answer: Any) -> list[str]:
    return [one.get("code") for one in answer.json()["results"] if "code" in one]


def test_usage_is_recorded_once_about_who_is_named() -> None:
    ana = CustomerFactory(email="ana@ex.test", user_id="p-1")
    account, twin, api = AccountFactory(external_id="org-1"), CustomerFactory(), Api()
    merging.merge(ana.pk, [twin.pk], actor=STAFF)
    suppressed("gone@ex.test")
    sent = [
        EVENT | {"email": "Ana@ex.test", "external_id": "1"}, EVENT | {"user_id": "p-1", "account_id": account.pk},
        EVENT | {"customer_id": twin.pk, "account_external_id": "org-1", "external_id": "3"}, EVENT,
        EVENT | {"email": "ana@ex.test", "external_id": "1"}, EVENT | {"email": "new@ex.test"},
        EVENT | {"account_external_id": "?"}, EVENT | {"module": ""}, 7, EVENT | {"email": "gone@ex.test"},
    ]  # fmt: skip
    answer = api.post("/usage/bulk", {"events": sent})
    assert statuses(answer) == [
        "created", "created", "created", "created", "unchanged", "rejected", "rejected", "rejected", "rejected",
        "suppressed",
    ]  # fmt: skip
    assert codes(answer) == ["unknown_customer", "unknown_account", "invalid", "invalid"]
    assert Counter(UsageEvent.objects.values_list("customer", "account")) == Counter(
        [(ana.pk, None), (ana.pk, account.pk), (ana.pk, account.pk), (None, None)]
    )
    assert statuses(api.post("/usage/bulk", {"events": sent[2:3]})) == ["unchanged"]
    assert Delivery.objects.order_by("pk")[0].rejected_count == 4
    assert problem(api.post("/usage/bulk", {"events": []})) == (422, "invalid")


def test_answers_are_recorded_and_scores_out_of_range_are_not() -> None:
    ana = CustomerFactory(email="ana@ex.test")
    sent = [
        ANSWER | {"email": "ana@ex.test", "comment": "Good"}, ANSWER | {"score": 11}, ANSWER | {"score": "8.5"},
        ANSWER | {"score": "much"}, ANSWER | {"survey": " "},
    ]  # fmt: skip
    answer = Api().post("/surveys/bulk", {"answers": sent})
    assert statuses(answer) == ["created", "rejected", "created", "rejected", "rejected"]
    assert list(SurveyResponse.objects.order_by("pk").values_list("customer", "comment")) == [
        (ana.pk, "Good"),
        (None, ""),
    ]


def test_deliveries_keep_the_earliest_moment_of_each_step() -> None:
    ana, api = CustomerFactory(email="ana@ex.test"), Api()
    sent = [
        {"campaign": "Spring", "email": "ana@ex.test", "sent_at": "2026-02-03T14:30:00Z"},
        {"campaign": "Spring", "sent_at": "2026-02-03T14:30:00Z"},
    ]
    assert statuses(api.post("/campaigns/deliveries/bulk", {"deliveries": sent})) == ["created", "rejected"]
    later = [sent[0] | {"sent_at": "2026-02-04T14:30:00Z", "viewed_at": "2026-02-04T15:00:00Z"}]
    api.post("/campaigns/deliveries/bulk", {"deliveries": later})
    row = CampaignDelivery.objects.get(campaign=Campaign.objects.get(name="Spring"), customer=ana)
    assert (row.sent_at.day, row.viewed_at.day) == (3, 4)


def test_a_key_of_a_team_reports_about_what_it_sees() -> None:
    ours, theirs = AccountFactory(external_id="ours"), AccountFactory(external_id="theirs")
    ana, ben = CustomerFactory(user_id="ana", account=ours), CustomerFactory(user_id="ben", account=theirs)
    sent = [EVENT | one for one in (
        {"user_id": "ana", "account_id": ours.pk}, {"user_id": "ben", "account_id": ours.pk}, {"customer_id": ben.pk},
        {"account_external_id": "theirs"}, {},
    )]  # fmt: skip
    answer = Api(team=team_of(ours)).post("/usage/bulk", {"events": sent})
    assert statuses(answer) == ["created", *["rejected"] * 4]
    assert UsageEvent.objects.get().customer_id == ana.pk


@pytest.mark.parametrize(
    ("path", "body", "healed"),
    [
        ("/usage/bulk", {"events": [EVENT | {"email": "late@ex.test"}]}, UsageEvent),
        ("/surveys/bulk", {"answers": [ANSWER | {"email": "late@ex.test"}]}, SurveyResponse),
    ],
)
def test_rejected_records_are_replayed_once_whom_they_name_is_there(path: str, body: Any, healed: Any) -> None:
    Api().post(path, body)
    CustomerFactory(email="late@ex.test")
    delivery = Delivery.objects.get()
    assert Integration.objects.get().source == delivery.source
    made = replay(delivery, [delivery.records.get().pk], actor=STAFF, now=clock.now())
    assert (made.created_count, healed.objects.count()) == (1, 1)
    assert isinstance(STAFF, Actor)
