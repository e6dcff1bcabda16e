"""Deliveries at once, twice and out of order, with real connections: the directory ends the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from audit.actor import Actor
from customers.models import Customer, Identifier, Membership
from integrations.issuing import issue_key
from integrations.models import Delivery
from integrations.views import webhooks
from tests.feedback.test_races import race

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4


def sender(kind: str) -> Callable[..., Callable[[], Any]]:
    _, text = issue_key(kind=kind, name="CRM", scopes=[], actor=Actor.of_system("command"))

    def delivery(*records: dict[str, Any]) -> Callable[[], Any]:
        body = json.dumps({f"{kind}s": records}).encode()
        return lambda: Client().post(
            f"/webhook/{kind}s/custom", body, content_type="application/json", headers={"api-key": text}
        )

    return delivery


def user(number: int, email: str, **attributes: Any) -> dict[str, Any]:
    return {"id": f"p-{number}", "attributes": {"Email": {"s": [email]}, **attributes}}


def statuses(outcomes: Any) -> list[str]:
    assert [one.status_code for one in outcomes] == [200] * len(outcomes)
    return [result["status"] for one in outcomes for result in one.json()["results"]]


def test_the_same_delivery_four_times_at_once_makes_one_customer() -> None:
    users = sender("user")
    for number in range(ROUNDS):
        said = user(number, f"a{number}@ex.test", AccountId={"s": [f"org-{number}"]}, plan={"s": ["Team"]})
        found = statuses(race(*(users(said) for _ in range(4))))
        assert sorted(found) == ["created", "unchanged", "unchanged", "unchanged"]
        assert Identifier.objects.filter(normalized=f"p-{number}").count() == 1
    assert (Customer.objects.count(), Account.objects.count(), Membership.objects.count()) == (ROUNDS, ROUNDS, ROUNDS)


def test_overlapping_deliveries_in_other_orders_at_once_end_the_same() -> None:
    users, accounts = sender("user"), sender("account")
    found: list[Any]
    for round_ in range(ROUNDS):
        people = [
            user(round_ * 10 + n, f"r{round_}n{n}@ex.test", AccountId={"s": [f"org-{round_}", f"org-{n}"]})
            for n in range(6)
        ]
        firm = {"id": f"org-{round_}", "attributes": {"Name": {"s": [f"Firm {round_}"]}}}
        found = race(users(*people), users(*reversed(people)), users(*people[3:], *people[:3]), accounts(firm))
        assert statuses(found[:3]).count("created") == 6
        assert found[3].status_code == 200
        assert Account.objects.get(external_id=f"org-{round_}").name == f"Firm {round_}"
        for person in people:
            held = Customer.objects.get(identifiers__normalized=person["id"])
            wanted = set(person["attributes"]["AccountId"]["s"])
            assert {one.account.external_id for one in held.memberships.all()} == wanted
            assert held.memberships.filter(primary=True).count() == 1


def test_two_users_who_claim_one_email_at_once_share_no_profile_by_chance() -> None:
    """Whoever is first has the email; the other is found by it, as one after the other would be."""
    users = sender("user")
    for number in range(ROUNDS):
        email = f"desk{number}@ex.test"
        statuses(race(users(user(number * 2, email)), users(user(number * 2 + 1, email))))
        assert Identifier.objects.filter(kind="email", normalized=email).count() == 1


def test_a_crash_between_commit_and_answer_is_made_good_by_sending_again(monkeypatch: pytest.MonkeyPatch) -> None:
    users = sender("user")
    said = user(1, "ana@ex.test", plan={"s": ["Team"]})

    def crash(*_: Any) -> Any:
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "answered", crash)
        with pytest.raises(SystemExit):
            users(said)()
    assert Customer.objects.get().properties == {"plan": ["Team"]}
    assert statuses([users(said)()]) == ["unchanged"]
    assert (Customer.objects.count(), Delivery.objects.count()) == (1, 2)


def test_a_crash_before_commit_leaves_nothing_and_sending_again_creates(monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.webhooks import receiving

    users = sender("user")
    said = user(1, "ana@ex.test", AccountId={"s": ["org-1"]})

    def crash(*_: Any, **__: Any) -> Any:
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "log", crash)
        with pytest.raises(SystemExit):
            users(said)()
    assert not Customer.objects.exists()
    assert not Account.objects.exists()
    assert statuses([users(said)()]) == ["created"]
