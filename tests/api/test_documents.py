"""Documents through the REST API (contracts 4)."""

from typing import Any

import pytest
import zeal
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers import deleting as customer_deleting
from customers.models import Customer, Membership
from feedback.models import Document
from integrations.models import Delivery
from retention.models import Purge
from tests.api.client import READING, Api, team_of
from tests.api.test_customers_writing import problem, suppressed
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db

SENT = {
    "external_id": "z-1", "title": "Export fails", "body": "It says no", "channel": "email", "tags": ["billing"],
    "author": {"name": "Ana", "email": "ana@ex.test"}, "account_id": "org-77", "cf_team": "Ops",
}  # fmt: skip


def test_feedback_is_received_as_by_the_intake_and_read_again() -> None:
    api = Api()
    first = api.post("/documents", SENT)
    ana = Customer.objects.get()
    assert (first.status_code, first.json()) == (
        201, {"id": Document.objects.get().pk, "status": "created", "customer_id": ana.pk},
    )  # fmt: skip
    assert api.post("/documents", SENT).json()["status"] == "unchanged"
    assert api.post("/documents", SENT | {"status": "closed"}).json()["status"] == "updated"
    said = api.get(f"/documents/{first.json()['id']}").json()
    wanted = {
        "title": "Export fails", "body": "It says no", "channel": "email", "tags": ["billing"], "status": "closed",
        "customer_id": ana.pk, "customer_deleted": False, "account": "org-77", "external_id": "z-1", "source": "Shop",
        "custom_fields": {"team": "Ops"}, "author": {"name": "Ana", "email": "ana@ex.test"},
    }  # fmt: skip
    assert {name: said[name] for name in wanted} == wanted
    assert [one["id"] for one in api.get("/documents?q=export").json()["items"]] == [said["id"]]
    assert api.get("/documents?unassigned=true").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "body"), ({"title": "x", "author": {"email": "no"}}, "author.email"), ({"body": "x", "cf_a b": 1}, "cf_a b"),
     ({"body": "x", "occurred_at": "soon"}, "occurred_at"), ({"body": "x", "channel": "pigeon"}, "channel")],
)  # fmt: skip
def test_invalid_feedback_is_422_with_its_path(body: Any, path: str) -> None:
    answer = Api().post("/documents", body)
    assert problem(answer) == (422, "invalid")
    assert list(answer.json()["error"]["fields"]) == [path]


def test_many_documents_get_a_verdict_each() -> None:
    suppressed("gone@ex.test")
    api = Api()
    api.post("/documents", SENT)
    sent = [
        SENT, SENT | {"external_id": "z-2"}, SENT | {"status": "closed"}, {}, 7, {"body": "x", "channel": "pigeon"},
        {"body": "x", "author": {"email": "gone@ex.test"}}, {"body": "x", "author": {"email": "no"}},
    ]  # fmt: skip
    said = api.post("/documents/bulk", {"documents": sent}).json()
    assert [one["status"] for one in said["results"]] == [
        "unchanged", "created", "updated", "rejected", "rejected", "rejected", "suppressed", "rejected",
    ]  # fmt: skip
    assert [one.get("field") for one in said["results"][-3:]] == ["channel", None, "author.email"]
    delivery = Delivery.objects.get()
    assert (delivery.reference, delivery.operation, delivery.record_count) == (said["reference"], "documents", 8)


def test_fields_are_corrected_and_the_rest_stays() -> None:
    document, api = DocumentFactory(title="Old", body="Text", status="open"), Api()
    account = AccountFactory()
    body = {"title": "New", "tags": ["a", "b"], "account_id": account.pk}
    said = api("PATCH", f"/documents/{document.pk}", body).json()
    assert (said["title"], said["body"], said["tags"], said["account_id"], said["status"]) == (
        "New", "Text", ["a", "b"], account.pk, "open",
    )  # fmt: skip
    said = api("PATCH", f"/documents/{document.pk}", {"tags": ["b"], "status": None, "account_id": None}).json()
    assert (said["tags"], said["status"], said["account_id"]) == (["b"], "", None)
    assert problem(api("PATCH", f"/documents/{document.pk}", {"title": None, "body": None})) == (422, "invalid")
    assert problem(api("PATCH", f"/documents/{document.pk}", {"account_id": 987_654_321})) == (404, "not_found")


def test_a_document_is_linked_and_unlinked() -> None:
    document, ana, api = DocumentFactory(), CustomerFactory(), Api()
    path = f"/documents/{document.pk}/customer"
    assert api("PUT", path, {"customer_id": ana.pk}).json()["customer_id"] == ana.pk
    assert api("PUT", path, {"customer_id": ana.pk}).status_code == 200
    assert problem(api("PUT", path, {"customer_id": 987_654_321})) == (404, "not_found")
    assert problem(api("PUT", path, {})) == (422, "invalid")
    assert [api("DELETE", path).status_code for _ in range(2)] == [204, 204]
    document.refresh_from_db()
    assert (document.customer_id, document.link) == (None, "removed")


def test_the_feedback_of_a_deleted_customer_says_that_they_are_deleted() -> None:
    ana = CustomerFactory()
    document = DocumentFactory(customer=ana)
    customer_deleting.delete(ana, actor=STAFF)
    said = Api(READING).get(f"/documents/{document.pk}").json()
    assert (said["customer_id"], said["customer_deleted"]) == (None, True)


def test_documents_are_deleted_restored_and_permanently_deleted() -> None:
    document, api = DocumentFactory(), Api()
    path = f"/documents/{document.pk}"
    assert problem(api("DELETE", f"{path}?permanent=true")) == (409, "not_deleted")
    assert [api("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert api.get(path).status_code == 404
    assert api.get(f"{path}?deleted=true").json()["deleted"] is True
    assert api.post(f"{path}/restore").json()["status"] == "restored"
    assert problem(api.post(f"{path}/restore")) == (409, "not_deleted")
    api("DELETE", path)
    answer = api("DELETE", f"{path}?permanent=true")
    assert (answer.status_code, answer.json()["purge_id"]) == (202, Purge.objects.get().pk)


def test_long_bodies_are_cut_in_lists_and_whole_alone() -> None:
    document, api = DocumentFactory(body="x" * 20_000), Api(READING)
    [listed] = api.get("/documents").json()["items"]
    assert (len(listed["body"]), listed["body_truncated"]) == (10_000, True)
    said = api.get(f"/documents/{document.pk}").json()
    assert (len(said["body"]), "body_truncated" in said) == (20_000, False)


def test_a_key_of_a_team_sends_about_its_accounts_and_people_only() -> None:
    ours, theirs = AccountFactory(external_id="ours"), AccountFactory(external_id="theirs")
    ben = CustomerFactory(email="ben@ex.test", account=theirs)
    mixed = DocumentFactory(account=ours, customer=ben)
    hidden = DocumentFactory(account=theirs, customer=ben)
    api = Api(team=team_of(ours))
    assert [one["id"] for one in api.get("/documents").json()["items"]] == [mixed.pk]
    said = api.get(f"/documents/{mixed.pk}").json()
    assert (said["customer_id"], said["customer_deleted"]) == (None, False)
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"title": "x"}), ("DELETE", "", None), ("POST", "/restore", None),
        ("DELETE", "/customer", None), ("PUT", "/customer", {"customer_id": ben.pk}),
    ):  # fmt: skip
        answers = [api(method, f"/documents/{pk}{path}", body) for pk in (hidden.pk, 987_654_321)]
        said = [(one.status_code, one.json()["error"]) for one in answers]
        assert said[0] == said[1], path
        assert said[0][0] == 404, path
    before = Document.objects.count()
    for body, path in (
        ({"body": "x"}, "account_id"), ({"body": "x", "account_id": "theirs"}, "account_id"),
        ({"body": "x", "account_id": "new"}, "account_id"),
        ({"body": "x", "account_id": "ours", "author": {"email": "ben@ex.test"}}, "author"),
    ):  # fmt: skip
        answer = api.post("/documents", body)
        assert (problem(answer), list(answer.json()["error"]["fields"])) == ((422, "invalid"), [path])
    sent = [{"body": "x", "account_id": "ours", "author": {"email": f"{who}@ex.test"}} for who in ("ben", "new")]
    with zeal.zeal_ignore():  # each is tried first, and by itself
        said = api.post("/documents/bulk", {"documents": sent}).json()
    assert [one["status"] for one in said["results"]] == ["rejected", "created"]
    assert Document.objects.count() == before + 1
    assert not Membership.objects.filter(customer=ben, account=ours).exists()


def test_a_page_costs_as_many_questions_for_one_document_as_for_many() -> None:
    api, counts = Api(READING), []
    for number in (1, 24):
        for _ in range(number):
            DocumentFactory(customer=CustomerFactory(), account=AccountFactory())
        api.get("/documents")
        with CaptureQueriesContext(connection) as asked:
            assert len(api.get("/documents").json()["items"]) >= number
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 8, counts
