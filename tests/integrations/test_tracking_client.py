"""The public tracking client, unchanged, against a live server: only its host and its write key are set (10.4)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from segment.analytics import Client as Analytics

from customers.models import Customer, Membership
from engagement.models import UsageEvent
from integrations.models import Delivery
from tests.integrations.doors import key_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key() -> str:
    return key_for("tracking")


@pytest.fixture
def analytics(live_server: Any, key: str) -> Iterator[Analytics]:
    client = Analytics(key, host=live_server.url, on_error=_raise, upload_interval=0.05)
    yield client
    client.join()


def _raise(error: Exception, items: list[Any]) -> None:
    raise AssertionError(f"{error}: {items}")


def test_everything_that_the_client_can_say_arrives(analytics: Analytics) -> None:
    analytics.identify("p-1", {"name": "Ana Ruiz", "email": "ana@ex.test", "plan": "Team"}, anonymous_id="a-1")
    analytics.group("p-1", "org-7", {"name": "Lumen", "seats": 40})
    analytics.track("p-1", "Report Exported", {"format": "csv"})
    analytics.page("p-1", "Docs", "Index")
    analytics.screen("p-1", name="Home")
    analytics.alias("a-0", "p-1")
    analytics.flush()
    ana = Customer.objects.get()
    assert (ana.name, ana.primary_email, ana.properties) == ("Ana Ruiz", "ana@ex.test", {"plan": ["Team"]})
    assert set(ana.identifiers.values_list("kind", "value")) == {
        ("user_id", "p-1"), ("anonymous_id", "a-1"), ("anonymous_id", "a-0"), ("email", "ana@ex.test"),
    }  # fmt: skip
    place = Membership.objects.select_related("account").get()
    assert (place.account.name, place.account.properties, place.primary) == ("Lumen", {"seats": [40]}, True)
    assert set(UsageEvent.objects.values_list("module", "activity", "customer", "account")) == {
        ("Report", "Report Exported", ana.pk, place.account_id),
        ("Page", "Docs Index", ana.pk, place.account_id),
        ("Screen", "Home", ana.pk, place.account_id),
    }
    assert not Delivery.objects.exclude(status="done").exists()


def test_batches_arrive_packed_too(live_server: Any, key: str) -> None:
    analytics = Analytics(key, host=live_server.url, gzip=True, on_error=_raise, upload_interval=0.05, upload_size=250)
    happened = datetime.now(UTC) - timedelta(days=3)
    for number in range(600):
        analytics.track(f"p-{number % 20}", "Saved", timestamp=happened)
    analytics.shutdown()
    assert (UsageEvent.objects.count(), Customer.objects.count()) == (600, 20)
    assert all(abs(event.occurred_at - happened) < timedelta(minutes=1) for event in UsageEvent.objects.all())


def test_without_waiting_it_is_told_of_what_is_wrong(live_server: Any, key: str) -> None:
    analytics = Analytics(key, host=live_server.url, sync_mode=True)
    analytics.track("p-1", "Saved")
    with pytest.raises(Exception, match="invalid_email"):
        analytics.identify("p-1", {"email": "no email"})
    with pytest.raises(Exception, match="unauthorized"):
        Analytics("roster_1_wrong", host=live_server.url, sync_mode=True).track("p-1", "Saved")
    assert UsageEvent.objects.count() == 1


def test_the_same_batch_sent_many_times_at_once_is_there_once(live_server: Any, key: str) -> None:
    calls = [
        {"type": "identify", "userId": f"p-{n}", "traits": {"plan": "Team"}, "messageId": f"i-{n}"} for n in range(8)
    ]
    calls += [{"type": "track", "userId": f"p-{n % 8}", "event": "Saved", "messageId": f"t-{n}"} for n in range(40)]
    calls += [{"type": "alias", "previousId": "p-1", "userId": "p-2", "messageId": "a-1"}]

    def post(number: int) -> int:
        ordered = calls if number % 2 else [*calls[:8][::-1], *calls[8:48][::-1], calls[48]]
        body = {"writeKey": key, "batch": ordered}
        return requests.post(f"{live_server.url}/v1/batch", json=body, timeout=30).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(post, range(6))) == {200}
    connection.close()
    assert (Customer.objects.active().count(), UsageEvent.objects.count()) == (7, 40)
    assert Customer.objects.get(identifiers__value="p-1") == Customer.objects.get(identifiers__value="p-2")
