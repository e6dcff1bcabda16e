"""The destination for Census: every method, every operation, once and again (10.3, contracts 2)."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database

from accounts.models import Account, Team
from audit.actor import Actor
from audit.models import Change, Entry, Source
from core import clock
from core.invariants import findings
from customers import suppressing
from customers.identifying import identity
from customers.models import Customer, Membership, Suppression, Tag
from integrations.models import Delivery, DeliveryRecord
from integrations.replaying import replay
from properties.models import Definition
from tests.integrations.census_driver import Connection, RpcFailed, field_of, over_http
from tests.integrations.doors import key_for, send
from tests.malformed import MALFORMED, Malformed


@pytest.fixture
def key(db: None) -> str:
    return key_for("census", "Warehouse")


@pytest.fixture
def source(key: str) -> Source:
    return Source.objects.get(kind="census")


@pytest.fixture
def census(key: str) -> Connection:
    return Connection(lambda body: dict(send("/census", body, key=key).json()), most_parallel=1)


@pytest.fixture
def census_in_parallel(transactional_db: None, live_server: Any) -> Connection:
    return Connection(over_http(f"{live_server.url}/census", key_for("census", "Warehouse")))


USER = [
    field_of("user_id"), field_of("email"), field_of("name"), field_of("phone"), field_of("account_id"),
    field_of("contact", "boolean"), field_of("created_at", "date_time"), field_of("tags", array=True),
    field_of("Seats", "integer"), field_of("spend", "decimal"), field_of("beta", "boolean"),
    field_of("signed_on", "date"), field_of("langs", array=True),
]  # fmt: skip
ANA: dict[str, Any] = {
    "user_id": "p-1", "email": "ana@ex.test", "name": "Ana Ruiz", "phone": "+34 600 111 222", "account_id": "org-1",
    "contact": True, "created_at": "2025-01-02T03:04:05Z", "tags": ["beta"], "Seats": 12,
    "spend": "1234567890.123456789", "beta": True, "signed_on": "2025-01-02", "langs": ["es", "en"],
}  # fmt: skip


def people(number: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"user_id": f"p-{n}", "email": f"p{n}@ex.test", "name": f"Person {n}", "plan": "Team", "spend": f"{n}.50"}
        for n in range(start, start + number)
    ]


PEOPLE = [field_of("user_id"), field_of("email"), field_of("name"), field_of("plan"), field_of("spend", "decimal")]


def versions() -> list[Any]:
    """The physical version of every row that a sync could write, and how much the audit log holds."""
    tables = ("customers_customer", "customers_identifier", "customers_membership", "accounts_account")
    with database.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(f"SELECT id, xmin::text, ctid::text FROM {table} ORDER BY id")
            rows += cursor.fetchall()
    return [rows, Entry.objects.count(), Change.objects.count(), Definition.objects.count()]


# Setting it up


def test_the_connection_is_tested_and_shows_what_can_be_written(census: Connection, key: str) -> None:
    Definition.objects.create(key="plan", label="Plan")
    Definition.objects.create(key="ARR", label="ARR", type="number", subject="account")
    objects = census.set_up()
    assert objects.keys() == {"user", "account"}
    user = {one["field_api_name"]: one for one in objects["user"]}
    assert {name for name, one in user.items() if one["identifier"]} == {"user_id", "email"}
    assert (user["plan"]["type"], user["tags"]["array"]) == ("string", True)
    account = {one["field_api_name"]: one for one in objects["account"]}
    assert (account["ARR"]["type"], account["account_id"]["identifier"]) == ("decimal", True)
    speed = census.call("get_sync_speed")
    assert all(isinstance(value, int) and value > 0 for value in speed.values())
    assert speed.keys() == {"maximum_batch_size", "maximum_parallel_batches", "maximum_records_per_second"}
    made = census.call("list_objects")["objects"]
    assert {one["can_create_fields"] for one in made} == {"on_write"}


def test_the_key_comes_as_a_bearer_or_in_the_address(key: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "test_connection", "params": {}}
    assert send("/census", body, key=key).json()["result"] == {"success": True}
    assert send(f"/census?census_authentication={key}", body).json()["result"] == {"success": True}
    for path, wrong in (("/census", "x"), ("/census?census_authentication=x", ""), ("/census", "")):
        answer = send(path, body, key=wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, -32000)
        assert "result" not in answer.json()
    assert send("/census", body, key=key_for("tracking")).status_code == 403


def test_a_stopped_intake_fails_the_test_of_the_connection(census: Connection, monkeypatch: Any) -> None:
    for module in ("integrations.views.census", "customers.suppressing"):
        monkeypatch.setattr(f"{module}.intake_problem", lambda: "The database is older than the ledger.")
    tested = census.call("test_connection")
    assert (tested["success"], "older" in tested["error_message"]) == (False, True)
    with pytest.raises(RpcFailed):
        census.call("sync_batch", plan([ANA]))


# Syncing


def test_a_record_becomes_a_customer_with_values_of_the_types_of_the_schema(census: Connection) -> None:
    assert census.sync("user", [ANA], USER, "user_id").failed == {}
    ana = Customer.objects.get()
    assert (ana.name, ana.primary_email, ana.origin) == ("Ana Ruiz", "ana@ex.test", Customer.Origin.SYNC)
    assert ana.created_elsewhere_at.isoformat() == "2025-01-02T03:04:05+00:00"  # type: ignore[union-attr]
    assert ana.properties["langs"] == ["es", "en"]
    assert str(ana.properties["spend"][0]) == "1234567890.123456789"
    assert ana.properties["signed_on"] == ["2025-01-02"]
    types = dict(Definition.objects.values_list("key", "type"))
    assert types == {"Seats": "number", "spend": "number", "beta": "boolean", "signed_on": "date", "langs": "text"}
    place = Membership.objects.select_related("account").get()
    assert (place.account.external_id, place.contact) == ("org-1", True)
    assert Tag.objects.get(pk__in=ana.tag_ids).name == "beta"


def test_an_account_comes_with_its_properties(census: Connection) -> None:
    fields = [field_of("account_id"), field_of("name"), field_of("ARR", "decimal"), field_of("regions", array=True)]
    record = {"account_id": "org-1", "name": "Lumen", "ARR": "12000.50", "regions": ["EU", "UK"]}
    assert census.sync("account", [record], fields, "account_id").synced == 1
    census.sync("account", [record | {"name": "Lumen AG", "regions": None}], fields, "account_id")
    account = Account.objects.get()
    assert (account.external_id, account.name) == ("org-1", "Lumen AG")
    assert account.properties == {"ARR": [Decimal("12000.5")]}
    outcome = census.sync("account", [{"account_id": "x" * 300}, {"account_id": "org-2"}], fields, "account_id")
    assert (outcome.synced, list(outcome.failed)) == (1, ["x" * 300])


def test_only_the_active_identifier_recognises(census: Connection) -> None:
    census.sync("user", [{"email": "ana@ex.test", "name": "Ana"}], USER, "email")
    census.sync("user", [{"email": "ANA@ex.test", "user_id": "p-1"}], USER, "email")
    census.sync("user", [{"user_id": "p-1", "name": "Ana Ruiz"}], USER, "user_id")
    assert Customer.objects.get().name == "Ana Ruiz"
    outcome = census.sync("user", [{"user_id": "p-2", "email": "ana@ex.test"}], USER, "user_id")
    assert list(outcome.failed) == ["p-2"]
    assert "ana@ex.test" not in outcome.failed["p-2"]


def test_insert_leaves_who_is_there_and_update_makes_nobody(census: Connection) -> None:
    assert census.sync("user", people(2), PEOPLE, "user_id", "insert").synced == 2
    changed = [one | {"plan": "Scale"} for one in people(3)]
    assert census.sync("user", changed, PEOPLE, "user_id", "insert").failed == {}
    assert sorted(Customer.objects.values_list("properties__plan__0", flat=True)) == ["Scale", "Team", "Team"]
    assert census.sync("user", [one | {"plan": "Solo"} for one in people(4)], PEOPLE, "user_id", "update").failed == {}
    assert list(Customer.objects.values_list("properties__plan__0", flat=True)) == ["Solo"] * 3


def test_a_mirror_deletes_what_left_so_that_it_can_come_back(census: Connection) -> None:
    census.sync("user", people(3), PEOPLE, "user_id", "mirror")
    Customer.objects.filter(identifiers__value="p-2").update(legal_hold="Ticket 7")
    gone = [{"user_id": name} for name in ("p-1", "p-2", "p-9")]
    outcome = census.sync("user", gone, PEOPLE[:1], "user_id", "delete")
    assert (outcome.synced, list(outcome.failed)) == (2, ["p-2"])
    assert "hold" in outcome.failed["p-2"]
    assert dict(Customer.objects.values_list("identifiers__value", "state"))["p-1"] == "deleted"
    assert Customer.objects.active().count() == 2
    assert Entry.objects.filter(verb="customer.deleted", source__isnull=False).exists()
    assert census.sync("user", gone[:1], PEOPLE[:1], "user_id", "delete").failed == {}
    census.sync("account", [{"account_id": "org-1", "name": "Lumen"}], USER[4:5], "account_id")
    census.sync("account", [{"account_id": "org-1"}], USER[4:5], "account_id", "delete")
    assert Account.objects.get().state == "deleted"


def test_one_failing_record_among_good_ones_fails_alone(census: Connection) -> None:
    records = [
        *people(2), {"user_id": "p-7", "email": "nobody"}, {"user_id": None, "name": "No one"},
        {"user_id": "p-8", "name": 5.5, "phone": ["+1 202 555 0100", True]}, *people(1, start=5),
        {"user_id": "p-10", "spend": "a lot"}, {"user_id": "p-11", "contact": "yes"},
    ]  # fmt: skip
    outcome = census.sync("user", records, [*PEOPLE, field_of("phone")], "user_id")
    assert outcome.synced == 3
    assert outcome.failed.keys() == {"p-7", None, "p-8", "p-10", "p-11"}
    assert all(message and "nobody" not in message and "a lot" not in message for message in outcome.failed.values())
    assert Customer.objects.count() == 3
    first = Delivery.objects.earliest("id")
    assert (first.status, first.rejected_count, first.facts) == ("partly", 5, {"sync_id": 309, "sync_run_id": 1})


def test_records_that_are_no_objects_fail_alone_too(census: Connection) -> None:
    results = census.call("sync_batch", plan([5, None, [], {}, ANA, {"user_id": ["x"]}]))["record_results"]
    assert [one["success"] for one in results] == [False, False, False, False, True, False]


def test_fields_that_nobody_announced_define_properties(census: Connection) -> None:
    census.sync("user", [{"user_id": "p-1", "New One": 5, "other": "x", "flag": False}], USER[:1], "user_id")
    assert dict(Definition.objects.values_list("key", "type")) == {
        "New_One": "number", "other": "text", "flag": "boolean",
    }  # fmt: skip


def test_what_is_sent_replaces_null_clears_and_what_is_left_out_stays(census: Connection) -> None:
    census.sync("user", [ANA], USER, "user_id")
    census.sync("user", [{"user_id": "p-1", "email": "ruiz@ex.test", "langs": ["fr"], "Seats": None}], USER, "user_id")
    ana = Customer.objects.get()
    assert (ana.properties["langs"], "Seats" in ana.properties, ana.properties["beta"]) == (["fr"], False, [True])
    assert list(ana.identifiers.filter(kind="email").values_list("value", flat=True)) == ["ruiz@ex.test"]
    assert ana.primary_email == "ruiz@ex.test"


def test_the_mapping_names_the_fields_otherwise(census: Connection, source: Source) -> None:
    integration = source.integration
    integration.mapping = {"name": "Full Name", "email": "work_mail"}
    integration.save()
    names = [one["field_api_name"] for one in census.set_up()["user"]]
    assert {"Full Name", "work_mail"} <= set(names)
    assert not {"name", "email"} & set(names)
    fields = [field_of("user_id"), field_of("Full Name"), field_of("work_mail")]
    census.sync("user", [{"user_id": "p-1", "Full Name": "Ana", "work_mail": "ana@ex.test"}], fields, "user_id")
    assert (Customer.objects.get().name, Customer.objects.get().primary_email) == ("Ana", "ana@ex.test")


def test_a_suppressed_person_is_told_and_does_not_come_back(census: Connection) -> None:
    suppressing.suppress([identity("user_id", "p-1")], clock.now())
    outcome = census.sync("user", [ANA, *people(1, start=2)], USER, "user_id", attempts=1)
    assert outcome.failed.keys() == {"p-1"}
    assert outcome.failed["p-1"].startswith("suppressed")
    assert Customer.objects.count() == 1
    record = DeliveryRecord.objects.get(status="suppressed")
    assert "ana@ex.test" not in json.dumps(record.body)
    assert (record.external_id, Suppression.objects.get().kept_out) == ("", 1)


# Again, and at once


def test_records_that_are_as_they_were_write_nothing(census: Connection) -> None:
    census.sync("user", [ANA, *people(60, start=2)], USER + PEOPLE[3:4], "user_id")
    census.sync("account", [{"account_id": "org-1", "name": "Lumen"}], USER[4:5], "account_id")
    before = versions()
    assert census.sync("user", [ANA, *people(60, start=2)], USER + PEOPLE[3:4], "user_id", run=2).synced == 61
    assert census.sync("account", [{"account_id": "org-1", "name": "Lumen"}], USER[4:5], "account_id").synced == 1
    assert versions() == before
    assert Delivery.objects.filter(facts__sync_run_id=2).get().unchanged_count == 61


@pytest.mark.long
@pytest.mark.django_db(transaction=True)  # each batch gives its locks back
def test_a_hundred_thousand_records_that_are_as_they_were_write_nothing(census: Connection) -> None:
    census.sync("user", people(100_000), PEOPLE, "user_id")
    before = versions()
    assert census.sync("user", people(100_000), PEOPLE, "user_id").synced == 100_000
    assert versions() == before


def test_batches_in_parallel_and_sent_again_end_the_same(census_in_parallel: Connection) -> None:
    def post_twice(post: Callable[..., Any]) -> Callable[..., Any]:
        def sent(body: dict[str, Any]) -> dict[str, Any]:
            first = post(body)
            return first if body["method"] != "sync_batch" else post(body) and first

        return sent

    census_in_parallel._post = post_twice(census_in_parallel._post)
    records = people(900) + people(900)  # every person in two batches, which run beside each other
    assert census_in_parallel.sync("user", records, PEOPLE, "user_id").failed == {}
    assert Customer.objects.count() == 900
    database.close()
    assert [found.line for found in findings() if found.broken] == []


def test_a_rejected_record_is_replayed_as_it_came(census: Connection, source: Source) -> None:
    census.sync("user", [{"user_id": "p-1", "email": "ana@ex.test"}], PEOPLE, "user_id")
    census.sync("user", [{"user_id": "p-2", "email": "ana@ex.test", "spend": "7.5"}], PEOPLE, "user_id", attempts=1)
    delivery = Delivery.objects.get(status="failed")
    Customer.objects.get().identifiers.filter(kind="email").delete()
    made = replay(delivery, [delivery.records.get().pk], actor=Actor.of_system())
    assert (made.created_count, made.rejected_count) == (1, 0)
    ben = Customer.objects.get(identifiers__value="p-2")
    assert (ben.primary_email, str(ben.properties["spend"][0])) == ("ana@ex.test", "7.5")


def test_a_part_of_a_batch_takes_few_statements(key: str, django_assert_max_num_queries: Any) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "sync_batch", "params": plan(people(200))}
    with django_assert_max_num_queries(60):
        assert send("/census", body, key=key).status_code == 200
    assert Customer.objects.count() == 200


# What is malformed


def plan(records: list[Any], **changes: Any) -> dict[str, Any]:
    """The parameters of a batch."""
    schema = {"user_id": {"active_identifier": True, "field": field_of("user_id")}}
    sync_plan = {"object": {"object_api_name": "user"}, "operation": "upsert", "schema": schema, "sync_id": 1}
    return {"sync_plan": {**sync_plan, **changes}, "records": records}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, -32602),
        ({"sync_plan": 5, "records": []}, -32602),
        (plan([], object={"object_api_name": "car"}), -32602),
        (plan([], object={"object_api_name": ["user"]}), -32602),
        (plan([], operation="append"), -32602),
        (plan([], operation=["upsert"]), -32602),
        (plan([], schema={}), -32602),
        (plan([], schema={"user_id": 5}), -32602),
        (plan([], schema={"user_id": {"active_identifier": True}, "email": {"active_identifier": True}}), -32602),
        (plan([], schema={"plan": {"active_identifier": True}}), -32602),
        (plan([], schema={"user_id": {"active_identifier": True, "field": {"type": "blob"}}}), -32602),
        (plan([], schema={"user_id": {"active_identifier": True, "field": {"type": ["string"]}}}), -32602),
        ({**plan([]), "records": {}}, -32602),
    ],
)
def test_parameters_that_make_no_sense_are_an_error_of_the_protocol(
    census: Connection, params: dict[str, Any], code: int
) -> None:
    with pytest.raises(RpcFailed) as failed:
        census.call("sync_batch", params)
    assert failed.value.code == code
    assert Delivery.objects.get().status == "refused"


def test_requests_that_are_none_are_errors_of_the_protocol(key: str) -> None:
    good = {"jsonrpc": "2.0", "id": "a", "method": "test_connection", "params": {}}
    for body, code, number in (
        (b"{", -32700, None), (b"[]", -32700, None), (b"\xff", -32700, None), (b'{"jsonrpc": NaN}', -32700, None),
        ({**good, "jsonrpc": "1.0"}, -32600, "a"), ({**good, "id": [1]}, -32600, None),
        ({**good, "id": True}, -32600, None),
        ({**good, "method": 5}, -32600, "a"), ({"jsonrpc": "2.0", "method": "x"}, -32600, None),
        ({**good, "method": "drop_tables"}, -32601, "a"), ({**good, "params": []}, -32602, "a"),
        ({**good, "method": "list_fields"}, -32602, "a"), ({**good, "id": "\0"}, -32600, None),
    ):  # fmt: skip
        answer = send("/census", body, key=key)
        said = answer.json()
        assert (said["error"]["code"], said["id"], "result" in said) == (code, number, False), body
        assert answer.status_code == (400 if code in (-32700, -32600) else 200)
    assert send("/census", b"x", key=key, content_type="text/plain").status_code == 415


def test_late_runs_do_not_matter_to_what_staff_set(census: Connection) -> None:
    census.sync("user", people(1), PEOPLE, "user_id")
    Customer.objects.update(
        properties={"plan": ["Staff"]},
        provenance={"plan": {"by": "staff", "at": (clock.now() - timedelta(days=9)).isoformat(), "removed": False}},
    )
    census.sync("user", people(1), PEOPLE, "user_id")
    assert Customer.objects.get().properties["plan"] == ["Staff"]


@pytest.mark.parametrize("bad", MALFORMED)
def test_a_malformed_body_is_refused_as_json_rpc_does_and_writes_nothing(key: str, bad: Malformed) -> None:
    answer = send(
        "/census", bad.body, key=key, **{name.replace("-", "_"): value for name, value in bad.headers.items()}
    )
    error = answer.json()["error"]
    assert 400 <= answer.status_code < 500
    assert error["code"] in (-32700, -32600, -32000, "too_large")
    assert bad.path in error["message"]
    assert (Customer.objects.count(), DeliveryRecord.objects.count()) == (0, 0)


def test_a_key_of_a_team_finds_and_changes_whom_the_team_may_see(census: Connection, source: Source) -> None:
    census.sync("user", [ANA], USER, "user_id")
    source.keys.update(team=Team.objects.create(name="Others"))
    assert list(census.sync("user", [{"user_id": "p-1", "name": "X"}], USER, "user_id", attempts=1).failed) == ["p-1"]
    assert census.sync("user", [{"user_id": "p-1"}], USER, "user_id", "delete").failed == {}
    assert (Customer.objects.get().name, Customer.objects.get().state) == ("Ana Ruiz", "active")
