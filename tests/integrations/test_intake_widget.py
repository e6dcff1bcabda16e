"""The widget's door: pages of allowed origins may claim, and learn nothing about who is known here."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Account
from audit.actor import Actor
from customers.models import Customer, Identifier, Membership
from feedback.models import Document
from feedback.receiving import Incoming, receive
from integrations import configuring
from integrations.models import Delivery, Integration
from properties.models import Definition
from tests.factories import CustomerFactory
from tests.integrations.intake_doors import ADMIN, an_integration, last_delivery, permanently_deleted

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example"


@pytest.fixture
def integration() -> Integration:
    cache.clear()
    return an_integration(allowed_origins=[SHOP])


@pytest.fixture
def key(integration: Integration) -> str:
    return configuring.issue_site_key(integration, actor=ADMIN)


def post(key: str, body: Any, origin: str | None = SHOP, **more: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"origin": origin} if origin else {}
    options = {"content_type": "application/json", **more}
    return Client(enforce_csrf_checks=True).post(f"/intake/widget/{key}", raw, headers=headers, **options)


def test_a_message_of_an_allowed_page_is_kept_as_a_claim(key: str) -> None:
    answer = post(key, {"body": "It stops.", "author": {"name": "Ana", "email": "ana@ex.test"}, "status": "open"})
    document = Document.objects.get()
    assert answer.status_code == 202, answer.content
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert "Access-Control-Allow-Credentials" not in answer
    assert "Origin" in answer["Vary"]
    assert (document.channel, document.status, document.author["verified"]) == ("widget", "", False)
    assert document.customer == Customer.objects.get()
    assert not Identifier.objects.get().verified
    assert last_delivery()[0].via == "widget"


def test_the_answer_does_not_tell_who_is_known(key: str) -> None:
    CustomerFactory(email="ana@ex.test")
    permanently_deleted("email", "gone@ex.test")
    answers = [
        post(key, {"body": "x", "author": {"email": email}}).json()
        for email in ("ana@ex.test", "new@ex.test", "gone@ex.test")
    ]
    assert {(one["status"], one["customer_id"]) for one in answers} == {("created", None)}


def test_a_claim_merges_nobody_and_replaces_no_verified_value(key: str) -> None:
    ana = CustomerFactory(name="Ana", email="ana@ex.test", user_id="p-1")
    bo = CustomerFactory(name="Bo", email="bo@ex.test")
    claim = {"name": "Mallory", "email": "bo@ex.test", "user_id": "p-1", "phone": "+34600111222"}
    post(key, {"body": "x", "author": claim, "account_id": "org-1", "cf_plan": "Gold", "tags": ["vip"]})
    for person in (ana, bo):
        person.refresh_from_db()
    document = Document.objects.get()
    assert (ana.name, ana.primary_email, bo.name, document.customer) == ("Ana", "ana@ex.test", "Bo", ana)
    assert Customer.objects.filter(state="active").count() == 2
    assert list(ana.identifiers.order_by("kind").values_list("kind", "verified")) == [
        ("email", True), ("phone", False), ("user_id", True),
    ]  # fmt: skip
    assert (ana.properties, document.custom_fields) == ({}, {"plan": "Gold"})
    assert not any(model.objects.exists() for model in (Account, Membership, Definition))
    assert not document.document_tags.exists()


def test_what_a_system_says_later_confirms_a_claim(key: str, integration: Integration) -> None:
    post(key, {"body": "x", "author": {"email": "ana@ex.test", "phone": "+34600111222"}})
    said = Incoming(body="y", author={"email": "ana@ex.test"})
    receive(said, source=integration.source, actor=Actor.of_source(integration.source))
    assert dict(Identifier.objects.values_list("kind", "verified")) == {"email": True, "phone": False}


def test_nobody_rewrites_a_message_by_guessing_its_id(key: str) -> None:
    assert post(key, {"external_id": "1", "body": "Mine"}).json()["status"] == "created"
    assert post(key, {"external_id": "1", "body": "Yours"}).json()["status"] == "unchanged"
    assert Document.objects.get().body == "Mine"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null", "", None]
)
def test_pages_of_other_origins_are_refused_and_may_not_read_the_answer(key: str, origin: str | None) -> None:
    answer = post(key, {"body": "x"}, origin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer
    assert not Document.objects.exists()


def test_the_browser_may_ask_first(key: str) -> None:
    asked = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = Client().options(f"/intake/widget/{key}", headers=asked)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, SHOP)
    assert (answer["Access-Control-Allow-Methods"], answer["Access-Control-Allow-Headers"]) == ("POST", "Content-Type")
    refused = Client().options(f"/intake/widget/{key}", headers=asked | {"origin": "https://evil.example"})
    assert (refused.status_code, "Access-Control-Allow-Origin" in refused) == (403, False)


def test_unknown_removed_and_closed_keys_are_404(key: str, integration: Integration) -> None:
    assert post("site_x", {"body": "x"}).status_code == 404
    configuring.close(integration, actor=ADMIN)
    assert post(key, {"body": "x"}).status_code == 404
    assert Client().get(f"/widget.js?key={key}").status_code == 404
    assert Client().get("/widget.js").status_code == 404


def test_errors_can_be_read_by_the_page(key: str) -> None:
    answers = [
        post(key, {"author": {}}), post(key, b"{"), post(key, {"body": "x" * 40_000}),
        post(key, b"body=x", content_type="application/x-www-form-urlencoded"),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [422, 400, 413, 415]
    assert {one["Access-Control-Allow-Origin"] for one in answers} == {SHOP}
    assert list(Delivery.objects.order_by("pk").values_list("status", "code")) == [
        ("failed", ""), ("refused", "malformed"), ("refused", "too_large"), ("refused", "not_json"),
    ]  # fmt: skip
    assert not Document.objects.exists()


def test_who_fills_in_the_field_that_nobody_sees_is_thanked_and_not_kept(key: str) -> None:
    answer = post(key, {"body": "Buy now", "website": "https://spam.example"})
    assert (answer.status_code, answer.json()["status"]) == (202, "created")
    assert not Document.objects.exists()
    assert not Delivery.objects.exists()


def test_one_address_and_one_key_can_send_only_so_many_a_minute(key: str, settings: Any) -> None:
    settings.WIDGET_PER_ADDRESS, settings.WIDGET_PER_MINUTE = 2, 4
    first = [post(key, {"body": "x"}, REMOTE_ADDR="10.0.0.1").status_code for _ in range(3)]
    second = [post(key, {"body": "x"}, REMOTE_ADDR=f"10.0.0.{n}").status_code for n in (2, 3)]
    assert (first, second) == ([202, 202, 429], [202, 429])
    assert Delivery.objects.filter(records__body__icontains="10.0.0").count() == 0


def test_what_is_too_much_says_when_to_come_back(key: str, settings: Any) -> None:
    settings.WIDGET_PER_MINUTE = 0
    answer = post(key, {"body": "x"})
    assert int(answer["Retry-After"]) <= 60
    assert answer["Access-Control-Allow-Origin"] == SHOP


def test_a_message_of_somebody_permanently_deleted_is_kept_without_them(key: str) -> None:
    permanently_deleted("email", "ana@ex.test")
    post(key, {"body": "I am ana@ex.test", "author": {"name": "Ana", "email": "ana@ex.test"}})
    document = Document.objects.get()
    assert (document.customer, document.body) == (None, "I am [removed]")
    assert not Customer.objects.exists()
    assert "ana@ex.test" not in str(last_delivery()[1].body)  # type: ignore[union-attr]


def test_the_script_is_small_cacheable_and_the_same_for_everybody(key: str, integration: Integration) -> None:
    answer = Client().get(f"/widget.js?key={key}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert len(answer.content) < 10_000
    assert key.encode() not in answer.content
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert not answer.cookies
    again = Client().get(f"/widget.js?key={key}", headers={"if-none-match": f'W/{answer["ETag"]}, "x"'})
    assert (again.status_code, again.content) == (304, b"")
    for word in (b"eval(", b"innerHTML", b"document.write", b"Function("):
        assert word not in answer.content
