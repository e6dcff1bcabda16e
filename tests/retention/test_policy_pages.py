"""The retention pages: what it would do before it does, runs with progress, approval, history."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock, jobs
from customers.deleting import delete
from customers.holding import hold
from customers.models import Customer
from retention import policies, running
from retention.models import Policy, Run
from tests.customers.people import STAFF, signed_in
from tests.factories import CustomerFactory
from tests.retention.test_policies import policy
from tests.retention.test_running import long_deleted

pytestmark = pytest.mark.django_db

Kind = Policy.Kind


@pytest.fixture(autouse=True)
def _nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "poke", lambda label, pks: True)


@pytest.fixture
def ada() -> Client:
    return signed_in("admin")


def text_of(client: Client, address: str, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def test_it_is_for_admins_alone(ada: Client) -> None:
    one = policy(Kind.UNSEEN)
    for role in ("viewer", "support"):
        client = signed_in(role)
        assert client.get("/retention/").status_code == 403
        assert client.post(f"/retention/policies/{one.pk}/run/").status_code == 403
        assert "Retention" not in text_of(client, "/customers/")
    assert 'href="/retention/"' in text_of(ada, "/customers/")


def test_every_policy_says_what_it_would_do_now(ada: Client) -> None:
    long_deleted()
    page = text_of(ada, "/retention/")
    for one in policies.every():
        assert f'href="/retention/policies/{one.pk}/"' in page
        assert f'hx-get="/retention/policies/{one.pk}/due/"' in page
    assert ">1</b>" in text_of(ada, f"/retention/policies/{policy(Kind.DELETED_CUSTOMERS).pk}/due/")
    assert "Nothing" in text_of(ada, f"/retention/policies/{policy(Kind.ORPHANS).pk}/due/")
    assert "Nothing has run yet." in page


def test_a_change_says_how_many_and_when_before_it_is_saved(ada: Client) -> None:
    ana = CustomerFactory(name="Ana Kovač")
    delete(ana, actor=STAFF, now=clock.now() - timedelta(days=10))
    one = policy(Kind.DELETED_CUSTOMERS)
    address = f"/retention/policies/{one.pk}/"
    assert "Nothing is due to be permanently deleted" in text_of(ada, address)
    sent = {"enabled": "on", "keep": "7", "at": "04:30", "documents": "delete"}
    page = " ".join(ada.post(address, sent).content.decode().split())
    assert "1 customer would be permanently deleted</b> at the next run" in page
    assert "Ana Kovač</a>" in page
    assert policy(Kind.DELETED_CUSTOMERS).keep == 30
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]  # type: ignore[index]
    other = ada.post(address, {**sent, "keep": "5", "seen": seen})  # changed after the preview: shown again first
    assert other.status_code == 200
    assert policy(Kind.DELETED_CUSTOMERS).keep == 30
    assert ada.post(address, {**sent, "seen": seen})["Location"] == "/retention/"
    saved = policy(Kind.DELETED_CUSTOMERS)
    assert (saved.keep, saved.at.hour, saved.at.minute, saved.enabled) == (7, 4, 30, True)
    assert saved.next_run_at is not None
    assert re.search(r">(in \d|tomorrow)", text_of(ada, "/retention/"))


@pytest.mark.parametrize("sent", [{"keep": "0"}, {"keep": "x"}, {"at": "25:00"}, {"keep": "99999999"}, {"keep": ""}])
def test_what_makes_no_sense_is_refused(ada: Client, sent: dict[str, str]) -> None:
    one = policy(Kind.UNSEEN)
    usual = {"enabled": "on", "keep": "7", "at": "04:30", "documents": "delete"}
    assert ada.post(f"/retention/policies/{one.pk}/", usual | sent).status_code == 422
    assert not policy(Kind.UNSEEN).enabled


def test_a_policy_that_is_off_says_what_it_would_do(ada: Client) -> None:
    ana = CustomerFactory()
    Customer.objects.filter(pk=ana.pk).update(last_seen_at=clock.now() - timedelta(days=2_000))
    page = text_of(ada, f"/retention/policies/{policy(Kind.UNSEEN).pk}/")
    assert "This policy is off.</b> If it were on, 1 customer would go at its next run." in page
    assert "Block re-import" in page


def test_run_now_progress_and_history(ada: Client) -> None:
    long_deleted()
    held = long_deleted()
    hold(held, "Case 17", actor=STAFF)
    one = policy(Kind.DELETED_CUSTOMERS)
    answer = ada.post(f"/retention/policies/{one.pk}/run/")
    run = Run.objects.get()
    assert answer["Location"] == f"/retention/runs/{run.pk}/"
    page = text_of(ada, f"/retention/runs/{run.pk}/")
    assert "every 2s" in page
    assert "waiting for a worker" in page
    jobs.run(Run, run.pk)
    page = text_of(ada, f"/retention/runs/{run.pk}/")
    assert "every 2s" not in page
    assert "On legal hold: Case 17" in page
    part = text_of(ada, f"/retention/runs/{run.pk}/", headers={"HX-Request": "true", "HX-Target": "progress"})
    assert "<html" not in part
    assert "Admin" in text_of(ada, "/retention/")


def test_a_braked_run_is_approved_or_cancelled(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "FREE_NUMBER", 0)
    long_deleted()
    run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
    assert "waits for approval: It would delete more than 10 % of all customers." in text_of(ada, "/retention/")
    page = text_of(ada, f"/retention/runs/{run.pk}/")
    assert "Approve and delete 1" in page
    ada.post(f"/retention/runs/{run.pk}/cancel/")
    assert "Cancelled" in text_of(ada, f"/retention/runs/{run.pk}/")
    run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
    ada.post(f"/retention/runs/{run.pk}/approve/")
    jobs.run(Run, run.pk)
    assert not Customer.objects.exists()
    assert "Approved by Ada Admin" in text_of(ada, f"/retention/runs/{run.pk}/")


def test_a_run_that_failed_goes_on(ada: Client) -> None:
    long_deleted()
    run = running.start(policy(Kind.DELETED_CUSTOMERS), actor=STAFF)
    Run.objects.filter(pk=run.pk).update(status="quarantined", error="It ended.")
    assert "Go on where it ended" in text_of(ada, f"/retention/runs/{run.pk}/")
    ada.post(f"/retention/runs/{run.pk}/again/")
    jobs.run(Run, run.pk)
    assert not Customer.objects.exists()
