"""Retention runs: what is due goes, what is held stays and is named, brakes hold, and nothing is lost when one dies."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from core import clock, jobs
from core.jobs import Status
from customers.deleting import delete, restore_many
from customers.holding import hold
from customers.models import Customer, Suppression
from feedback.linking import unlink
from feedback.models import Document
from retention import policies, running
from retention.models import Policy, Purge, Run
from tests.customers.people import STAFF
from tests.factories import CustomerFactory, DocumentFactory
from tests.feedback.test_races import intake, race
from tests.killing import killed_at
from tests.retention.test_policies import orphan, policy

pytestmark = pytest.mark.django_db

Kind = Policy.Kind


@pytest.fixture(autouse=True)
def _nobody_is_told(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(jobs, "poke", lambda label, pks: True)


def long_deleted(days: int = 40, **values: Any) -> Customer:
    ana = CustomerFactory(**values)
    delete(ana, actor=STAFF, now=clock.now() - timedelta(days=days))
    return ana


def ran(one: Policy) -> Run:
    run = running.start(one, actor=STAFF)
    jobs.run(Run, run.pk)
    run.refresh_from_db()
    return run


class TestRun:
    def test_deleted_customers_go_with_their_documents_and_stay_out(self) -> None:
        ana, bo, cy = long_deleted(email="ana@ex.test"), long_deleted(3), CustomerFactory()
        DocumentFactory(customer=ana)
        run = ran(policy(Kind.DELETED_CUSTOMERS))
        assert (run.status, run.done, run.deleted, run.skipped) == (Status.DONE, 1, 1, 0)
        assert set(Customer.objects.values_list("pk", flat=True)) == {bo.pk, cy.pk}
        assert not Document.objects.exists()
        assert Suppression.objects.count() == 1
        purge = Purge.objects.get()
        assert (purge.status, purge.reason, purge.deleted_count) == (Status.DONE, "policy", 1)

    def test_orphans_go_without_suppression_unless_the_policy_says_so(self) -> None:
        ana = orphan(email="ana@ex.test")
        long_ago = clock.now() - timedelta(days=200)
        Customer.objects.filter(pk=ana.pk).update(created_at=long_ago, last_linked_at=long_ago)
        run = ran(policy(Kind.ORPHANS))
        assert (run.deleted, Suppression.objects.count()) == (1, 0)
        bo = orphan(email="bo@ex.test")
        Customer.objects.filter(pk=bo.pk).update(created_at=long_ago, last_linked_at=long_ago)
        run = ran(policies.change(policy(Kind.ORPHANS), {"suppress": True}, actor=STAFF))
        assert (run.deleted, Suppression.objects.count()) == (1, 1)
        assert not Customer.objects.exists()

    def test_customers_not_seen_keep_their_documents_anonymised_when_the_policy_says_so(self) -> None:
        ana = CustomerFactory(name="Ana Kovač")
        DocumentFactory(customer=ana, title="From Ana Kovač", author={"name": "Ana Kovač"})
        Customer.objects.filter(pk=ana.pk).update(last_seen_at=clock.now() - timedelta(days=2_000))
        one = policies.change(policy(Kind.UNSEEN), {"documents": "anonymise"}, actor=STAFF)
        assert ran(one).deleted == 1
        kept = Document.objects.get()
        assert (kept.customer_id, kept.author) == (None, {})
        assert "Kovač" not in kept.title

    def test_documents_by_channel_and_deleted_ones(self) -> None:
        old = clock.now() - timedelta(days=2_000)
        ana = CustomerFactory()
        DocumentFactory(customer=ana, channel="chat", occurred_at=old)
        mail = DocumentFactory(channel="email", occurred_at=old)
        run = ran(policy(Kind.OLD_DOCUMENTS, "chat"))
        assert (run.status, run.deleted) == (Status.DONE, 1)
        assert Document.objects.get() == mail
        ana.refresh_from_db()
        assert (ana.state, ana.feedback_count) == ("active", 0)

    def test_what_is_held_is_skipped_and_named_and_the_others_go(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(running.BATCH, "customers", 2)
        people = [long_deleted(40 + number) for number in range(5)]
        hold(people[3], "Case 17", actor=STAFF)
        run = ran(policy(Kind.DELETED_CUSTOMERS))
        assert (run.status, run.done, run.deleted, run.skipped) == (Status.DONE, 5, 4, 1)
        assert run.skipped_why == [[people[3].pk, "On legal hold: Case 17"]]
        assert Customer.objects.get() == people[3]

    def test_nothing_due_is_a_run_too(self) -> None:
        run = ran(policy(Kind.DELETED_CUSTOMERS))
        assert (run.status, run.done, run.total) == (Status.DONE, 0, 0)

    def test_one_at_a_time(self) -> None:
        one = policy(Kind.DELETED_CUSTOMERS)
        assert running.start(one, actor=STAFF) == running.start(one, actor=STAFF)
        assert Run.objects.count() == 1


class TestBrake:
    @pytest.fixture
    def braked(self, monkeypatch: pytest.MonkeyPatch) -> Run:
        monkeypatch.setattr(policies, "FREE_NUMBER", 0)
        long_deleted()
        return running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)

    def test_it_waits_until_somebody_approves(self, braked: Run) -> None:
        assert braked.waits
        assert braked.brake == "It would delete more than 10 % of all customers."
        jobs.run(Run, braked.pk)
        jobs.sweep(clock.now())
        assert Customer.objects.count() == 1
        assert running.approve(braked, actor=STAFF)
        assert not running.approve(braked, actor=STAFF)
        jobs.run(Run, braked.pk)
        assert not Customer.objects.exists()

    def test_it_can_be_cancelled_instead(self, braked: Run) -> None:
        assert running.cancel(braked, actor=STAFF)
        assert not running.approve(braked, actor=STAFF)
        jobs.run(Run, braked.pk)
        assert Customer.objects.count() == 1


class TestSchedule:
    def test_it_runs_at_its_time_once(self) -> None:
        ana = long_deleted()
        now = clock.now()
        assert running.start_due(now) == []
        one = policy(Kind.DELETED_CUSTOMERS)
        assert one.next_run_at is not None
        begun = running.start_due(one.next_run_at + timedelta(seconds=30))
        deleted = {Kind.DELETED_CUSTOMERS, Kind.DELETED_DOCUMENTS, Kind.DELETED_ACCOUNTS}
        logs = {Kind.DELIVERY_BODIES, Kind.DELIVERIES}
        assert {run.policy.kind for run in begun} == deleted | logs | {Kind.ORPHANS}
        assert running.start_due(one.next_run_at + timedelta(seconds=90)) == []
        for run in begun:
            jobs.run(Run, run.pk)
        assert not Customer.objects.filter(pk=ana.pk).exists()

    def test_after_a_jump_of_the_clock_runs_wait(self) -> None:
        long_deleted(1)
        running.start_due(clock.now())
        begun = running.start_due(clock.now() + timedelta(days=400))
        assert begun
        assert all(run.waits for run in begun)
        assert "400 days" in begun[0].brake or "399 days" in begun[0].brake

    def test_what_is_off_never_runs(self) -> None:
        for one in policies.every():
            policies.change(one, {"enabled": False}, actor=STAFF)
        running.start_due(clock.now())
        assert running.start_due(clock.now() + timedelta(days=1)) == []


@pytest.mark.django_db(transaction=True)
class TestKilledAndRaced:
    def test_killed_at_every_statement_it_ends_by_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        long_deleted(email="ana@ex.test")
        held = long_deleted(41)
        hold(held, "Case 17", actor=STAFF)
        run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
        usual = clock.now
        jumps = 0
        for number in range(1, 400):
            later = timedelta(seconds=(jobs.LEASE_SECONDS + jobs.TRIED_AGAIN_AFTER_SECONDS * 6) * number)
            monkeypatch.setattr(clock, "now", lambda later=later: usual() + later)
            Run.objects.filter(pk=run.pk).update(attempts=0)
            try:
                with killed_at(number * 3):
                    jobs.run(Run, run.pk)
            except Exception:
                connections.close_all()
            jumps += 1
            connections.close_all()
            run.refresh_from_db()
            if run.is_finished:
                break
        assert (run.status, run.deleted, run.skipped) == (Status.DONE, 1, 1)
        assert jumps > 5
        assert Customer.objects.get() == held

    def test_cancelled_in_the_middle_what_has_begun_ends_by_itself(self) -> None:
        long_deleted()
        run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
        claimed = Run.claim(run.pk, clock.now())
        assert claimed is not None
        assert jobs.one_batch(claimed)
        assert Customer.objects.get().state == "purging"
        assert running.cancel(run, actor=STAFF)
        purge = Purge.objects.get()
        assert purge.status == Status.QUEUED
        jobs.run(Purge, purge.pk)
        assert not Customer.objects.exists()

    def test_a_deletion_that_another_worker_has_taken_over_is_left_to_it(self) -> None:
        long_deleted()
        run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
        claimed = Run.claim(run.pk, clock.now())
        assert claimed is not None
        assert jobs.one_batch(claimed)
        Run.objects.filter(pk=run.pk).update(status=Status.QUARANTINED, lease_token=None, lease_until=None)
        assert running.hand_over() == 1
        taken = Purge.claim(Purge.objects.get().pk, clock.now())
        assert taken is not None
        run.refresh_from_db()
        assert run.again()
        jobs.run(Run, run.pk)
        assert Customer.objects.get().state == "purging"
        while jobs.one_batch(taken):
            pass
        assert not Customer.objects.exists()

    def test_a_document_that_arrives_during_the_clean_up_is_never_lost(self) -> None:
        for round_ in range(6):
            email = f"ana{round_}@ex.test"
            intake(email)()
            ana = Customer.objects.get(primary_email=email)
            unlink(Document.objects.get(customer=ana), actor=STAFF)
            long_ago = clock.now() - timedelta(days=200)
            Customer.objects.filter(pk=ana.pk).update(created_at=long_ago, last_linked_at=long_ago)
            run = running.start(policy(Kind.ORPHANS), actor=STAFF)
            outcomes = race(intake(email, 1), lambda run=run: jobs.run(Run, run.pk))
            assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            arrived = Document.objects.filter(external_id=f"{email}-1").first()
            run.refresh_from_db()
            assert (run.status, run.deleted + run.skipped) in {(Status.DONE, 1), (Status.DONE, 0)}
            assert arrived is not None
            assert arrived.customer is not None
            assert arrived.customer.is_active

    def test_restore_and_a_run_at_once_exactly_one_wins(self) -> None:
        for _ in range(6):
            ana = long_deleted()
            run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
            restored, _ = race(
                lambda ana=ana: restore_many([ana.pk], actor=STAFF).changed, lambda run=run: jobs.run(Run, run.pk)
            )
            left = Customer.objects.filter(pk=ana.pk).first()
            assert not isinstance(restored, Exception)
            assert bool(restored) == (left is not None)
            assert left is None or left.is_active
