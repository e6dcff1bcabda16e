import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from audit.models import Entry
from customers.models import Customer
from feedback.models import Document
from integrations.models import ApiKey
from tests.malformed import MALFORMED, Malformed, assert_refused

pytestmark = pytest.mark.django_db

FEEDBACK = {
    "external_id": "z-991", "channel": "email", "title": "Export fails", "body": "It says <b>no</b>",
    "occurred_at": "2026-02-03T14:30:00Z",
    "author": {
        "name": "Ana", "email": "ana@ex.test", "phone": "+34 600 111 222", "user_id": "p-1007", "handle": "twitter:ana",
    },
    "account_id": "org-77", "status": "open", "tags": ["billing"], "cf_team": "Ops",
    "metadata": {"userEmail": "ana@ex.test"},
}  # fmt: skip


def make_key(kind: str = "feedback") -> str:
    out = StringIO()
    call_command("create_key", kind=kind, name="Inbox", stdout=out)
    return out.getvalue().split()[-1]


@pytest.fixture
def key() -> str:
    return make_key()


def post(key: str, body: Any, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    options: dict[str, Any] = {"content_type": "application/json", **headers}
    return Client(enforce_csrf_checks=True).post(
        "/intake/feedback", raw, headers={"authorization": f"Bearer {key}"}, **options
    )


def test_feedback_is_stored_before_it_is_acknowledged(key: str) -> None:
    answer = post(key, FEEDBACK)
    ana = Customer.objects.get()
    assert answer.status_code == 202
    assert answer.json() | {"reference": ""} == {
        "id": Document.objects.get().pk, "status": "created", "customer_id": ana.pk, "reference": "",
    }  # fmt: skip
    assert ana.properties == {"team": ["Ops"]}
    assert answer["X-RateLimit-Limit"]
    assert Entry.objects.get(verb="document.received").source_id == ApiKey.objects.get().source_id


def test_sending_it_again_answers_unchanged(key: str) -> None:
    first = post(key, FEEDBACK).json()
    again = post(key, FEEDBACK).json()
    assert (again["id"], again["status"]) == (first["id"], "unchanged")
    assert post(key, FEEDBACK | {"status": "closed"}).json()["status"] == "updated"


def test_without_a_usable_key_nothing_is_taken(key: str) -> None:
    other = make_key("user")
    ApiKey.objects.filter(kind="feedback").update(revoked_at="2026-01-01T00:00Z")
    for bad, status in (("", 401), ("roster_1_x", 401), (key, 401), (other, 403), ("roster_" + "9" * 30 + "_x", 401)):
        answer = post(bad, FEEDBACK)
        assert answer.status_code == status
        assert answer.json()["error"]["code"]
    assert not Document.objects.exists()


def test_a_key_is_stored_as_a_hash_only(key: str) -> None:
    row = ApiKey.objects.get()
    assert key.split("_", 2)[2].encode() not in bytes(row.secret_hash)
    assert key.split("_", 2)[2] not in str(row.__dict__)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "body"),
        ({"title": 5.5, "body": ["x"]}, "body"),
        ({"body": "x", "author": {"email": "nobody"}}, "author.email"),
        ({"body": "x", "author": "Ana"}, "author"),
        ({"body": "x", "author": {"phone": "none"}}, "author.phone"),
        ({"body": "x", "channel": "fax"}, "channel"),
        ({"body": "x", "occurred_at": "yesterday"}, "occurred_at"),
        ({"body": "x", "occurred_at": 10**25}, "occurred_at"),
        ({"body": "x", "occurred_at": -5}, "occurred_at"),
        ({"body": "x", "tags": "billing"}, "tags"),
        ({"body": "x", "tags": ["ok", ""]}, "tags.1"),
        ({"body": "x", "metadata": []}, "metadata"),
        ({"body": "x", "cf_team": {"a": 1}}, "cf_team"),
        ({"title": "x" * 501}, "title"),
        ({"body": "x", "external_id": "x" * 201}, "external_id"),
        ({"body": "x", "author": {"email": "a@ex.test"}, "cf_bad key": "x"}, "cf_bad key"),
        ({"body": "x", "author": {"email": "a@ex.test"}, "cf_.": "x"}, "cf_."),
        ({"body": "x", "cf_...": "x"}, "cf_..."),
    ],
)
def test_what_is_understood_but_wrong_is_422_with_its_path(key: str, body: dict[str, Any], path: str) -> None:
    answer = post(key, body)
    assert answer.status_code == 422, answer.content
    assert path in answer.json()["error"]["fields"]
    assert not Document.objects.exists()
    assert not Customer.objects.exists()


@pytest.mark.parametrize("bad", MALFORMED)
def test_malformed_json_is_refused_with_its_path_and_writes_nothing(key: str, bad: Malformed) -> None:
    headers = {"authorization": f"Bearer {key}", **bad.headers}
    answer = Client().post("/intake/feedback", bad.body, content_type="application/json", headers=headers)
    assert_refused(answer, bad)
    assert not Document.objects.exists()


def test_a_body_of_another_type_or_size_is_415_or_413(key: str) -> None:
    assert post(key, b"body=x", content_type="application/x-www-form-urlencoded").status_code == 415
    assert post(key, {"body": "x" * 10_000_000}).status_code == 413
    assert not Document.objects.exists()


def test_other_methods_are_405(key: str) -> None:
    answer = Client().get("/intake/feedback", headers={"authorization": f"Bearer {key}"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_emoji_and_right_to_left_text_arrive_whole(key: str) -> None:
    body = {"title": "مرحبا 👋🏽", "body": "שלום\n‮abc", "author": {"name": "أحمد", "email": "ahmad@ex.test"}}
    assert post(key, body).status_code == 202
    document = Document.objects.get()
    assert (document.title, document.body, Customer.objects.get().name) == (body["title"], body["body"], "أحمد")


def test_too_many_requests_in_a_minute_are_429(key: str, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    statuses = [post(key, {"body": f"{number}"}) for number in range(3)]
    assert [one.status_code for one in statuses] == [202, 202, 429]
    assert int(statuses[-1]["Retry-After"]) <= 60


def test_feedback_for_a_deleted_customer_says_so(key: str) -> None:
    post(key, FEEDBACK)
    Customer.objects.update(state="deleted")
    answer = post(key, FEEDBACK | {"external_id": "z-992"})
    assert (answer.status_code, answer.json()["deleted"]) == (202, True)


def test_what_is_sent_again_of_a_deleted_document_changes_it_and_wakes_nothing(key: str) -> None:
    assert "deleted" not in post(key, FEEDBACK).json()
    Document.objects.update(state="deleted")
    answer = post(key, FEEDBACK | {"status": "closed"}).json()
    assert (answer["status"], answer["deleted"]) == ("updated", True)
    assert Document.objects.values_list("state", "status").get() == ("deleted", "closed")
