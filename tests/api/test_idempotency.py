"""A POST sent again with its Idempotency-Key is done once, also by two at a time (contracts 4)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from api import idempotency
from api.models import Answer
from core import clock
from customers import deleting
from customers.models import Customer, Merge
from feedback.models import Document
from retention import purging
from retention.models import Purge
from tests.api.client import Api
from tests.api.test_customers_writing import problem
from tests.customers.people import STAFF
from tests.factories import CustomerFactory
from tests.malformed import MALFORMED, Malformed, assert_refused

pytestmark = pytest.mark.django_db

ANA = {"name": "Ana", "emails": ["ana@ex.test"]}
NOTE = {"body": "It says no"}


def test_the_first_answer_comes_again_and_nothing_is_done_twice() -> None:
    api = Api()
    first = api.post("/documents", NOTE, idempotency_key="k-1")
    again = api.post("/documents", NOTE, idempotency_key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Document.objects.count() == 1
    assert api.post("/documents", NOTE, idempotency_key="k-2").json()["id"] != first.json()["id"]


def test_the_first_answer_is_told_whatever_happened_since() -> None:
    api = Api()
    first = api.post("/customers", ANA, idempotency_key="k-1")
    api("PATCH", f"/customers/{first.json()['id']}", {"name": "Ana María"})
    assert api.post("/customers", ANA, idempotency_key="k-1").json() == first.json()
    assert Customer.objects.get().name == "Ana María"


def test_the_key_with_another_body_or_address_is_409() -> None:
    api = Api()
    api.post("/documents", NOTE, idempotency_key="k-1")
    assert problem(api.post("/documents", {"body": "Other"}, idempotency_key="k-1")) == (409, "idempotency_key_reused")
    assert problem(api.post("/customers", ANA, idempotency_key="k-1")) == (409, "idempotency_key_reused")
    assert Api(name="Other").post("/documents", {"body": "Other"}, idempotency_key="k-1").status_code == 201


def test_what_was_refused_may_be_sent_again_with_the_key() -> None:
    ana, api = CustomerFactory(email="ana@ex.test"), Api()
    deleting.delete(ana, actor=STAFF)
    assert problem(api.post("/customers", ANA, idempotency_key="k-1")) == (409, "deleted")
    deleting.restore(ana, actor=STAFF)
    assert api.post("/customers", ANA, idempotency_key="k-1").status_code == 200


@pytest.mark.parametrize("key", ["x" * 201, "a\tb", ""])
def test_a_key_that_cannot_be_one_is_422(key: str) -> None:
    assert problem(Api().post("/customers", ANA, idempotency_key=key)) == (422, "invalid")


def test_a_merge_is_done_once_and_its_answer_tells_the_customer_as_they_are() -> None:
    ana, twin, api = CustomerFactory(email="ana@ex.test"), CustomerFactory(email="twin@ex.test"), Api()
    path, body = f"/customers/{ana.pk}/merge", {"source_ids": [twin.pk]}
    first = api.post(path, body, idempotency_key="k-1")
    assert "twin@ex.test" not in Answer.objects.get().body
    again = api.post(path, body, idempotency_key="k-1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert Merge.objects.count() == 1


def test_many_records_are_answered_alike_again() -> None:
    api, body = Api(), {"customers": [ANA, {}]}
    first = api.post("/customers/bulk", body, idempotency_key="k-1")
    assert api.post("/customers/bulk", body, idempotency_key="k-1").json() == first.json()


def test_answers_are_forgotten_after_a_day_and_with_the_person() -> None:
    api = Api()
    pk = api.post("/customers", ANA, idempotency_key="k-1").json()["id"]
    api.post("/documents", NOTE, idempotency_key="k-2")
    assert idempotency.forget(clock.now() + timedelta(hours=23)) == 0
    deleting.delete(Customer.objects.get(pk=pk), actor=STAFF)
    purging.start([pk], actor=STAFF)
    purge = Purge.objects.get()
    while purging.next_batch(purge, clock.now()):
        pass
    assert not Customer.objects.filter(pk=pk).exists()
    assert [one.idempotency_key for one in Answer.objects.all()] == ["k-2"]
    assert idempotency.forget(clock.now() + timedelta(hours=25)) == 1


def test_a_request_that_was_killed_can_be_sent_again_after_a_while() -> None:
    api = Api()
    api.post("/documents", NOTE, idempotency_key="k-1")
    Answer.objects.update(status=None, body="")
    answer = api.post("/documents", NOTE, idempotency_key="k-1")
    assert (problem(answer), answer["Retry-After"]) == ((409, "in_progress"), "1")
    Answer.objects.update(begun_at=clock.now() - timedelta(minutes=3))
    assert api.post("/documents", NOTE, idempotency_key="k-1").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_two_at_a_time_make_one() -> None:
    api, answers = Api(), list[Any]()

    def send(body: Any, key: str) -> None:
        answers.append(api.post("/documents", body, idempotency_key=key))
        connection.close()

    threads = [threading.Thread(target=send, args=(NOTE, "k-1")) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.status_code for one in answers} <= {201, 409}
    assert 201 in {one.status_code for one in answers}
    assert Document.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_that_add_the_same_customer_at_once_make_one() -> None:
    api, answers = Api(), list[Any]()

    def send() -> None:
        answers.append(api.post("/customers", ANA))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("bad", MALFORMED)
@pytest.mark.parametrize(("method", "path"), [("POST", "/customers"), ("POST", "/documents/bulk")])
def test_malformed_bodies_are_refused_and_nothing_is_written(bad: Malformed, method: str, path: str) -> None:
    answer = Api()(method, path, bad.body, **{name.replace("-", "_"): value for name, value in bad.headers.items()})
    assert_refused(answer, bad)
    assert not Customer.objects.exists()
    assert not Document.objects.exists()
