"""Customers read through the REST API: shape, filters, cursors, what is merged, deleted, hidden (contracts 4)."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers import deleting, merging
from customers.models import Customer, Membership, Note, Segment, SegmentMember
from tests.api.client import READING, Api, team_of
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory

pytestmark = pytest.mark.django_db


def test_a_customer_has_the_shape_of_the_contract() -> None:
    account = AccountFactory(name="Ex Ltd", external_id="org-1")
    DefinitionFactory(key="plan")
    ana = CustomerFactory(
        name="Ana Ruiz", email=["ana@ex.test", "a.ruiz@ex.test"], phone="+34600111222", user_id="p-1007",
        handle="twitter:ana", tags=["beta"], properties={"plan": ["Team"]}, account=account,
    )  # fmt: skip
    Membership.objects.update(contact=True, key_contact=True)
    Note.objects.create(customer=ana, body="Call her")
    SegmentMember.objects.create(segment=Segment.objects.create(name="Early"), customer=ana)
    Segment.objects.create(name="On Team", kind="dynamic", query="p.plan=is:Team")
    DocumentFactory(customer=ana, channel="email")
    answer = Api(READING).get(f"/customers/{ana.pk}")
    said = answer.json()
    assert answer.status_code == 200
    assert {name: said[name] for name in ("first_seen", "last_seen", "created_at", "updated_at")}.keys()
    assert said | dict.fromkeys(("first_seen", "last_seen", "created_at", "updated_at", "notes"), "") == {
        "id": ana.pk, "name": "Ana Ruiz", "primary_email": "ana@ex.test", "primary_phone": "+34600111222",
        "emails": ["ana@ex.test", "a.ruiz@ex.test"], "phones": ["+34600111222"], "user_ids": ["p-1007"],
        "handles": ["twitter:ana"], "company": "Ex Ltd", "tags": ["beta"], "properties": {"plan": ["Team"]},
        "channels": ["email"], "segments": ["Early", "On Team"], "feedback_count": 1, "first_seen": "",
        "last_seen": "", "notes": "", "merged_ids": [], "created_at": "", "updated_at": "",
        "memberships": [{"account_id": account.pk, "account": "Ex Ltd", "external_id": "org-1", "contact": True,
                         "key_contact": True, "properties": {}}],
    }  # fmt: skip
    assert [note["body"] for note in said["notes"]] == ["Call her"]
    assert said["created_at"].endswith("Z")


def test_lists_are_read_to_the_end_by_their_cursors_each_customer_once() -> None:
    people = {CustomerFactory().pk for _ in range(7)}
    api, found, cursor = Api(READING), [], ""
    for _ in range(10):
        page = api.get(f"/customers?limit=3&sort=name{cursor}").json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(found) == sorted(people)
    assert len(found) == 7


def test_a_cursor_beyond_the_end_answers_nothing_and_begins_nowhere_again() -> None:
    for name in "abc":
        CustomerFactory(name=name)
    api = Api(READING)
    cursor = api.get("/customers?limit=2&sort=name").json()["next"]
    Customer.objects.filter(name="c").update(state="deleted")
    assert api.get(f"/customers?limit=2&sort=name&cursor={cursor}").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=x", "sort=shoe", "tag=x", "last_seen=x", "deleted=x", "channel=pigeon"],
)
def test_what_a_list_cannot_understand_is_422_with_the_name_of_the_parameter(query: str) -> None:
    answer = Api(READING).get(f"/customers?{query}")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [query.partition("=")[0]])


def test_a_cursor_of_another_order_is_refused() -> None:
    for _ in range(3):
        CustomerFactory()
    api = Api(READING)
    cursor = api.get("/customers?limit=1&sort=name").json()["next"]
    assert api.get(f"/customers?limit=1&sort=-name&cursor={cursor}").status_code == 422


def test_lists_have_the_filters_of_the_page() -> None:
    DefinitionFactory(key="plan")
    ana = CustomerFactory(name="Ana", tags=["vip"], properties={"plan": ["Team"]}, email="ana@ex.test")
    CustomerFactory(name="Ben")
    tag = Customer.objects.get(pk=ana.pk).tag_ids[0]
    for query in ("q=ana", "q=ana@ex.test", f"tag={tag}", "p.plan=is:Team", "feedback=no&q=ana"):
        found = Api(READING, name=query).get(f"/customers?{query}").json()["items"]
        assert [one["id"] for one in found] == [ana.pk], query


def test_deleted_customers_are_404_and_in_no_list_unless_asked_for() -> None:
    ana = CustomerFactory()
    deleting.delete(ana, actor=STAFF)
    api = Api(READING)
    assert api.get(f"/customers/{ana.pk}").status_code == 404
    assert api.get("/customers").json()["items"] == []
    assert api.get(f"/customers/{ana.pk}?deleted=true").json()["deleted"] is True
    assert [one["id"] for one in api.get("/customers?deleted=true").json()["items"]] == [ana.pk]


def test_a_merged_id_leads_to_the_survivor_whose_body_names_it() -> None:
    ana, twin = CustomerFactory(), CustomerFactory()
    merging.merge(ana.pk, [twin.pk], actor=STAFF)
    api = Api(READING)
    answer = api.get(f"/customers/{twin.pk}")
    assert (answer.status_code, answer["Location"]) == (301, f"/api/v1/customers/{ana.pk}")
    assert (answer["Cache-Control"], answer.json()) == ("no-store", {"id": twin.pk, "merged_into": ana.pk})
    assert api.get(f"/customers/{ana.pk}").json()["merged_ids"] == [twin.pk]
    assert api.get(f"/customers/{twin.pk}/export")["Location"] == f"/api/v1/customers/{ana.pk}/export"


def test_a_key_of_a_team_meets_its_customers_and_no_others() -> None:
    ours, theirs = AccountFactory(), AccountFactory()
    ana, ben, both = CustomerFactory(account=ours), CustomerFactory(account=theirs), CustomerFactory(account=ours)
    Membership.objects.create(customer=both, account=theirs)
    DocumentFactory(customer=both, account=theirs)
    twin = CustomerFactory(account=theirs)
    merging.merge(ben.pk, [twin.pk], actor=STAFF)
    api = Api(READING, team=team_of(ours))
    assert {one["id"] for one in api.get("/customers").json()["items"]} == {ana.pk, both.pk}
    for pk in (ben.pk, twin.pk, 987_654_321, 10**30):
        answer = api.get(f"/customers/{pk}")
        assert (answer.status_code, answer.json()["error"]) == (
            404, {"code": "not_found", "message": "There is no such customer."},
        ), pk  # fmt: skip
        assert api.get(f"/customers/{pk}/export").status_code == 404
    said = api.get(f"/customers/{both.pk}").json()
    assert [one["account_id"] for one in said["memberships"]] == [ours.pk]
    assert (said["feedback_count"], said["channels"]) == (0, [])


def test_all_data_about_a_customer_can_be_had() -> None:
    ana = CustomerFactory(email="ana@ex.test")
    api = Api(READING)
    assert [row["value"] for row in api.get(f"/customers/{ana.pk}/export").json()["customers_identifier"]] == [
        "ana@ex.test"
    ]
    assert api.get(f"/customers/{ana.pk}/export?format=zip")["Content-Type"] == "application/zip"


def test_scopes_and_keys_are_asked_for() -> None:
    ana = CustomerFactory()
    answer = Api(["documents:read"]).get(f"/customers/{ana.pk}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")
    nobody = Api(READING, name="Gone")
    nobody.text = "roster_1_x"
    assert nobody.get("/customers").status_code == 401
    assert Api(READING, name="Other")("DELETE", "/customers").status_code == 405
    answer = Api(READING, name="Third").get("/shoes")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/customers?limit=50", "/customers?limit=50&sort=name"])
def test_a_page_costs_as_many_questions_for_one_customer_as_for_many(path: str) -> None:
    Segment.objects.create(name="Ana", kind="dynamic", query="q=ana")
    api = Api(READING)
    counts: list[Any] = []
    for number in (1, 24):
        for _ in range(number):
            CustomerFactory(email=f"{number}-{Customer.objects.count()}@ex.test", account=AccountFactory(), tags=["a"])
        api.get(path)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert api.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 13, counts
