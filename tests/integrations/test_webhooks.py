"""The user and account webhooks: typed attributes, a verdict for each record, nothing lost and nothing twice."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Team
from audit.actor import Actor
from audit.models import Change, Entry
from core import clock
from customers import editing, suppressing
from customers.creating import create, draft_of
from customers.identifying import identities, identity
from customers.joining import set_contact
from customers.models import Customer, Identifier, Membership, Suppression
from feedback.models import Document
from integrations import replaying
from integrations.issuing import issue_key
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration
from properties.models import Definition
from tests.factories import AccountFactory, CustomerFactory
from tests.malformed import MALFORMED, Malformed, assert_refused

pytestmark = pytest.mark.django_db

MINA = Actor(via="page", rank="staff")
ANA = {
    "id": "p-1007", "createdAt": 1730419200,
    "attributes": {
        "Name": {"s": ["Ana Ruiz"]}, "Email": {"s": ["ana@ex.test"]}, "Seats": {"n": [12]},
        "Region": {"s": ["EU", "UK"]}, "Beta": {"b": [True]}, "Since": {"d": [1730419200]},
    },
}  # fmt: skip


class Sender:
    """Another system with the key of a webhook."""

    def __init__(self, kind: str = "user", name: str = "CRM", **options: Any) -> None:
        self.operation = f"{kind}s"
        self.key, self.text = issue_key(kind=kind, name=name, scopes=[], actor=Actor.of_system("command"))
        if options:
            ApiKey.objects.filter(pk=self.key.pk).update(**options)

    def post(self, body: Any, *, to: str = "", **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Client(enforce_csrf_checks=True).post(
            f"/webhook/{to or self.operation}/custom", raw, content_type="application/json",
            headers={"api-key": self.text, **headers},
        )  # fmt: skip

    def send(self, *records: Any) -> list[dict[str, Any]]:
        answer = self.post({self.operation: records})
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]

    def say(self, record_id: str = "p-1007", **attributes: Any) -> dict[str, Any]:
        """What becomes of one record with these attributes, as {tag: values}."""
        return self.send({"id": record_id, "attributes": attributes})[0]


@pytest.fixture
def crm() -> Sender:
    return Sender()


@pytest.fixture
def billing() -> Sender:
    return Sender("account", "Billing")


def ana() -> Customer:
    return Customer.objects.get(identifiers__normalized="p-1007")


# What a record becomes


def test_a_user_becomes_a_customer_with_typed_properties(crm: Sender) -> None:
    answer = crm.post({"users": [ANA]})
    delivery = Delivery.objects.get()
    assert answer.json() == {
        "received": 1, "results": [{"id": "p-1007", "status": "created"}], "reference": delivery.reference,
    }  # fmt: skip
    person = ana()
    assert (person.name, person.primary_email, person.origin) == ("Ana Ruiz", "ana@ex.test", "sync")
    assert person.created_elsewhere_at == datetime(2024, 11, 1, tzinfo=UTC)
    assert person.properties == {
        "Seats": [12], "Region": ["EU", "UK"], "Beta": [True], "Since": ["2024-11-01T00:00:00Z"],
    }  # fmt: skip
    assert dict(Definition.objects.values_list("key", "type")) == {
        "Seats": "number", "Region": "text", "Beta": "boolean", "Since": "date",
    }  # fmt: skip
    entry = Entry.objects.get(verb="users.synced")
    assert entry.source_id == crm.key.source_id
    assert (delivery.created_count, delivery.record_count, delivery.key_id) == (1, 1, crm.key.pk)
    assert delivery.records.get().customer_id == person.pk


def test_the_same_again_is_unchanged_and_leaves_no_entry(crm: Sender) -> None:
    crm.send(ANA)
    version, entries, changes = ana().version, Entry.objects.count(), Change.objects.count()
    assert crm.send(ANA) == [{"id": "p-1007", "status": "unchanged"}]
    assert (ana().version, Entry.objects.count(), Change.objects.count()) == (version, entries, changes)
    assert Delivery.objects.count() == 2


def test_what_is_sent_replaces_an_empty_list_clears_and_what_is_left_out_stays(crm: Sender) -> None:
    crm.send(ANA)
    said = crm.say(Region={"s": ["US"]}, Beta={"b": []}, Name={"s": []})
    assert said["status"] == "updated"
    assert ana().properties == {"Seats": [12], "Region": ["US"], "Since": ["2024-11-01T00:00:00Z"]}
    assert (ana().name, ana().primary_email) == ("", "ana@ex.test")


def test_emails_of_this_source_are_replaced_and_others_stay(crm: Sender) -> None:
    crm.send(ANA)
    editing.add_identifier(ana(), "email", "ana@home.test", actor=MINA)
    assert crm.say(Email={"s": ["a.ruiz@ex.test"]})["status"] == "updated"
    assert set(ana().identifiers.filter(kind="email").values_list("value", "primary")) == {
        ("a.ruiz@ex.test", True), ("ana@home.test", False),
    }  # fmt: skip
    assert crm.say(Email={"s": []})["status"] == "updated"
    assert ana().primary_email == "ana@home.test"


def test_an_email_given_up_by_one_user_may_be_anothers(crm: Sender) -> None:
    crm.say("p-1", Email={"s": ["desk@ex.test"]})
    found = crm.send(
        {"id": "p-1", "attributes": {"Email": {"s": ["ana@ex.test"]}}},
        {"id": "p-2", "attributes": {"Email": {"s": ["desk@ex.test"]}}},
    )
    assert [one["status"] for one in found] == ["updated", "created"]
    assert Customer.objects.get(primary_email="desk@ex.test").identifiers.filter(normalized="p-2").exists()


def test_a_user_whom_feedback_made_known_is_found_by_email_and_gains_the_id(crm: Sender) -> None:
    known = CustomerFactory.create(name="", email="ana@ex.test", origin="document")
    assert crm.send(ANA) == [{"id": "p-1007", "status": "updated"}]
    known.refresh_from_db()
    assert (known.name, known.origin, Customer.objects.count()) == ("Ana Ruiz", "sync", 1)
    assert known.identifiers.filter(kind="user_id", normalized="p-1007").exists()


def test_documents_of_an_email_that_a_user_brings_join_them(crm: Sender) -> None:
    waiting = Document.objects.create(
        title="Hello", channel="email", occurred_at=clock.now(), author_email="ana@ex.test"
    )
    removed = Document.objects.create(
        title="Not hers", channel="email", occurred_at=clock.now(), author_email="ana@ex.test", link="removed"
    )
    crm.send(ANA)
    waiting.refresh_from_db()
    removed.refresh_from_db()
    assert (waiting.customer, removed.customer) == (ana(), None)
    assert ana().feedback_count == 1


def test_numbers_stay_exact_and_ids_may_be_numbers(crm: Sender) -> None:
    body = b'{"users": [{"id": 7, "attributes": {"Ratio": {"n": [0.1, 12345678901234567890.5]}}}]}'
    assert crm.post(body).json()["results"] == [{"id": "7", "status": "created"}]
    [person] = Customer.objects.all()
    assert person.properties == {"Ratio": [Decimal("0.1"), Decimal("12345678901234567890.5")]}


def test_an_account_becomes_one_with_its_properties(billing: Sender) -> None:
    said = {"id": "org-7", "createdAt": "2024-11-01T00:00:00Z",
            "attributes": {"name": {"s": ["Ex Ltd"]}, "plan": {"s": ["Team"]}, "ARR": {"n": [1200.5]}}}  # fmt: skip
    assert billing.send(said) == [{"id": "org-7", "status": "created"}]
    account = Account.objects.get()
    assert (account.name, account.external_id, account.properties) == (
        "Ex Ltd", "org-7", {"plan": ["Team"], "ARR": [Decimal("1200.5")]},
    )  # fmt: skip
    assert billing.send(said) == [{"id": "org-7", "status": "unchanged"}]
    assert billing.say("org-7", plan={"s": []}, Name={"s": []})["status"] == "updated"
    account.refresh_from_db()
    assert (account.name, account.properties) == ("org-7", {"ARR": [Decimal("1200.5")]})


# Memberships


def test_accounts_are_joined_with_their_flags_whichever_arrives_first(crm: Sender, billing: Sender) -> None:
    crm.say(AccountId={"s": ["org-7", "org-8"]}, Contact={"b": [True]}, KeyContact={"b": [True, False]})
    assert set(Membership.objects.values_list("account__external_id", "contact", "key_contact", "primary")) == {
        ("org-7", True, True, True), ("org-8", True, False, False),
    }  # fmt: skip
    assert billing.say("org-7", Name={"s": ["Ex Ltd"]})["status"] == "updated"
    assert Account.objects.get(external_id="org-7").name == "Ex Ltd"


def test_flags_alone_are_of_the_memberships_that_the_source_made(crm: Sender) -> None:
    crm.say(accountid={"s": ["org-7"]})
    Membership.objects.create(customer=ana(), account=AccountFactory.create(external_id="by-hand"))
    assert crm.say(Contact={"b": [True]})["status"] == "updated"
    assert set(Membership.objects.values_list("account__external_id", "contact")) == {
        ("org-7", True),
        ("by-hand", False),
    }
    assert crm.say(Contact={"b": []})["status"] == "updated"
    assert not Membership.objects.filter(contact=True).exists()


def test_an_account_no_longer_listed_is_left_unless_somebody_else_placed_them_there(crm: Sender) -> None:
    crm.say(AccountId={"s": ["org-7", "org-8"]})
    Membership.objects.create(customer=ana(), account=AccountFactory.create(external_id="by-hand"))
    assert crm.say(AccountId={"s": ["org-8"]})["status"] == "updated"
    seats = Membership.objects.order_by("pk").values_list("account__external_id", "primary")
    assert list(seats) == [("org-8", True), ("by-hand", False)]
    crm.say(AccountId={"s": []})
    assert [one.account.external_id for one in Membership.objects.all()] == ["by-hand"]


def test_attributes_carry_what_the_integration_says(crm: Sender) -> None:
    mapping = {"email": "work_mail", "name": "Full_Name", "account": "Tenant"}
    Integration.objects.filter(source=crm.key.source_id).update(mapping=mapping)
    crm.say(WORK_MAIL={"s": ["ana@ex.test"]}, full_name={"s": ["Ana"]}, tenant={"n": [42]}, Email={"s": ["a property"]})
    assert (ana().primary_email, ana().name, ana().properties) == ("ana@ex.test", "Ana", {"Email": ["a property"]})
    assert Membership.objects.get().account.external_id == "42"


# What is refused


def test_more_than_fifteen_records_are_refused_whole(crm: Sender, billing: Sender) -> None:
    for sender in (crm, billing):
        records = [{"id": f"r-{number}"} for number in range(16)]
        answer = sender.post({sender.operation: records})
        assert answer.status_code == 400
        assert answer.json()["error"]["fields"] == {sender.operation: ["At most 15 records a request; this has 16."]}
        assert Delivery.objects.get(source=sender.key.source_id).status == "refused"
        assert [one["status"] for one in sender.send(*records[:15])] == ["created"] * 15
    assert (Customer.objects.count(), Account.objects.count()) == (15, 15)


@pytest.mark.parametrize(
    ("record", "code", "field", "message"),
    [
        ({"id": "p", "attributes": {"Seats": {"n": ["12"]}}}, "invalid_attribute", "attributes.Seats",
         "Seats: expected a number"),
        ({"id": "p", "attributes": {"Seats": {"n": [True]}}}, "invalid_attribute", "attributes.Seats",
         "Seats: expected a number"),
        ({"id": "p", "attributes": {"A": {"s": [1]}}}, "invalid_attribute", "attributes.A", "A: expected a text"),
        ({"id": "p", "attributes": {"A": {"s": [None]}}}, "invalid_attribute", "attributes.A", "A: expected a text"),
        ({"id": "p", "attributes": {"A": {"b": ["yes"]}}}, "invalid_attribute", "attributes.A",
         "A: expected true or false"),
        ({"id": "p", "attributes": {"A": {"d": ["soon"]}}}, "invalid_attribute", "attributes.A", "A: expected a time"),
        ({"id": "p", "attributes": {"A": {"d": [10**25]}}}, "invalid_attribute", "attributes.A", "A: expected a time"),
        ({"id": "p", "attributes": {"A": {"s": "x"}}}, "invalid_attribute", "attributes.A",
         "A: expected a list under s"),
        ({"id": "p", "attributes": {"A": ["x"]}}, "invalid_attribute", "attributes.A",
         "A: expected one of s, n, b and d with a list of values"),
        ({"id": "p", "attributes": {"A": {"x": []}}}, "invalid_attribute", "attributes.A",
         "A: expected one of s, n, b and d with a list of values"),
        ({"id": "p", "attributes": {"A": {"s": [], "n": []}}}, "invalid_attribute", "attributes.A",
         "A: expected one of s, n, b and d with a list of values"),
        ({"id": "p", "attributes": {"A": {"s": ["x"] * 51}}}, "invalid_attribute", "attributes.A",
         "A: at most 50 values"),
        ({"id": "p", "attributes": {"A": {"s": ["x" * 2_001]}}}, "invalid_attribute", "attributes.A",
         "A: Must be at most 2,000 characters; this has 2,001."),
        ({"id": "p", "attributes": {"a b": {"s": ["x"]}}}, "invalid_attribute", "attributes.a b",
         "a b: A property key has 1 to 100 letters, digits, _ or . and nothing else, and more than dots."),
        ({"id": "p", "attributes": {"A": {"s": ["x"]}, "a": {"s": ["y"]}}}, "invalid_attribute", "attributes.a",
         "a: stands twice, in another letter case"),
        ({"id": "p", "attributes": {"EMAIL": {"s": ["nobody"]}}}, "invalid_attribute", "attributes.EMAIL",
         "EMAIL: Must be an email address, such as name@company.com."),
        ({"id": "p", "attributes": {"Email": {"b": [True]}}}, "invalid_attribute", "attributes.Email",
         "Email: expected a text"),
        ({"id": "p", "attributes": {"Email": {"s": [f"a{n}@ex.test" for n in range(9)]}}}, "invalid_attribute",
         "attributes.Email", "Email: at most 8 values"),
        ({"id": "p", "attributes": {"Phone": {"s": ["none"]}}}, "invalid_attribute", "attributes.Phone",
         "Phone: Must be a phone number of 3 to 32 digits, such as +34 600 111 222."),
        ({"id": "p", "attributes": {"Name": {"s": ["x" * 301]}}}, "invalid_attribute", "attributes.Name",
         "Name: Must be at most 300 characters; this has 301."),
        ({"id": "p", "attributes": {"AccountId": {"s": ["x" * 201]}}}, "invalid_attribute", "attributes.AccountId",
         "AccountId: Must be at most 200 characters; this has 201."),
        ({"id": "p", "attributes": {"Contact": {"s": ["yes"]}}}, "invalid_attribute", "attributes.Contact",
         "Contact: expected true or false"),
        ({"id": "p", "attributes": {"AccountId": {"s": ["a"]}, "Contact": {"b": [True, False]}}}, "invalid_attribute",
         "attributes.Contact", "Contact: expected one value, or one for each account"),
        ({"id": "p", "attributes": []}, "invalid_attribute", "attributes", "attributes: expected an object"),
        ({"id": "p", "createdAt": "soon"}, "invalid_time", "createdAt",
         "createdAt: expected Unix seconds or an ISO 8601 time"),
        ({"id": "p", "createdAt": -1}, "invalid_time", "createdAt",
         "createdAt: expected Unix seconds or an ISO 8601 time"),
        ({"id": ""}, "invalid_id", "id", "id: expected a text of 1 to 200 characters"),
        ({"id": "x" * 201}, "invalid_id", "id", "id: expected a text of 1 to 200 characters"),
        ({"id": True}, "invalid_id", "id", "id: expected a text of 1 to 200 characters"),
        ({"attributes": {}}, "invalid_id", "id", "id: expected a text of 1 to 200 characters"),
        ("p-1", "invalid_record", "", "Expected an object with an id and attributes."),
        (None, "invalid_record", "", "Expected an object with an id and attributes."),
    ],
)  # fmt: skip
def test_a_wrong_record_is_rejected_alone_and_kept(
    crm: Sender, record: Any, code: str, field: str, message: str
) -> None:
    found = crm.send(record, ANA)
    assert (found[0]["status"], found[0]["code"], found[0]["field"]) == ("rejected", code, field)
    assert found[0]["message"] == message
    assert found[1] == {"id": "p-1007", "status": "created"}
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.rejected_count, delivery.created_count) == ("partly", 1, 1)
    kept = delivery.records.get(place=0)
    assert (kept.status, kept.code, kept.body) == ("rejected", code, record)
    assert set(Definition.objects.values_list("key", flat=True)) == {"Seats", "Region", "Beta", "Since"}
    assert not Account.objects.exists()


def test_a_value_that_does_not_fit_the_property_as_it_is_defined_is_rejected(crm: Sender, billing: Sender) -> None:
    crm.say(Seats={"n": [1]})
    assert crm.say(Seats={"s": ["many"]})["message"] == "Seats: Must be a number, such as 12 or 12.5."
    assert crm.say(Seats={"s": ["12"]})["status"] == "updated"
    assert ana().properties == {"Seats": [12]}
    billing.say("org-7", ARR={"n": [1]})
    assert billing.say("org-7", ARR={"b": [True]})["field"] == "attributes.ARR"


def test_a_user_who_names_two_customers_is_an_identifier_conflict(crm: Sender) -> None:
    CustomerFactory.create(user_id="p-1007")
    CustomerFactory.create(email="ana@ex.test")
    [found] = crm.send(ANA)
    assert (found["status"], found["code"], found["field"]) == ("rejected", "identifier_conflict", "attributes.Email")
    assert Identifier.objects.count() == 2
    assert not Definition.objects.exists()


@pytest.mark.parametrize("bad", MALFORMED)
def test_malformed_json_is_refused_and_writes_nothing(crm: Sender, bad: Malformed) -> None:
    assert_refused(crm.post(bad.body, **bad.headers), bad)
    assert (Customer.objects.count(), DeliveryRecord.objects.count()) == (0, 0)


@pytest.mark.parametrize("body", [{}, {"users": None}, {"users": {}}, {"users": "x"}, {"accounts": []}])
def test_a_body_without_a_list_of_users_is_malformed(crm: Sender, body: dict[str, Any]) -> None:
    answer = crm.post(body)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["users"])
    assert crm.post({"users": []}).json()["received"] == 0


def test_keys_open_their_own_door_only(crm: Sender, billing: Sender) -> None:
    assert crm.post({"accounts": []}, to="accounts").status_code == 403
    assert billing.post({"users": []}, to="users").status_code == 403
    answer = Client().post("/webhook/users/custom", b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert "api-key" in answer.json()["error"]["message"]
    assert Client().get("/webhook/users/custom").status_code == 405
    assert crm.post(b"users=1", **{"content-type": "text/plain"}).status_code in {400, 415}
    ApiKey.objects.filter(pk=crm.key.pk).update(revoked_at=clock.now())
    assert crm.post({"users": [ANA]}).status_code == 401
    assert not Customer.objects.exists()


# Who may change what


def test_what_staff_set_survives_a_sync(crm: Sender) -> None:
    crm.send(ANA | {"attributes": ANA["attributes"] | {"AccountId": {"s": ["org-7"]}}})  # type: ignore[operator]
    editing.rename(ana(), "Ana R.", actor=MINA)
    editing.set_property(ana(), "Region", ["LATAM"], actor=MINA)
    editing.set_property(ana(), "Beta", [], actor=MINA)
    home = editing.add_identifier(ana(), "email", "ana@home.test", actor=MINA)
    editing.make_primary(home, actor=MINA)
    set_contact(Membership.objects.get(), contact=True, key_contact=True, actor=MINA)
    crm.say(
        Name={"s": ["Ana Ruiz Gil"]}, Email={"s": ["new@ex.test"]}, Region={"s": ["US"]}, Beta={"b": [False]},
        AccountId={"s": []}, Contact={"b": [False]}, Seats={"n": [13]},
    )  # fmt: skip
    person = ana()
    assert (person.name, person.primary_email) == ("Ana R.", "ana@home.test")
    assert person.properties == {"Region": ["LATAM"], "Seats": [13], "Since": ["2024-11-01T00:00:00Z"]}
    assert person.provenance["Region"]["synced"] == ["US"]
    assert [(one.contact, one.key_contact) for one in person.memberships.all()] == [(True, True)]


def test_a_primary_email_that_staff_chose_stays_although_the_sync_gave_it(crm: Sender) -> None:
    crm.say(Email={"s": ["a@ex.test", "b@ex.test"]})
    editing.make_primary(ana().identifiers.get(normalized="b@ex.test"), actor=MINA)
    crm.say(Email={"s": ["c@ex.test", "b@ex.test"]})
    assert ana().primary_email == "b@ex.test"


def test_somebody_added_by_hand_keeps_their_primary_email(crm: Sender) -> None:
    create(draft_of(name="Ana", identities=identities([("user_id", "p-1007"), ("email", "a@ex.test")])), actor=MINA)
    crm.send(ANA)
    assert ana().primary_email == "a@ex.test"
    assert ana().identifiers.filter(kind="email").count() == 2


def test_suppressed_users_do_not_come_back(crm: Sender) -> None:
    suppressing.suppress([identity("email", "ana@ex.test")], clock.now())
    assert crm.send(ANA) == [{"id": "p-1007", "status": "suppressed"}]
    assert not Customer.objects.exists()
    assert not Identifier.objects.exists()
    kept = DeliveryRecord.objects.get()
    assert (kept.status, kept.external_id) == ("suppressed", "")
    assert "ana" not in json.dumps(kept.body, default=str).lower()
    assert Suppression.objects.get().kept_out == 1


def test_a_suppressed_email_of_somebody_known_is_left_out(crm: Sender) -> None:
    known = CustomerFactory.create(user_id="p-1007")
    suppressing.suppress([identity("email", "ana@ex.test")], clock.now())
    assert crm.send(ANA)[0]["status"] == "updated"
    known.refresh_from_db()
    assert (known.primary_email, known.properties["Seats"]) == ("", [12])
    assert "ana@ex.test" not in json.dumps(DeliveryRecord.objects.get().body, default=str)


def test_a_deleted_user_is_kept_up_to_date_and_stays_deleted(crm: Sender, billing: Sender) -> None:
    crm.send(ANA)
    Customer.objects.update(state="deleted", deleted_at=clock.now())
    assert crm.say(Seats={"n": [13]}) == {"id": "p-1007", "status": "updated", "deleted": True}
    assert (ana().state, ana().properties["Seats"]) == ("deleted", [13])
    AccountFactory.create(external_id="org-7", state="deleted", deleted_at=clock.now())
    assert billing.say("org-7", plan={"s": ["Team"]})["deleted"] is True


def test_a_key_of_a_team_reaches_the_customers_of_its_accounts_only() -> None:
    team = Team.objects.create(name="EMEA")
    seen = AccountFactory.create(external_id="org-7")
    AccountFactory.create(external_id="org-9")
    team.chosen.create(account=seen)
    crm, billing = Sender(team=team), Sender("account", "Billing", team=team)
    CustomerFactory.create(email="hidden@ex.test", account=Account.objects.get(external_id="org-9"))
    hidden, unknown, placed = crm.send(
        {"id": "p-1", "attributes": {"Email": {"s": ["hidden@ex.test"]}, "AccountId": {"s": ["org-7"]}}},
        {"id": "p-2", "attributes": {"AccountId": {"s": ["org-9"]}}},
        {"id": "p-3", "attributes": {"AccountId": {"s": ["org-7"]}}},
    )
    assert (hidden["code"], unknown["code"], placed["status"]) == ("identifier_conflict", "unknown_account", "created")
    assert crm.say("p-4", Seats={"n": [1]})["code"] == "account_required"
    assert [billing.say(one)["code"] for one in ("org-9", "org-10")] == ["unknown_account"] * 2
    assert billing.say("org-7", plan={"s": ["Team"]})["status"] == "updated"
    assert Account.objects.count() == 2


# Delivered more than once


def test_a_rejected_record_is_replayed_once_what_was_wrong_is_put_right(crm: Sender) -> None:
    Definition.objects.create(key="Seats", label="Seats", type="boolean")
    crm.say(Seats={"n": [12]})
    first = Delivery.objects.get()
    Definition.objects.update(type="number")
    made = replaying.replay(first, [first.records.get().pk], actor=Actor.of_system("command"))
    assert (made.created_count, made.replay_of) == (1, first)
    assert ana().provenance["Seats"]["source_id"] == crm.key.source_id


def test_nothing_is_taken_while_the_suppression_key_is_wrong(crm: Sender, settings: Any) -> None:
    suppressing.suppress([identity("email", "x@ex.test")], clock.now())
    settings.SUPPRESSION_KEY = "another"
    suppressing.forget_checks()
    answer = crm.post({"users": [ANA]})
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert not Customer.objects.exists()
