"""Accounts, members and what records are described by, through the REST API (contracts 4)."""

import pytest

from accounts import editing
from accounts.models import Account
from customers.models import Customer, Segment
from tests.api.client import READING, Api, team_of
from tests.api.test_customers_writing import problem
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory

pytestmark = pytest.mark.django_db


def test_an_account_is_added_once_and_brought_up_to_date() -> None:
    api = Api()
    body = {"external_id": "org-77", "name": "Ex Ltd", "properties": {"plan": "Team", "seats": 12}}
    first = api.post("/accounts", body)
    assert first.status_code == 201
    said = first.json()
    assert (said["name"], said["external_id"], said["properties"]) == (
        "Ex Ltd",
        "org-77",
        {"plan": ["Team"], "seats": [12]},
    )
    again = api.post("/accounts", {"external_id": "org-77", "properties": {"plan": None}})
    assert (again.status_code, again.json()["properties"]) == (200, {"seats": [12]})
    assert (Account.objects.count(), api.get(f"/accounts/{said['id']}").json()) == (1, again.json())
    assert api.post("/accounts", {"name": "Without ID", "properties": {"plan": "Free"}}).status_code == 201
    assert [one["name"] for one in api.get("/accounts").json()["items"]] == ["Ex Ltd", "Without ID"]
    assert problem(api.post("/accounts", {})) == (422, "invalid")


def test_an_account_is_changed_and_what_staff_set_stays() -> None:
    account, api = AccountFactory(name="Old"), Api()
    path = f"/accounts/{account.pk}"
    said = api("PATCH", path, {"name": "New", "external_id": "n-1", "properties": {"plan": ["Pro"]}}).json()
    assert (said["name"], said["external_id"], said["properties"]) == ("New", "n-1", {"plan": ["Pro"]})
    editing.rename(account, "By hand", actor=STAFF)
    assert api("PATCH", path, {"name": "Newer", "external_id": None}).json()["name"] == "By hand"
    account.refresh_from_db()
    assert account.external_id is None
    AccountFactory(external_id="taken")
    assert problem(api("PATCH", path, {"external_id": "taken"})) == (422, "invalid")


def test_accounts_are_deleted_and_restored() -> None:
    account, api = AccountFactory(external_id="org-1"), Api()
    path = f"/accounts/{account.pk}"
    assert problem(api("DELETE", f"{path}?permanent=true")) == (409, "not_deleted")
    assert [api("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert api.get(path).status_code == 404
    answer = api.post("/accounts", {"external_id": "org-1"})
    assert (problem(answer), answer.json()["error"]["id"]) == ((409, "deleted"), account.pk)
    assert api.post(f"{path}/restore").status_code == 200
    assert problem(api.post(f"{path}/restore")) == (409, "not_deleted")
    api("DELETE", path)
    assert api("DELETE", f"{path}?permanent=true").status_code == 202


def test_members_come_and_go() -> None:
    account, ana, api = AccountFactory(), CustomerFactory(name="Ana"), Api()
    path = f"/accounts/{account.pk}/members"
    made = api.post(path, {"customer_id": ana.pk, "contact": True, "properties": {"desk": 4}})
    wanted = {
        "customer_id": ana.pk, "name": "Ana", "contact": True, "key_contact": False, "owner": False,
        "properties": {"desk": [4]},
    }  # fmt: skip
    assert (made.status_code, made.json()) == (201, wanted)
    changed = api("PUT", f"{path}/{ana.pk}", {"key_contact": True, "properties": {"desk": None}})
    assert (changed.status_code, changed.json()) == (200, wanted | {"key_contact": True, "properties": {}})
    assert api.get(path).json() == {"items": [changed.json()], "next": None}
    assert [api("DELETE", f"{path}/{ana.pk}").status_code for _ in range(2)] == [204, 204]
    assert api.get(path).json()["items"] == []
    assert problem(api.post(path, {"customer_id": 987_654_321})) == (404, "not_found")


def test_a_key_of_a_team_meets_its_accounts_and_no_others() -> None:
    ours, theirs = AccountFactory(external_id="ours"), AccountFactory(external_id="theirs")
    ana, ben = CustomerFactory(account=ours), CustomerFactory(account=theirs)
    api = Api(team=team_of(ours))
    assert [one["id"] for one in api.get("/accounts").json()["items"]] == [ours.pk]
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/restore", None),
        ("GET", "/members", None), ("POST", "/members", {"customer_id": ana.pk}), ("PUT", f"/members/{ana.pk}", {}),
        ("DELETE", f"/members/{ana.pk}", None),
    ):  # fmt: skip
        said = [api(method, f"/accounts/{pk}{path}", body) for pk in (theirs.pk, 987_654_321)]
        assert [(one.status_code, one.json()["error"]) for one in said] == [
            (404, {"code": "not_found", "message": "There is no such account."})
        ] * 2, path
    assert api.post(f"/accounts/{ours.pk}/members", {"customer_id": ben.pk}).status_code == 404
    assert problem(api.post("/accounts", {"external_id": "theirs", "name": "x"})) == (422, "unknown_account")
    assert problem(api.post("/accounts", {"name": "New"})) == (403, "limited_key")


def test_properties_tags_and_segments_are_listed_and_made() -> None:
    api = Api()
    DefinitionFactory(key="plan")
    made = api.post("/properties", {"key": "seats", "type": "number", "personal": False})
    assert (made.status_code, made.json()["label"], made.json()["type"]) == (201, "Seats", "number")
    assert problem(api.post("/properties", {"key": "PLAN"})) == (409, "taken")
    assert problem(api.post("/properties", {"key": "no good"})) == (422, "invalid")
    assert problem(api.post("/properties", {"key": "tier", "type": "choice"})) == (422, "invalid")
    assert [one["key"] for one in api.get("/properties").json()["items"]] == ["plan", "seats"]
    assert [api.post("/tags", {"name": name}).status_code for name in ("VIP", "vip", " ")] == [201, 200, 422]
    assert [one["name"] for one in api.get("/tags").json()["items"]] == ["VIP"]
    assert api.post("/segments", {"name": "Early"}).json()["kind"] == "static"
    assert api.post("/segments", {"name": "On plan", "query": "p.plan=not_empty"}).json()["kind"] == "dynamic"
    assert problem(api.post("/segments", {"name": "early"})) == (409, "taken")
    assert problem(api.post("/segments", {"name": "Odd", "query": "tag=x"})) == (422, "invalid")
    page = api.get("/segments?limit=1").json()
    assert [one["name"] for one in page["items"]] == ["Early"]
    assert [one["name"] for one in api.get(f"/segments?limit=1&cursor={page['next']}").json()["items"]] == ["On plan"]


def test_customers_are_put_into_segments_and_taken_out() -> None:
    ana, ben, api = CustomerFactory(), CustomerFactory(), Api()
    early = Segment.objects.create(name="Early")
    dynamic = Segment.objects.create(name="All", kind="dynamic", query="feedback=no")
    path, body = f"/segments/{early.pk}/customers", {"customer_ids": [ana.pk, ben.pk]}
    assert [api("PUT", path, body).json()["changed"] for _ in range(2)] == [2, 0]
    assert {one["id"] for one in api.get(f"/customers?segment={early.pk}").json()["items"]} == {ana.pk, ben.pk}
    assert api("DELETE", path, {"customer_ids": [ben.pk]}).json() == {"changed": 1}
    assert problem(api("PUT", f"/segments/{dynamic.pk}/customers", body)) == (409, "not_static")
    assert problem(api("PUT", "/segments/987654321/customers", body)) == (404, "not_found")
    wrong = api("PUT", path, {"customer_ids": [ana.pk, 987_654_321]})
    assert (problem(wrong), list(wrong.json()["error"]["fields"])) == ((422, "invalid"), ["customer_ids.1"])
    limited = Api(team=team_of(), name="Few")
    assert limited("PUT", path, {"customer_ids": [ana.pk]}).status_code == 422
    assert problem(limited.post("/properties", {"key": "mine"})) == (403, "limited_key")
    assert Customer.objects.count() == 2


def test_reading_keys_write_nothing() -> None:
    account = AccountFactory()
    api = Api(READING)
    for method, path in (
        ("POST", "/accounts"), ("PATCH", f"/accounts/{account.pk}"), ("DELETE", f"/accounts/{account.pk}"),
        ("POST", "/tags"), ("POST", "/properties"), ("POST", "/segments"), ("PUT", "/segments/1/customers"),
        ("POST", "/usage/bulk"), ("POST", "/surveys/bulk"), ("POST", "/campaigns/deliveries/bulk"),
    ):  # fmt: skip
        assert problem(api(method, path, {})) == (403, "missing_scope"), path
