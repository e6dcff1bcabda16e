"""What each policy finds due, said before it happens; every table has a policy or a reason."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import CASCADE

from audit.models import Entry
from core import clock, schedules
from customers.deleting import delete
from customers.models import Customer
from feedback import deleting as documents
from feedback.linking import unlink
from feedback.models import Document
from retention import policies
from retention.models import Policy
from tests.customers.people import STAFF
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db

Kind = Policy.Kind


def policy(kind: str, channel: str = "") -> Policy:
    return next(one for one in policies.every() if (one.kind, one.channel) == (kind, channel))


def due(kind: str, channel: str = "", *, days: float = 0) -> set[int]:
    """Ids of what is due so many days from now."""
    one = policy(kind, channel)
    now = clock.now() + timedelta(days=days)
    return set(policies.due(kind, channel, policies.cutoff_of(one, now)).values_list("pk", flat=True))


def orphan(**values: Any) -> Customer:
    """A customer who came from a document and has lost it."""
    ana = CustomerFactory(origin="document", **values)
    paper = DocumentFactory(customer=ana)
    unlink(paper, actor=STAFF)
    ana.refresh_from_db()
    return ana


def test_all_are_there_and_only_those_of_what_is_deleted_lost_or_delivered_are_on() -> None:
    on = {(one.kind, one.keep) for one in policies.every() if one.enabled}
    deleted = {(kind, 30) for kind in (Kind.DELETED_CUSTOMERS, Kind.DELETED_DOCUMENTS, Kind.DELETED_ACCOUNTS)}
    logs = {(Kind.DELIVERY_BODIES, 30), (Kind.DELIVERIES, 180)}
    assert on == deleted | {(Kind.ORPHANS, 90)} | logs
    assert len(policies.every()) == 18
    assert Entry.objects.filter(verb="policy.made").count() == 1


class TestDue:
    def test_deleted_customers_and_documents(self) -> None:
        ana, paper = CustomerFactory(), DocumentFactory()
        delete(ana, actor=STAFF)
        documents.delete(paper, actor=STAFF)
        assert due(Kind.DELETED_CUSTOMERS, days=29.9) == set()
        assert due(Kind.DELETED_CUSTOMERS, days=30.1) == {ana.pk}
        assert due(Kind.DELETED_DOCUMENTS, days=29.9) == set()
        assert due(Kind.DELETED_DOCUMENTS, days=30.1) == {paper.pk}

    def test_orphans_are_counted_from_the_later_of_last_link_and_last_import(self) -> None:
        ana, bo = orphan(), orphan()
        Customer.objects.filter(pk=bo.pk).update(last_imported_at=clock.now() + timedelta(days=5))
        assert due(Kind.ORPHANS, days=89.9) == set()
        assert due(Kind.ORPHANS, days=90.1) == {ana.pk}
        assert due(Kind.ORPHANS, days=95.1) == {ana.pk, bo.pk}
        bo.refresh_from_db()
        assert bo.last_imported_at is not None
        assert bo.orphan_due_at() == bo.last_imported_at + timedelta(days=90)

    @pytest.mark.parametrize("origin", ["hand", "sync", "import", "api", "portal"])
    def test_who_did_not_come_from_documents_never_goes_by_this_rule(self, origin: str) -> None:
        ana = orphan()
        Customer.objects.filter(pk=ana.pk).update(origin=origin)
        assert due(Kind.ORPHANS, days=1_000) == set()

    def test_a_document_even_a_deleted_one_keeps_its_customer(self) -> None:
        ana = CustomerFactory(origin="document")
        paper = DocumentFactory(customer=ana)
        assert due(Kind.ORPHANS, days=1_000) == set()
        documents.delete(paper, actor=STAFF)
        assert due(Kind.ORPHANS, days=1_000) == set()

    def test_customers_not_seen_by_months(self) -> None:
        ana, bo = CustomerFactory(), CustomerFactory()
        Customer.objects.filter(pk=ana.pk).update(last_seen_at=clock.now() - timedelta(days=37 * 31))
        assert due(Kind.UNSEEN) == {ana.pk}
        assert bo.pk not in due(Kind.UNSEEN, days=900)

    def test_old_documents_of_their_channel_alone(self) -> None:
        old = clock.now() - timedelta(days=37 * 31)
        chat, email = (DocumentFactory(channel=channel, occurred_at=old) for channel in ("chat", "email"))
        DocumentFactory(channel="chat", occurred_at=clock.now())
        assert due(Kind.OLD_DOCUMENTS, "chat") == {chat.pk}
        assert due(Kind.OLD_DOCUMENTS, "email") == {email.pk}

    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            ((2026, 3, 31), 1, (2026, 2, 28)), ((2026, 1, 15), 1, (2025, 12, 15)), ((2028, 3, 31), 1, (2028, 2, 29)),
            ((2026, 12, 31), 12, (2025, 12, 31)), ((2026, 5, 10), 36, (2023, 5, 10)),
        ],
    )  # fmt: skip
    def test_months_are_those_of_the_calendar(self, day: Any, months: int, expected: Any) -> None:
        one = Policy(kind=Kind.UNSEEN, keep=months)
        assert policies.cutoff_of(one, datetime(*day, 12, tzinfo=UTC)) == datetime(*expected, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("kind", "index"),
        [
            (Kind.DELETED_CUSTOMERS, "customers_by_deletion"), (Kind.ORPHANS, "customers_orphans"),
            (Kind.UNSEEN, "customers_by_last_seen"), (Kind.DELETED_DOCUMENTS, "feedback_by_deletion"),
            (Kind.OLD_DOCUMENTS, "feedback_by_channel"),
        ],
    )  # fmt: skip
    def test_it_is_found_by_index(self, kind: str, index: str) -> None:
        one = policy(kind, "chat" if kind == Kind.OLD_DOCUMENTS else "")
        rows = policies.due(kind, one.channel, policies.cutoff_of(one, clock.now()))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        assert index in policies.ordered(rows, kind).values("pk")[:100].explain()


class TestPreview:
    def test_it_counts_and_shows_some(self) -> None:
        people = [CustomerFactory() for _ in range(7)]
        for days, one in enumerate(people):
            delete(one, actor=STAFF, now=clock.now() - timedelta(days=40 - days))
        CustomerFactory()
        found = policies.preview(policy(Kind.DELETED_CUSTOMERS), clock.now())
        assert (found.count, found.more, found.sample) == (7, False, people[:5])
        assert found.brake == ""

    def test_more_than_a_share_or_a_number_has_to_be_approved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one = policy(Kind.DELETED_CUSTOMERS)
        monkeypatch.setattr(policies, "FREE_NUMBER", 1)
        for _ in range(10):
            CustomerFactory()
        assert policies.brake_of(one, 1) == ""
        assert policies.brake_of(one, 2) == "It would delete more than 10 % of all customers."
        monkeypatch.setattr(policies, "BRAKE_NUMBER", 3)
        assert policies.brake_of(one, 4) == "It would delete more than 3 customers."


class TestChange:
    def test_the_next_run_follows_and_history_says_who(self) -> None:
        one = policy(Kind.UNSEEN)
        now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        changed = policies.change(one, {"enabled": True, "keep": 24, "at": time(4, 30)}, actor=STAFF, now=now)
        assert changed.next_run_at == datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
        assert Entry.objects.get(verb="policy.changed").subject_id == one.pk
        assert policies.change(one, {"enabled": False}, actor=STAFF, now=now).next_run_at is None
        policies.change(one, {"enabled": False}, actor=STAFF, now=now)
        assert Entry.objects.filter(verb="policy.changed").count() == 2

    def test_pages_tell_the_day_by_the_policy(self) -> None:
        assert (schedules.kept_days("customers"), schedules.kept_days("orphans")) == (30, 90)
        policies.change(policy(Kind.DELETED_CUSTOMERS), {"keep": 7}, actor=STAFF)
        policies.change(policy(Kind.ORPHANS), {"enabled": False}, actor=STAFF)
        assert (schedules.kept_days("customers"), schedules.kept_days("orphans")) == (7, None)
        assert orphan().orphan_due_at() is None


def test_every_table_has_a_policy_or_a_reason() -> None:
    ours = [model for model in apps.get_models() if model._meta.app_label in settings.ROSTER_APPS]
    covered = {apps.get_model(label) for label in policies.COVERED}
    grown = True
    while grown:  # what hangs on a covered row goes with it
        more = {
            model
            for model in ours
            if model not in covered
            and any(
                (field.many_to_one or field.one_to_one)
                and field.related_model in covered
                and field.remote_field.on_delete is CASCADE
                for field in model._meta.fields
            )
        }
        covered, grown = covered | more, bool(more)
    without = [one._meta.label for one in ours if one not in covered and one._meta.label not in policies.KEPT]
    assert without == [], "Say in retention/policies.py why nothing empties it, or give it a policy."
    assert {label for label in policies.KEPT if apps.get_model(label) in covered} == set()
    assert Document in covered
