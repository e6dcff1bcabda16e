"""The tracking endpoint: what each call does, once, whoever repeats it and in whatever order (10.4, contracts 3)."""

import gzip
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Account, Team
from audit.actor import Actor
from audit.models import Entry, Source
from core import clock
from core.invariants import findings
from customers import deleting, suppressing
from customers.identifying import identity
from customers.models import Customer, Identifier, Membership, Suppression
from customers.upserting import Upsert, upsert_many
from engagement import messages
from engagement.models import Message, UsageEvent
from integrations.models import Delivery, DeliveryRecord
from integrations.replaying import replay
from tests.integrations.doors import key_for, send
from tests.malformed import MALFORMED, Malformed, assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    return key_for("tracking")


@pytest.fixture
def source(key: str) -> Source:
    return Source.objects.get(kind="tracking")


def call(key: str, kind: str, **body: Any) -> Any:
    return send(f"/v1/{kind}", {"writeKey": key, **body})


def batch(key: str, *calls: dict[str, Any], **outer: Any) -> Any:
    return call(key, "batch", batch=list(calls), **outer)


def the_customer() -> Customer:
    return Customer.objects.get()


def identifiers(customer: Customer) -> set[tuple[str, str]]:
    return set(customer.identifiers.values_list("kind", "value"))


def suppress(kind: str, value: str) -> None:
    suppressing.suppress([identity(kind, value)], clock.now())


# What each call does


def test_identify_makes_a_customer_with_what_the_traits_mean(key: str) -> None:
    traits = {
        "name": "Ana Ruiz", "email": "ana@ex.test", "phone": "+34 600 111 222", "createdAt": "2025-01-02T03:04:05Z",
        "plan": "Team", "seats": 12, "beta": True, "langs": ["es", "en"], "gone": None, "id": "p-1",
        "address": {"city": "Madrid"}, "company": {"id": "org-1", "name": "Ex Ltd"}, "Odd Name!": "x",
    }  # fmt: skip
    answer = call(key, "identify", userId="p-1", anonymousId="a-1", traits=traits)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    ana = the_customer()
    assert identifiers(ana) == {
        ("user_id", "p-1"), ("anonymous_id", "a-1"), ("email", "ana@ex.test"), ("phone", "+34 600 111 222"),
    }  # fmt: skip
    assert (ana.name, ana.origin) == ("Ana Ruiz", Customer.Origin.SYNC)
    assert ana.created_elsewhere_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ana.properties == {
        "plan": ["Team"], "seats": [12], "beta": [True], "langs": ["es", "en"], "address.city": ["Madrid"],
        "company.id": ["org-1"], "company.name": ["Ex Ltd"], "Odd_Name_": ["x"],
    }  # fmt: skip
    assert ana.memberships.get().account.external_id == "org-1"


def test_first_and_last_name_are_a_name_where_there_is_no_other(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"firstName": "Ana", "lastName": "Ruiz"})
    assert the_customer().name == "Ana Ruiz"


def test_group_makes_the_account_and_the_place_in_it(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"email": "ana@ex.test"})
    call(key, "group", userId="p-1", groupId="org-7", traits={"name": "Lumen", "plan": "Scale", "employees": 40})
    account = Account.objects.get()
    assert (account.external_id, account.name) == ("org-7", "Lumen")
    assert account.properties == {"plan": ["Scale"], "employees": [40]}
    assert Membership.objects.get().customer == the_customer()


def test_track_page_and_screen_are_usage_events(key: str) -> None:
    batch(
        key,
        {"type": "group", "userId": "p-1", "groupId": "org-7", "traits": {"name": "Lumen"}},
        {"type": "track", "userId": "p-1", "event": "Report Exported", "messageId": "m1"},
        {"type": "track", "userId": "p-1", "event": "clicked", "properties": {"module": "Billing"}, "messageId": "m2"},
        {"type": "page", "userId": "p-1", "category": "Docs", "name": "Index", "messageId": "m3"},
        {"type": "screen", "userId": "p-1", "name": "Home", "messageId": "m4"},
        {"type": "page", "anonymousId": "a-9", "properties": {"title": "Prices"}, "messageId": "m5"},
    )
    events = UsageEvent.objects.order_by("external_id")
    assert list(events.values_list("module", "activity", "customer__name", "account__name")) == [
        ("Report", "Report Exported", "", "Lumen"),
        ("Billing", "clicked", "", "Lumen"),
        ("Page", "Docs Index", "", "Lumen"),
        ("Screen", "Home", "", "Lumen"),
        ("Page", "Prices", None, None),
    ]
    assert Customer.objects.count() == 1


def test_the_context_says_which_of_several_accounts_an_event_is_of(key: str) -> None:
    for group in ("org-1", "org-2"):
        call(key, "group", userId="p-1", groupId=group)
    batch(key, {"type": "track", "userId": "p-1", "event": "x"}, context={"groupId": "org-2"})
    assert UsageEvent.objects.get().account.external_id == "org-2"  # type: ignore[union-attr]


def test_the_mapping_names_the_property_that_holds_the_module(key: str, source: Source) -> None:
    integration = source.integration
    integration.mapping = {"module": "area"}
    integration.save()
    call(key, "track", userId="p-1", event="Saved", properties={"area": "Editor", "module": "no"})
    assert UsageEvent.objects.get().module == "Editor"


def test_alias_merges_the_two_and_the_old_name_still_leads_there(key: str) -> None:
    call(key, "identify", anonymousId="a-1", traits={"plan": "Trial"})
    call(key, "track", anonymousId="a-1", event="Looked around")
    call(key, "identify", userId="p-1", traits={"name": "Ana"})
    answer = call(key, "alias", previousId="a-1", userId="p-1", messageId="m-1")
    assert answer.status_code == 200
    ana = Customer.objects.active().get()
    assert (ana.name, ana.properties) == ("Ana", {"plan": ["Trial"]})
    assert UsageEvent.objects.get().customer == ana
    assert Entry.objects.get(verb="customer.merged").source_id is not None
    call(key, "track", anonymousId="a-1", event="Came back")
    assert set(UsageEvent.objects.values_list("customer", flat=True)) == {ana.pk}


def test_alias_adds_the_name_that_nobody_has_yet(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"name": "Ana"})
    call(key, "alias", previousId="a-1", userId="p-1")
    call(key, "alias", previousId="p-1", userId="p-2")
    assert identifiers(the_customer()) == {("user_id", "p-1"), ("anonymous_id", "a-1"), ("user_id", "p-2")}


def test_an_alias_that_may_not_be_merged_is_kept_for_a_replay(key: str) -> None:
    for user in ("p-1", "p-2"):
        call(key, "identify", userId=user, traits={"email": f"{user}@ex.test"})
    Customer.objects.filter(identifiers__value="p-2").update(legal_hold="Ticket 7")
    answer = call(key, "alias", previousId="p-2", userId="p-1", messageId="m-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "merge_refused")
    assert Customer.objects.active().count() == 2
    record = DeliveryRecord.objects.get(status="rejected")
    assert (record.code, record.body["previousId"]) == ("merge_refused", "p-2")
    Customer.objects.update(legal_hold="")
    assert call(key, "alias", previousId="p-2", userId="p-1", messageId="m-1").status_code == 200
    assert Customer.objects.active().count() == 1


# Who a call is of


def test_what_a_visitor_did_is_theirs_once_they_sign_up(key: str) -> None:
    call(key, "identify", anonymousId="a-1", traits={"email": "ana@ex.test"})
    call(key, "identify", userId="p-1", anonymousId="a-1", traits={"name": "Ana"})
    assert identifiers(the_customer()) >= {("anonymous_id", "a-1"), ("user_id", "p-1")}


def test_a_browser_that_two_people_use_makes_them_no_one(key: str) -> None:
    batch(
        key,
        {"type": "identify", "userId": "p-1", "anonymousId": "a-1", "traits": {"name": "Ana"}},
        {"type": "identify", "userId": "p-2", "anonymousId": "a-1", "traits": {"name": "Ben"}},
    )
    call(key, "identify", userId="p-3", anonymousId="a-1", traits={"name": "Cleo"})
    assert call(key, "identify", userId="p-2", anonymousId="a-1", traits={"plan": "Solo"}).status_code == 200
    owner = Identifier.objects.get(kind="anonymous_id").customer
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["Ana", "Ben", "Cleo"]
    assert owner.name == "Ana"
    call(key, "track", userId="p-2", anonymousId="a-1", event="Saved")
    assert UsageEvent.objects.get().customer.name == "Ben"  # type: ignore[union-attr]


def test_a_user_id_that_nobody_has_makes_a_customer_and_a_visitor_does_not(key: str) -> None:
    call(key, "track", userId="p-1", anonymousId="a-1", event="Saved")
    call(key, "track", anonymousId="a-2", event="Saved")
    assert identifiers(the_customer()) == {("user_id", "p-1"), ("anonymous_id", "a-1")}
    assert set(UsageEvent.objects.values_list("customer", flat=True)) == {the_customer().pk, None}


def test_two_owners_of_what_an_identify_names_are_a_conflict(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"email": "ana@ex.test"})
    answer = call(key, "identify", userId="p-2", traits={"email": "ben@ex.test"})
    answer = call(key, "identify", userId="p-2", traits={"email": "ana@ex.test"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "identifier_conflict")
    assert "ana@ex.test" not in answer.content.decode()


# Once, and in any order


def test_a_repeat_changes_nothing(key: str) -> None:
    first = {"type": "identify", "userId": "p-1", "traits": {"plan": "Old"}, "messageId": "m-1"}
    event = {"type": "track", "userId": "p-1", "event": "Saved", "messageId": "m-2"}
    batch(key, first, event)
    call(key, "identify", userId="p-1", traits={"plan": "New"}, messageId="m-3")
    before = Entry.objects.count()
    assert batch(key, first, event, first, event).json()["success"] is True
    assert the_customer().properties == {"plan": ["New"]}
    assert (UsageEvent.objects.count(), Entry.objects.count()) == (1, before)
    assert Delivery.objects.latest("id").unchanged_count == 4


def test_the_same_twice_in_one_batch_is_one(key: str) -> None:
    event = {"type": "track", "userId": "p-1", "event": "Saved", "messageId": "m-1"}
    batch(key, event, event)
    assert UsageEvent.objects.count() == 1
    assert DeliveryRecord.objects.filter(status="created").count() == 1


def test_another_source_may_use_the_same_message_ids(key: str) -> None:
    for one in (key, key_for("tracking", "App")):
        batch(one, {"type": "track", "userId": "p-1", "event": "Saved", "messageId": "m-1"})
    assert UsageEvent.objects.count() == 2


def test_what_comes_late_overwrites_nothing_newer(key: str) -> None:
    now = datetime.now(UTC)
    call(key, "identify", userId="p-1", traits={"plan": "New", "name": "Ana Ruiz"}, timestamp=now.isoformat())
    late = (now - timedelta(hours=2)).isoformat()
    call(key, "identify", userId="p-1", traits={"plan": "Old", "name": "Ana", "team": "Ops"}, timestamp=late)
    ana = the_customer()
    assert (ana.name, ana.properties) == ("Ana Ruiz", {"plan": ["New"], "team": ["Ops"]})


def test_a_wrong_clock_at_the_sender_is_corrected(key: str) -> None:
    real = datetime.now(UTC)
    wrong = real + timedelta(days=40)
    happened, sent = wrong - timedelta(minutes=10), wrong
    batch(
        key, {"type": "track", "userId": "p-1", "event": "Saved", "timestamp": happened.isoformat()},
        sentAt=sent.isoformat(),
    )  # fmt: skip
    event = UsageEvent.objects.get()
    assert abs(event.occurred_at - (real - timedelta(minutes=10))) < timedelta(seconds=30)


def test_nothing_happens_in_the_future(key: str) -> None:
    call(key, "track", userId="p-1", event="Saved", timestamp="2190-01-01T00:00:00Z")
    assert UsageEvent.objects.get().occurred_at <= clock.now()


def test_message_ids_are_forgotten_after_a_month(key: str) -> None:
    call(key, "identify", userId="p-1", messageId="m-1")
    assert messages.forget_old(clock.now()) == 0
    assert messages.forget_old(clock.now() + timedelta(days=31)) == 1
    assert not Message.objects.exists()


# What staff set, and who is gone


def test_what_staff_set_stays(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"plan": "Synced", "name": "Ana"})
    staff = Actor(via="page", rank="staff")
    upsert_many(
        [Upsert([identity("user_id", "p-1")], name="Ana Ruiz", properties={"plan": ["Staff"]})], actor=staff,
        now=clock.now(),
    )  # fmt: skip
    call(key, "identify", userId="p-1", traits={"plan": "Again", "name": "A."})
    assert (the_customer().name, the_customer().properties) == ("Ana Ruiz", {"plan": ["Staff"]})


def test_a_suppressed_person_does_not_come_back_and_the_events_stay_without_them(key: str) -> None:
    suppress("user_id", "p-1")
    batch(
        key,
        {"type": "identify", "userId": "p-1", "traits": {"name": "Ana"}, "messageId": "m-1"},
        {"type": "track", "userId": "p-1", "event": "Saved", "messageId": "m-2"},
        {"type": "group", "userId": "p-1", "groupId": "org-1", "messageId": "m-3"},
    )
    assert not Customer.objects.exists()
    assert UsageEvent.objects.get().customer is None
    records = DeliveryRecord.objects.all()
    assert {record.status for record in records} == {"suppressed"}
    assert "p-1" not in str([(record.body, record.external_id) for record in records])
    assert "Ana" not in str([record.body for record in records])
    assert Suppression.objects.get().kept_out >= 3


def test_a_deleted_customer_is_updated_and_stays_deleted(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"name": "Ana"})
    deleting.delete(the_customer(), actor=Actor.of_system())
    call(key, "identify", userId="p-1", traits={"plan": "Team"})
    call(key, "track", userId="p-1", event="Saved")
    assert (the_customer().state, the_customer().properties) == ("deleted", {"plan": ["Team"]})
    assert UsageEvent.objects.get().customer == the_customer()


# How a request is read


def test_the_key_comes_by_basic_in_the_body_or_as_a_bearer(key: str) -> None:
    body = {"userId": "p-1", "event": "x"}
    basic = b64encode(f"{key}:".encode()).decode()
    assert send("/v1/track", body, authorization=f"Basic {basic}").status_code == 200
    assert send("/v1/track", body, key=key).status_code == 200
    assert send("/v1/track", body | {"writeKey": key}).status_code == 200
    for bad in ("Basic !!!", "Basic eA==", "Bearer x", "Digest y"):
        assert send("/v1/track", body, authorization=bad).status_code == 401
    for bad_key in ("", "x", None, 5, ["x"], {"a": 1}, key[:-1]):
        assert send("/v1/track", body | {"writeKey": bad_key}).status_code == 401
    assert send("/v1/track", body | {"writeKey": key_for("census")}).status_code == 403
    assert UsageEvent.objects.count() == 3


def test_no_key_is_kept_in_the_log(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"email": "no email"})
    assert key not in json.dumps(list(DeliveryRecord.objects.values_list("body", flat=True)))


def test_bodies_may_be_gzipped(key: str) -> None:
    raw = json.dumps({"writeKey": key, "batch": [{"type": "track", "userId": "p-1", "event": "x"}] * 200}).encode()
    assert send("/v1/batch", gzip.compress(raw), content_encoding="gzip").status_code == 200
    assert UsageEvent.objects.count() == 200


def test_a_gzip_bomb_is_never_unpacked(key: str) -> None:
    bomb = gzip.compress(b" " * 30_000_000 + b"{}")
    answer = send("/v1/batch", bomb, content_encoding="gzip", authorization=f"Bearer {key}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_large")


def test_a_call_has_32_kilobytes_and_a_batch_500(key: str) -> None:
    large = {"userId": "p-1", "event": "x", "properties": {"text": "x" * 33_000}}
    assert call(key, "track", **large).status_code == 400
    answer = batch(key, {"type": "track", **large})
    assert (answer.status_code, answer.json()["error"]["fields"].keys()) == (400, {"batch.0"})
    many = [{"type": "track", "userId": "p-1", "event": "x", "properties": {"text": "x" * 10_000}}] * 52
    assert batch(key, *many).status_code == 400
    assert call(key, "batch", batch=[], padding="x" * 3_000_000).status_code in (400, 413)
    assert not UsageEvent.objects.exists()
    assert batch(key, *many[:40]).status_code == 200
    assert set(Delivery.objects.filter(status="refused").values_list("code", flat=True)) == {"too_large"}


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("track", {"event": "x"}, "userId"),
        ("track", {"userId": "p"}, "event"),
        ("track", {"userId": "p", "event": ["x"]}, "event"),
        ("track", {"userId": {"a": 1}, "event": "x"}, "userId"),
        ("track", {"userId": "x" * 201, "event": "x"}, "userId"),
        ("track", {"userId": "p", "event": "x", "timestamp": "yesterday"}, "timestamp"),
        ("track", {"userId": "p", "event": "x", "timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ("track", {"userId": "p", "event": "x", "sentAt": True}, "sentAt"),
        ("track", {"userId": "p", "event": "x", "properties": []}, "properties"),
        ("identify", {"userId": "p", "traits": "x"}, "traits"),
        ("identify", {"userId": "p", "traits": {"email": "nobody"}}, "traits.email"),
        ("identify", {"userId": "p", "traits": {"phone": "none"}}, "traits.phone"),
        ("identify", {"userId": "p", "traits": {"name": ["x"]}}, "traits.name"),
        ("identify", {"userId": "p", "traits": {"createdAt": "soon"}}, "traits.createdAt"),
        ("identify", {"userId": "p", "traits": {"company": {"id": "x" * 300}}}, "traits.company.id"),
        ("group", {"userId": "p"}, "groupId"),
        ("alias", {"userId": "p"}, "previousId"),
        ("alias", {"previousId": "p"}, "userId"),
        ("identify", {"userId": "p", "messageId": 5.5e400}, ""),
    ],
)
def test_what_is_wrong_is_named_and_kept_for_a_replay(key: str, kind: str, body: dict[str, Any], path: str) -> None:
    answer = call(key, kind, **body)
    assert answer.status_code in (400, 422), answer.content
    if path:
        assert path in answer.json()["error"]["fields"]
        assert DeliveryRecord.objects.get().status == "rejected"
    assert answer.json()["success"] is False
    assert not Customer.objects.exists()
    assert not UsageEvent.objects.exists()


def test_one_bad_call_among_good_ones_stops_none(key: str) -> None:
    answer = batch(
        key, {"type": "track", "userId": "p-1", "event": "x"}, {"type": "nonsense"}, 5, None,
        {"type": "identify", "userId": "p-1", "traits": {"email": "no"}},
        {"type": "track", "userId": "p-1", "event": "y"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["success"], answer.json()["rejected"]) == (200, True, 4)
    assert UsageEvent.objects.count() == 2
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.rejected_count, delivery.operation) == ("partly", 4, "batch")
    assert answer.json()["reference"] == delivery.reference


@pytest.mark.parametrize("body", [{}, {"batch": {}}, {"batch": "x"}, {"batch": None}])
def test_a_batch_without_a_list_is_malformed(key: str, body: dict[str, Any]) -> None:
    assert call(key, "batch", **body).status_code == 400


def test_an_empty_batch_is_taken(key: str) -> None:
    assert batch(key).status_code == 200


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b'{"event": NaN}', b"\xff\xfe{}", b'{"userId": "a\\u0000b"}', b"[" * 20_000, b'"x"']
)
def test_malformed_json_is_400(key: str, raw: bytes) -> None:
    answer = send("/v1/track", raw, key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed")


def test_gzip_that_is_none_or_ends_early_is_400(key: str) -> None:
    packed = gzip.compress(b'{"userId": "p", "event": "x"}')
    for raw in (b"no gzip", packed[:-9]):
        assert send("/v1/track", raw, key=key, content_encoding="gzip").status_code == 400
    assert send("/v1/track", packed, key=key, content_encoding="br").status_code == 415
    assert send("/v1/track", b"x=1", key=key, content_type="application/x-www-form-urlencoded").status_code == 415


def test_many_calls_take_few_statements(key: str, django_assert_max_num_queries: Any) -> None:
    calls = [{"type": "identify", "userId": f"p-{n}", "traits": {"plan": "Team"}} for n in range(50)]
    calls += [{"type": "track", "userId": f"p-{n % 50}", "event": "x", "messageId": f"m-{n}"} for n in range(200)]
    with django_assert_max_num_queries(75):
        assert batch(key, *calls).status_code == 200
    assert (Customer.objects.count(), UsageEvent.objects.count()) == (50, 200)


def test_a_batch_of_more_people_than_one_transaction_may_lock_is_taken_in_parts(key: str) -> None:
    calls = [{"type": "track", "userId": f"p-{n}", "event": "x", "messageId": f"m-{n}"} for n in range(1_300)]
    assert batch(key, *calls).status_code == 200
    assert (Customer.objects.count(), UsageEvent.objects.count(), Delivery.objects.count()) == (1_300, 1_300, 2)


def test_the_invariants_hold_after_all_of_it(key: str) -> None:
    test_alias_merges_the_two_and_the_old_name_still_leads_there(key)
    assert [found.line for found in findings() if found.broken] == []


@pytest.mark.parametrize("bad", MALFORMED)
def test_a_malformed_body_is_refused_and_writes_nothing(key: str, bad: Malformed) -> None:
    headers = {name.replace("-", "_"): value for name, value in bad.headers.items()}
    assert_refused(send("/v1/batch", bad.body, key=key, **headers), bad)
    assert (Customer.objects.count(), DeliveryRecord.objects.count()) == (0, 0)


def test_a_key_of_a_team_says_nothing_of_whom_the_team_may_not_see(key: str, source: Source) -> None:
    call(key, "identify", userId="p-1", traits={"name": "Ana"})
    source.keys.update(team=Team.objects.create(name="Others"))
    assert call(key, "identify", userId="p-1", traits={"name": "X"}).json()["code"] == "identifier_conflict"
    assert call(key, "track", userId="p-1", event="Saved").json()["code"] == "identifier_conflict"
    assert (the_customer().name, UsageEvent.objects.count()) == ("Ana", 0)


def test_rejected_calls_are_replayed_as_they_came(key: str) -> None:
    call(key, "identify", userId="p-1", traits={"email": "ana@ex.test"})
    call(key, "identify", userId="p-2")
    early = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    body = {"userId": "p-2", "traits": {"email": "ana@ex.test", "plan": "Team"}, "timestamp": early}
    assert call(key, "identify", messageId="m-1", sentAt=datetime.now(UTC).isoformat(), **body).status_code == 422
    Identifier.objects.filter(kind="email").delete()
    failed = Delivery.objects.get(status="failed")
    made = replay(failed, [failed.records.get().pk], actor=Actor.of_system())
    assert (made.updated_count, made.rejected_count) == (1, 0)
    ben = Customer.objects.get(identifiers__value="p-2")
    assert ben.primary_email == "ana@ex.test"
    assert call(key, "identify", messageId="m-1", **body).status_code == 200  # a repeat now
    assert Delivery.objects.latest("id").unchanged_count == 1
