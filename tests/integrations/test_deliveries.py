"""The log of deliveries: replayed, counted, forgotten with the person and by its policies."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from audit.actor import Actor
from audit.models import Entry, Source
from core import clock, jobs
from customers import creating, deleting, suppressing
from customers.identifying import identity
from customers.models import Customer
from integrations import configuring, counting, replaying
from integrations.deliveries import Verdict, log, log_refused
from integrations.models import ApiKey, Delivery, DeliveryHour, DeliveryRecord, Integration, Replay
from retention import policies, purging, running
from retention.models import Policy, Purge, Run

pytestmark = pytest.mark.django_db
ACTOR = Actor.of_system("command")
LONG_AGO = timedelta(days=400)


@pytest.fixture
def integration() -> Integration:
    source = Source.objects.create(kind="user", name="Warehouse")
    ApiKey.objects.issue(kind="user", name="Warehouse", scopes=[], source=source)
    return Integration.objects.create(source=source)


def deliver(integration: Integration, *verdicts: Verdict, ago: timedelta = timedelta(0)) -> Delivery:
    key = integration.source.keys.first()
    return log(list(verdicts), source=integration.source, key=key, via="webhook", now=clock.now() - ago)


def rejected(number: int = 1, **body: Any) -> Verdict:
    return Verdict("rejected", f"p-{number}", code="invalid_attribute", body={"id": f"p-{number}", **body})


@pytest.fixture
def door() -> Iterator[list[list[Any]]]:
    """A door that takes whatever is not marked as bad; what it was given."""
    given: list[list[Any]] = []

    def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]:
        given.append([one.body for one in records])
        return [
            Verdict("rejected" if one.body.get("bad") else "created", one.external_id, body=one.body) for one in records
        ]

    replaying.replayer_of("webhook")
    before = dict(replaying.REPLAYERS)
    replaying.REPLAYERS["webhook"] = replay
    yield given
    replaying.REPLAYERS.clear()
    replaying.REPLAYERS.update(before)


# Replaying


def test_a_record_is_replayed_once_and_makes_a_delivery_of_its_own(integration: Integration, door: list[Any]) -> None:
    first = deliver(integration, rejected(1), Verdict("created", "p-2", body={"id": "p-2"}))
    record = first.records.get(place=0)
    made = replaying.replay(first, [record.pk], actor=ACTOR)
    assert (made.replay_of, made.status, made.created_count) == (first, "done", 1)
    assert door == [[{"id": "p-1"}]]
    with pytest.raises(replaying.NotReplayable, match="replayed meanwhile"):
        replaying.replay(first, [record.pk], actor=ACTOR)
    assert Entry.objects.get(verb="delivery.replayed").facts == {"records": 1, "rejected": 0}


def test_only_rejected_records_whose_body_is_kept_are_replayed(integration: Integration, door: list[Any]) -> None:
    first = deliver(
        integration, Verdict("created", "a", body={"id": "a"}), Verdict("rejected", "b"),
        Verdict("suppressed", "c", body={"id": "c"}),
    )  # fmt: skip
    with pytest.raises(replaying.NotReplayable):
        replaying.replay(first, [one.pk for one in first.records.all()], actor=ACTOR)
    assert door == []


def test_all_that_failed_is_replayed_in_the_background_and_what_fails_again_is_tried_once(
    integration: Integration, door: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH", 2)
    for start in (0, 3):
        deliver(integration, *(rejected(start + number, bad=number == 1) for number in range(3)))
    deliver(integration, Verdict("created", "fine", body={}))
    job = replaying.replay_all(integration, actor=ACTOR)
    assert (job.total, replaying.replay_all(integration, actor=ACTOR)) == (6, job)
    jobs.run(Replay, job.pk)
    job.refresh_from_db()
    assert (job.status, job.done, job.accepted, job.rejected) == ("done", 6, 4, 2)
    assert sorted(len(bodies) for bodies in door) == [1, 1, 2, 2]
    assert replaying.waiting(DeliveryRecord.objects.all()).count() == 2
    assert {one.delivery.replay_of_id is None for one in replaying.waiting(DeliveryRecord.objects.all())} == {False}


def test_what_a_key_brought_that_went_with_its_team_is_not_replayed(integration: Integration, door: list[Any]) -> None:
    delivery = deliver(integration, rejected())
    integration.source.keys.all().delete()
    delivery.refresh_from_db()
    with pytest.raises(replaying.NotReplayable, match="went with its team"):
        replaying.replay(delivery, [delivery.records.get().pk], actor=ACTOR)
    job = replaying.replay_all(integration, actor=ACTOR)
    jobs.run(Replay, job.pk)
    job.refresh_from_db()
    assert (job.status, job.done, door) == ("done", 0, [])


def test_nothing_is_replayed_into_a_closed_integration(integration: Integration, door: list[Any]) -> None:
    first = deliver(integration, rejected())
    configuring.close(integration, actor=ACTOR)
    with pytest.raises(replaying.NotReplayable, match="Reopen"):
        replaying.replay(first, [first.records.get().pk], actor=ACTOR)


def test_a_replay_that_cannot_go_on_says_why(integration: Integration, door: list[Any]) -> None:
    deliver(integration, rejected())
    job = replaying.replay_all(integration, actor=ACTOR)
    configuring.close(integration, actor=ACTOR)
    jobs.run(Replay, job.pk)
    job.refresh_from_db()
    assert (job.status, job.error) == ("failed", "The integration is closed. Reopen it first.")


# What is kept


def test_what_a_suppressed_record_held_is_blanked(integration: Integration) -> None:
    made = deliver(integration, Verdict("suppressed", "p-1", body={"id": "p-1", "Seats": {"n": [12]}, "Beta": True}))
    record = made.records.get()
    assert (record.external_id, record.body) == ("", {"id": "", "Seats": {"n": [""]}, "Beta": True})


def test_a_rejected_record_that_names_somebody_kept_out_is_blanked(integration: Integration) -> None:
    suppressing.suppress([identity("phone", "+34 600 111 222"), identity("email", "ana@ex.test")], clock.now())
    made = deliver(
        integration, rejected(1, Email={"s": ["ANA@ex.test"]}), rejected(2, Phone="600 111 222"), rejected(3)
    )
    assert [one.body for one in made.records.all()] == [
        {"id": "", "Email": {"s": [""]}}, {"id": "p-2", "Phone": "600 111 222"}, {"id": "p-3"},
    ]  # fmt: skip
    made = deliver(integration, rejected(4, Phone={"s": ["+34600111222"]}))
    assert made.records.get().body == {"id": "", "Phone": {"s": [""]}}


# Gone with the person


def purge(customer: Customer) -> None:
    deleting.delete(customer, actor=ACTOR)
    job = purging.start([customer.pk], actor=ACTOR)
    jobs.run(Purge, job.pk)
    job.refresh_from_db()
    assert job.status == "done", job.error


def test_a_permanent_deletion_empties_the_records_about_and_naming_the_person(integration: Integration) -> None:
    ana = creating.create(
        creating.Draft("Ana Kovač", [identity("email", "ana@ex.test"), identity("phone", "+34600111222")]), actor=ACTOR
    )
    made = deliver(
        integration,
        Verdict("created", "p-1", customer_id=ana.pk, body={"id": "p-1", "Region": "EU"}),
        rejected(2, Email={"s": ["Ana@Ex.test"]}),
        rejected(3, note="Call +34 (600) 111-222", Phone="+34 600 111 222"),
        rejected(4, Name="ANA KOVAČ"),
        rejected(5, Phone=34600111222),
        Verdict("rejected", "ana@ex.test", body={"x": 1}),
        rejected(7, Name="Ana Kovačić", Email="ana@ex.testing"),
    )
    purge(ana)
    left = {one.place: (one.external_id, one.body) for one in made.records.all()}
    assert [place for place, (_, body) in left.items() if body is not None] == [6]
    assert {external_id for place, (external_id, _) in left.items() if place != 6} == {""}
    assert left[6] == ("p-7", {"id": "p-7", "Name": "Ana Kovačić", "Email": "ana@ex.testing"})
    assert made.records.count() == 7


# Policies


def run(kind: str) -> Run:
    policies.every()
    policy = Policy.objects.get(kind=kind)
    started = running.start(policy, actor=ACTOR)
    if started.waits:
        running.approve(started, actor=ACTOR)
    jobs.run(Run, started.pk)
    started.refresh_from_db()
    assert started.status == "done", started.error
    return started


def test_bodies_go_before_the_log_does(integration: Integration) -> None:
    old, middle, new = (deliver(integration, rejected(), ago=timedelta(days=days)) for days in (400, 60, 1))
    assert run("delivery_bodies").deleted == 2
    assert [one.records.get().body is None for one in (old, middle, new)] == [True, True, False]
    assert run("delivery_bodies").deleted == 0
    assert run("deliveries").deleted == 1
    assert set(Delivery.objects.all()) == {middle, new}


def test_deliveries_about_somebody_on_legal_hold_stay(integration: Integration) -> None:
    ana = creating.create(creating.Draft("Ana", [identity("email", "ana@ex.test")]), actor=ACTOR)
    Customer.objects.filter(pk=ana.pk).update(legal_hold="Case 7")
    held = deliver(integration, Verdict("created", "p-1", customer_id=ana.pk, body={"id": "p-1"}), ago=LONG_AGO)
    deliver(integration, rejected(2), ago=LONG_AGO)
    done = run("deliveries")
    assert (done.deleted, done.skipped_why) == (1, [[held.pk, "About a record on legal hold"]])
    assert held.records.get().body == {"id": "p-1"}


# Counting


def test_totals_outlive_the_log(integration: Integration) -> None:
    for ago in (LONG_AGO, LONG_AGO, timedelta(hours=3)):
        deliver(integration, rejected(), Verdict("created", "x"), ago=ago)
    log_refused(source=integration.source, key=None, via="webhook", now=clock.now(), code="malformed", message="No.")
    before = counting.received(clock.now())[integration.source_id]
    assert (before.total, before.day, before.errors, before.day_errors, sum(before.hours)) == (6, 2, 4, 2, 2)
    counting.count_hours(clock.now())
    assert DeliveryHour.objects.filter(records=4, requests=2, rejected=2).exists()
    run("deliveries")
    assert Delivery.objects.count() == 2
    counting.count_hours(clock.now())
    assert counting.received(clock.now())[integration.source_id] == before
