"""Customers written through the REST API (contracts 4): the same rules as every other way in."""

from typing import Any

import pytest

from audit.models import Change, Entry
from core import clock
from customers import deleting, editing, merging
from customers.identifying import identity
from customers.models import Customer, Identifier, Merge
from customers.suppressing import suppress
from integrations.models import Delivery
from retention.models import Purge
from tests.api.client import Api, team_of
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db

ANA = {
    "name": "Ana Ruiz", "emails": ["ana@ex.test"], "phones": ["+34 600 111 222"], "user_ids": ["p-1007"],
    "handles": ["twitter:ana"], "tags": ["beta"], "properties": {"plan": "Team", "seats": [12]},
    "memberships": [{"external_id": "org-77", "contact": True}], "created_at": "2020-01-02T03:04:05Z",
}  # fmt: skip


def suppressed(email: str) -> None:
    suppress([identity("email", email)], clock.now())


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_customer_is_added_once_and_found_again_by_an_identifier() -> None:
    api = Api()
    first = api.post("/customers", ANA)
    said = first.json()
    assert first.status_code == 201
    assert (said["name"], said["emails"], said["tags"], said["company"]) == (
        "Ana Ruiz",
        ["ana@ex.test"],
        ["beta"],
        "org-77",
    )
    assert said["properties"] == {"plan": ["Team"], "seats": [12]}
    again = api.post("/customers", {"user_ids": ["p-1007"], "emails": ["a.ruiz@ex.test"], "tags": ["vip"]})
    assert (again.status_code, again.json()["id"]) == (200, said["id"])
    assert again.json()["emails"] == ["ana@ex.test", "a.ruiz@ex.test"]
    assert again.json()["tags"] == ["beta", "vip"]
    assert Customer.objects.get().origin == "api"
    assert Entry.objects.filter(verb="customer.created", source=api.key.source, via="api").count() == 1


def test_the_same_again_changes_nothing() -> None:
    api = Api()
    api.post("/customers", ANA)
    last = Change.objects.latest("pk").pk
    assert api.post("/customers", ANA).status_code == 200
    assert Change.objects.latest("pk").pk == last


def test_patch_replaces_lists_merges_properties_clears_by_null_and_leaves_what_is_left_out() -> None:
    api = Api()
    pk = api.post("/customers", ANA).json()["id"]
    said = api("PATCH", f"/customers/{pk}", {
        "emails": ["new@ex.test"], "phones": None, "tags": ["vip"],
        "properties": {"plan": None, "region": ["EU", "UK"]},
    }).json()  # fmt: skip
    assert (said["emails"], said["phones"], said["tags"]) == (["new@ex.test"], [], ["vip"])
    assert said["properties"] == {"seats": [12], "region": ["EU", "UK"]}
    assert (said["name"], said["user_ids"], said["handles"]) == ("Ana Ruiz", ["p-1007"], ["twitter:ana"])
    assert said["primary_email"] == "new@ex.test"
    assert api("PATCH", f"/customers/{pk}", {"name": None}).json()["name"] == ""
    assert api("PATCH", f"/customers/{pk}", {"properties": {"seats": []}}).json()["properties"] == {
        "region": ["EU", "UK"]
    }


def test_what_staff_set_stays() -> None:
    api = Api()
    pk = api.post("/customers", ANA).json()["id"]
    editing.rename(Customer.objects.get(), "Ana María", actor=STAFF)
    editing.set_property(Customer.objects.get(), "plan", ["Pro"], actor=STAFF)
    said = api("PATCH", f"/customers/{pk}", {"name": "Ana", "properties": {"plan": "Free"}}).json()
    assert (said["name"], said["properties"]["plan"]) == ("Ana María", ["Pro"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"emails": ["no"]}, "emails.0"), ({"emails": ["ana@ex.test"], "shoe": 1}, "shoe"), ({"emails": "x"}, "emails"),
        ({"emails": ["ana@ex.test"], "properties": {"plan": {"x": 1}}}, "properties"),
        ({"emails": ["ana@ex.test"], "properties": {"no good": 1}}, "properties.no good"),
        ({"emails": ["ana@ex.test"], "created_at": "soon"}, "created_at"),
        ({"emails": ["ana@ex.test"], "memberships": [{"contact": True}]}, "memberships.0.external_id"),
        ({"handles": ["ana"]}, "handles.0"), ({"emails": ["ana@ex.test"], "name": "x" * 301}, "name"),
    ],
)  # fmt: skip
def test_what_is_invalid_is_422_with_its_path_and_nothing_is_written(body: Any, path: str) -> None:
    answer = Api().post("/customers", body)
    assert problem(answer) == (422, "invalid")
    assert path in answer.json()["error"]["fields"]
    assert answer.json()["reference"].startswith("r_")
    assert not Customer.objects.exists()


def test_somebody_without_an_identifier_is_refused() -> None:
    assert problem(Api().post("/customers", {"name": "Ana"})) == (422, "no_identifier")


def test_identifiers_of_two_customers_are_a_conflict() -> None:
    CustomerFactory(email="ana@ex.test")
    CustomerFactory(user_id="p-2")
    api = Api()
    assert problem(api.post("/customers", {"emails": ["ana@ex.test"], "user_ids": ["p-2"]})) == (
        409,
        "identifier_conflict",
    )
    pk = Customer.objects.get(primary_email="ana@ex.test").pk
    assert problem(api("PATCH", f"/customers/{pk}", {"user_ids": ["p-2"]})) == (409, "identifier_conflict")


def test_suppressed_identifiers_are_409_alone_and_a_verdict_among_many() -> None:
    suppressed("gone@ex.test")
    ana, api = CustomerFactory(email="ana@ex.test"), Api()
    assert problem(api.post("/customers", {"emails": ["gone@ex.test"]})) == (409, "suppressed")
    assert problem(api.post("/customers", {"emails": ["ana@ex.test", "gone@ex.test"]})) == (409, "suppressed")
    assert problem(api("PATCH", f"/customers/{ana.pk}", {"emails": ["gone@ex.test"]})) == (409, "suppressed")
    assert [one.value for one in Identifier.objects.all()] == ["ana@ex.test"]
    said = api.post("/customers/bulk", {"customers": [{"emails": ["gone@ex.test"]}]}).json()
    assert said["results"] == [{"index": 0, "status": "suppressed", "id": None}]
    assert "gone" not in str(Delivery.objects.get().records.values())


def test_adding_a_deleted_customer_names_the_id_and_changes_nothing() -> None:
    ana = CustomerFactory(name="Ana", email="ana@ex.test")
    deleting.delete(ana, actor=STAFF)
    answer = Api().post("/customers", {"emails": ["ana@ex.test"], "name": "New"})
    assert (problem(answer), answer.json()["error"]["id"]) == ((409, "deleted"), ana.pk)
    assert Customer.objects.get().name == "Ana"


def test_many_get_a_verdict_each_and_are_logged_as_one_delivery() -> None:
    CustomerFactory(email="ana@ex.test", name="Ana")
    CustomerFactory(email="two@ex.test")
    CustomerFactory(user_id="p-2")
    sent = [
        {"emails": ["new@ex.test"]}, {"emails": ["ana@ex.test"]}, {"emails": ["no"]}, "nonsense",
        {"emails": ["ana@ex.test"], "tags": ["vip"]}, {"emails": ["two@ex.test"], "user_ids": ["p-2"]},
    ]  # fmt: skip
    api = Api()
    said = api.post("/customers/bulk", {"customers": sent}).json()
    assert said["received"] == 6
    assert [one["status"] for one in said["results"]] == [
        "created", "unchanged", "rejected", "rejected", "updated", "rejected",
    ]  # fmt: skip
    assert [one.get("code") for one in said["results"]] == [
        None,
        None,
        "invalid",
        "invalid",
        None,
        "identifier_conflict",
    ]
    assert said["results"][2]["field"] == "emails.0"
    delivery = Delivery.objects.get()
    assert (delivery.reference, delivery.status, delivery.via) == (said["reference"], "partly", "api")
    assert delivery.key_id == api.key.pk
    assert list(delivery.records.values_list("status", flat=True)) == [one["status"] for one in said["results"]]


def test_a_thousand_with_several_identifiers_each_are_taken() -> None:
    sent = [{"emails": [f"{n}@ex.test"], "user_ids": [f"p-{n}"]} for n in range(1_000)]
    said = Api().post("/customers/bulk", {"customers": sent}).json()
    assert {one["status"] for one in said["results"]} == {"created"}
    assert [one["index"] for one in said["results"]] == list(range(1_000))
    assert Customer.objects.count() == 1_000
    assert Delivery.objects.get().created_count == 1_000
    assert Api(name="More").post("/customers/bulk", {"customers": [*sent, {}]}).status_code == 422


def test_deleting_twice_is_204_and_restoring_brings_everything_back() -> None:
    ana, api = CustomerFactory(email="ana@ex.test", tags=["vip"]), Api()
    before = api.get(f"/customers/{ana.pk}").json()
    assert [api("DELETE", f"/customers/{ana.pk}").status_code for _ in range(2)] == [204, 204]
    assert api.get(f"/customers/{ana.pk}").status_code == 404
    assert problem(api("PATCH", f"/customers/{ana.pk}", {"name": "x"})) == (404, "not_found")
    restored = api.post(f"/customers/{ana.pk}/restore")
    assert (restored.status_code, restored.json() | {"updated_at": ""}) == (200, before | {"updated_at": ""})
    assert problem(api.post(f"/customers/{ana.pk}/restore")) == (409, "not_deleted")


def test_permanent_deletion_is_for_who_is_deleted_and_on_no_hold() -> None:
    ana, api = CustomerFactory(email="ana@ex.test"), Api()
    path = f"/customers/{ana.pk}?permanent=true"
    assert problem(api("DELETE", path)) == (409, "not_deleted")
    deleting.delete(ana, actor=STAFF)
    Customer.objects.update(legal_hold="Case 7")
    assert problem(api("DELETE", path)) == (409, "held")
    Customer.objects.update(legal_hold="")
    assert api("DELETE", f"{path}&documents=burn").status_code == 422
    answer = api("DELETE", path)
    assert (answer.status_code, answer.json()) == (202, {"status": "purging", "purge_id": Purge.objects.get().pk})


def test_who_is_on_legal_hold_is_not_deleted() -> None:
    ana = CustomerFactory(legal_hold="Case 7")
    answer = Api()("DELETE", f"/customers/{ana.pk}")
    assert (problem(answer), "Case 7" in answer.json()["error"]["message"]) == ((409, "held"), True)


def test_customers_are_merged_by_preference_and_the_merge_is_undone() -> None:
    ana, twin = CustomerFactory(name="Ana", email="ana@ex.test"), CustomerFactory(name="A. Ruiz", email="a@ex.test")
    DocumentFactory(customer=twin)
    api = Api()
    body = {"source_ids": [twin.pk], "prefer": {"name": twin.pk}}
    dry = api.post(f"/customers/{ana.pk}/merge", body | {"dry_run": True}).json()
    assert (dry["id"], dry["customer"]["name"], Merge.objects.count()) == (None, "Ana", 0)
    said = api.post(f"/customers/{ana.pk}/merge", body).json()
    assert said["moved"] == dry["moved"]
    assert said["customer"]["name"] == "A. Ruiz"
    assert sorted(said["customer"]["emails"]) == ["a@ex.test", "ana@ex.test"]
    assert said["customer"]["merged_ids"] == [twin.pk]
    undone = api.post(f"/merges/{said['id']}/undo")
    assert undone.json() == {"id": said["id"], "customer_id": ana.pk, "restored_ids": [twin.pk]}
    assert api.get(f"/customers/{twin.pk}").json()["emails"] == ["a@ex.test"]
    assert problem(api.post(f"/merges/{said['id']}/undo")) == (409, "cannot_undo")


def test_what_cannot_be_merged_says_why() -> None:
    ana, gone = CustomerFactory(name="Ana"), CustomerFactory(name="Gus")
    deleting.delete(gone, actor=STAFF)
    api = Api()
    path = f"/customers/{ana.pk}/merge"
    assert problem(api.post(path, {"source_ids": [ana.pk]})) == (409, "merge_refused")
    assert problem(api.post(path, {"source_ids": [gone.pk]})) == (409, "merge_refused")
    assert problem(api.post(path, {"source_ids": [987_654_321]})) == (404, "not_found")
    assert problem(api.post(path, {"source_ids": []})) == (422, "invalid")
    assert api.post("/merges/987654321/undo").status_code == 404


def test_every_method_but_get_on_a_merged_id_is_409_with_the_survivor() -> None:
    ana, twin, other = CustomerFactory(), CustomerFactory(), CustomerFactory()
    merging.merge(ana.pk, [twin.pk], actor=STAFF)
    api = Api()
    for answer in (
        api("PATCH", f"/customers/{twin.pk}", {"name": "x"}), api("DELETE", f"/customers/{twin.pk}"),
        api.post(f"/customers/{twin.pk}/restore"), api("DELETE", f"/customers/{twin.pk}?permanent=true"),
        api.post(f"/customers/{twin.pk}/merge", {"source_ids": [other.pk]}),
        api.post(f"/customers/{other.pk}/merge", {"source_ids": [twin.pk]}),
    ):  # fmt: skip
        assert (problem(answer), answer.json()["error"]["merged_into"]) == ((409, "merged"), ana.pk)


def test_a_key_of_a_team_changes_nothing_that_it_does_not_see() -> None:
    ours, theirs = AccountFactory(external_id="ours"), AccountFactory(external_id="theirs")
    ana, ben = CustomerFactory(email="ana@ex.test", account=ours), CustomerFactory(email="ben@ex.test", account=theirs)
    api, last = Api(team=team_of(ours)), Change.objects.latest("pk").pk
    for pk in (ben.pk, 987_654_321):
        for method, path, body in (
            ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/restore", None), ("GET", "/export", None),
            ("POST", "/merge", {"source_ids": [ana.pk]}), ("DELETE", "?permanent=true", None),
        ):  # fmt: skip
            answer = api(method, f"/customers/{pk}{path}", body)
            assert (answer.status_code, answer.json()["error"]["message"]) == (404, "There is no such customer."), path
    assert api.post(f"/customers/{ana.pk}/merge", {"source_ids": [ben.pk]}).status_code == 404
    for body, status in (
        ({"emails": ["ben@ex.test"]}, 409), ({"emails": ["new@ex.test"]}, 422),
        ({"emails": ["new@ex.test"], "memberships": [{"external_id": "theirs"}]}, 422),
    ):  # fmt: skip
        assert api.post("/customers", body).status_code == status, body
    deleting.delete(ana, actor=STAFF)
    assert problem(api("DELETE", f"/customers/{ana.pk}?permanent=true")) == (403, "limited_key")
    assert not Change.objects.filter(pk__gt=last).exclude(row_id=ana.pk).exists()
    made = api.post("/customers", {"emails": ["new@ex.test"], "memberships": [{"external_id": "ours"}]})
    assert (made.status_code, made.json()["company"]) == (201, ours.name)


def test_each_call_wants_its_scope() -> None:
    ana = CustomerFactory()
    api = Api(["customers:read", "documents:write"])
    for method, path, body in (
        ("POST", "/customers", ANA), ("PATCH", f"/customers/{ana.pk}", {}), ("POST", "/customers/bulk", {}),
        ("DELETE", f"/customers/{ana.pk}", None), ("POST", f"/customers/{ana.pk}/merge", {}),
    ):  # fmt: skip
        assert problem(api(method, path, body)) == (403, "missing_scope"), path
