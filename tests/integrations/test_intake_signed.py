"""Feedback as a signed webhook (5.6), signed by the public library for Standard Webhooks."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from core import clock
from customers.models import Customer
from feedback.models import Document
from integrations import configuring, replaying
from integrations.models import DeliveryRecord, Integration
from integrations.signing import issue_signing_secret, remove_signing_secret
from tests.integrations.intake_doors import ADMIN, an_integration, last_delivery, permanently_deleted

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    return an_integration()


@pytest.fixture
def secret(integration: Integration) -> str:
    an_integration("Another", mapping={"signing": {"number": 1, "since": clock.now().isoformat(), "on": True}})
    return issue_signing_secret(integration, actor=ADMIN)


def post(secret: str, body: Any, *, id_: str = "msg_1", at: datetime | None = None, **headers: str) -> Any:
    raw = body if isinstance(body, str) else json.dumps(body)
    at = at or datetime.now(UTC)
    signed = {
        "webhook-id": id_, "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, raw), **headers,
    }  # fmt: skip
    return Client(enforce_csrf_checks=True).post(
        "/intake/feedback", raw, content_type="application/json", headers=signed
    )


SAID = {"body": "It stops.", "author": {"email": "ana@ex.test"}}


def test_a_signed_request_needs_no_key(secret: str, integration: Integration) -> None:
    answer = post(secret, SAID)
    document = Document.objects.get()
    assert (answer.status_code, answer.json()["status"], answer.json()["id"]) == (202, "created", document.pk)
    assert (document.source, document.customer) == (integration.source, Customer.objects.get())
    assert document.external_id == "msg_1"
    assert last_delivery()[0].reference == answer.json()["reference"]


def test_what_is_replayed_changes_nothing(secret: str) -> None:
    first = post(secret, {**SAID, "external_id": "z-1"})
    post(secret, {**SAID, "external_id": "z-1", "status": "closed"}, id_="msg_2")
    again = post(secret, {**SAID, "external_id": "z-1"})
    assert (first.json()["id"], again.status_code) == (again.json()["id"], 202)
    assert Document.objects.get().status == "closed"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused(secret: str, minutes: int) -> None:
    answer = post(secret, SAID, at=datetime.now(UTC) + timedelta(minutes=minutes))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "too_old")
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-signature": "v1,AAAA"}, {"webhook-signature": "v1,not base64"}, {"webhook-signature": ""},
        {"webhook-signature": "v2,AAAA"}, {"webhook-timestamp": "now"}, {"webhook-timestamp": "²"}, {"webhook-id": ""},
        {"webhook-id": "other"}, {"webhook-timestamp": "9" * 40},
    ],
)  # fmt: skip
def test_a_wrong_signature_is_401_and_writes_nothing(secret: str, wrong: dict[str, str]) -> None:
    assert post(secret, SAID, **wrong).status_code == 401
    assert not Document.objects.exists()


def test_the_secret_before_works_for_a_day_and_none_after_it_is_removed(
    secret: str, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = issue_signing_secret(integration, actor=ADMIN)
    assert new != secret
    assert [post(one, SAID, id_=one[-9:]).status_code for one in (secret, new)] == [202, 202]
    Integration.objects.filter(pk=integration.pk).update(
        mapping={"signing": {"number": 2, "since": (clock.now() - timedelta(days=2)).isoformat(), "on": True}}
    )
    assert [post(one, SAID, id_=one[-9:] + "b").status_code for one in (secret, new)] == [401, 202]
    remove_signing_secret(integration, actor=ADMIN)
    assert post(new, SAID, id_="c").status_code == 401


def test_a_closed_integration_takes_nothing_signed(secret: str, integration: Integration) -> None:
    configuring.close(integration, actor=ADMIN)
    assert post(secret, SAID).status_code == 401


def test_the_secret_stands_in_no_table(secret: str, integration: Integration) -> None:
    integration.refresh_from_db()
    assert secret.removeprefix("whsec_")[:20] not in str(integration.__dict__)


def test_what_was_rejected_is_logged_with_its_body_and_can_be_replayed(secret: str) -> None:
    answer = post(secret, {"body": "x", "author": {"email": "nobody"}})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["author.email"])
    delivery, record = last_delivery()
    assert record
    assert (delivery.status, record.field, record.body["author"]) == ("failed", "author.email", {"email": "nobody"})
    DeliveryRecord.objects.update(body={"body": "x", "author": {"email": "bo@ex.test"}})
    made = replaying.replay(delivery, [record.pk], actor=ADMIN)
    assert (made.via, made.created_count) == ("intake", 1)
    assert Customer.objects.get().primary_email == "bo@ex.test"


def test_signed_feedback_of_somebody_permanently_deleted_is_kept_without_them(secret: str) -> None:
    permanently_deleted("email", "ana@ex.test")
    answer = post(secret, SAID)
    assert (answer.json()["status"], answer.json()["customer_id"]) == ("suppressed", None)
    assert not Customer.objects.exists()
    assert "ana@ex.test" not in str(last_delivery()[1].body)  # type: ignore[union-attr]


@pytest.mark.parametrize("body", ["{", "[]", '{"body": "\\u0000"}', "\ud800".encode("utf-8", "replace").decode()])
def test_malformed_signed_bodies_are_400(secret: str, body: str) -> None:
    assert post(secret, body).status_code == 400
