"""Policies for usage events and for the audit log: what goes, what a legal hold keeps, what the log says of itself."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from accounts.models import Account
from audit.actor import Actor
from audit.models import Change, Entry, Source
from audit.reading import history_of
from core import clock, jobs
from core.invariants import findings
from customers import creating, editing, holding
from customers.identifying import identity
from customers.models import Customer
from engagement import usage
from engagement.models import UsageDay, UsageEvent
from retention import policies, running
from retention.models import Policy, Run
from staff.models import Role, User

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=4_000)


@pytest.fixture
def mina() -> User:
    return User.objects.create_user("mina@roster.example", name="Mina", role=Role.ADMIN)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="App", kind="tracking")


@pytest.fixture
def ana(mina: User) -> Customer:
    return creating.create(
        creating.Draft("Ana Kovač", [identity("email", "ana@lumen.example")]), actor=Actor.of_staff(mina)
    )


def policy(kind: str, **values: object) -> Policy:
    policies.every()
    found = Policy.objects.get(kind=kind)
    return policies.change(found, {"enabled": True, **values}, actor=Actor.of_system())


def run(found: Policy, mina: User) -> Run:
    started = running.start(found, actor=Actor.of_staff(mina))
    if started.waits:
        running.approve(started, actor=Actor.of_staff(mina))
    jobs.run(Run, started.pk)
    started.refresh_from_db()
    assert started.status == "done", started.error
    return started


def used(source: Source, account: Account | None, customer: Customer | None, *, ago: timedelta) -> None:
    event = usage.Event("Reports", "Opened", clock.now() - ago, account and account.pk, customer and customer.pk)
    usage.record([event], source=source, actor=Actor.of_source(source))


def broken() -> list[str]:
    return [found.line for found in findings() if found.broken]


def test_old_usage_goes_with_its_counts_and_newer_stays(source: Source, mina: User) -> None:
    lumen = Account.objects.create(name="Lumen")
    for ago in (LONG_AGO, LONG_AGO, timedelta(days=1)):
        used(source, lumen, None, ago=ago)
    done = run(policy("usage"), mina)
    assert (done.done, done.deleted, done.skipped) == (2, 2, 0)
    assert UsageEvent.objects.count() == UsageDay.objects.get().count == 1
    assert Entry.objects.get(verb="usage.forgotten").facts == {"events": 2}
    assert broken() == []


def test_usage_of_an_account_or_customer_on_legal_hold_stays_and_is_named(
    source: Source, mina: User, ana: Customer
) -> None:
    held = Account.objects.create(name="Held", legal_hold="Case 7")
    other = Account.objects.create(name="Other")
    holding.hold(ana, "Case 8", actor=Actor.of_staff(mina))
    used(source, held, None, ago=LONG_AGO)
    used(source, other, ana, ago=LONG_AGO)
    used(source, other, None, ago=LONG_AGO)
    done = run(policy("usage"), mina)
    assert (done.deleted, done.skipped) == (1, 2)
    assert {why for _, why in done.skipped_why} == {"Account on legal hold", "Customer on legal hold"}


def aged(*entries: Entry) -> None:
    """As if they had been written long ago; the log lets nobody do that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('roster.erasing', 'on', true)")
        for entry in entries:
            cursor.execute("UPDATE audit_entry SET at = at - %s WHERE id = %s", [LONG_AGO, entry.pk])
        cursor.execute("SELECT set_config('roster.erasing', '', true)")


def test_old_entries_go_with_what_they_changed_and_the_log_says_until_when(mina: User, ana: Customer) -> None:
    editing.rename(ana, "Ana Ruiz", actor=Actor.of_staff(mina))
    aged(Entry.objects.get(verb="customer.created"))
    then = clock.now() - LONG_AGO
    Customer.objects.filter(pk=ana.pk).update(created_at=then, first_seen_at=then, last_seen_at=then)
    done = run(policy("audit"), mina)
    assert done.deleted == 1
    assert [told.did for told in history_of("customer", ana.pk, mina).entries][-1] == "renamed"
    assert not Change.objects.filter(operation="insert", table="customers_customer", row_id=ana.pk).exists()
    shortened = Entry.objects.get(verb="audit.forgotten")
    assert shortened.facts["entries"] == 1
    assert shortened.facts["until"] == done.cutoff.isoformat()
    assert broken() == []  # who came before that need not be in the log


def test_a_customer_made_since_must_still_be_in_the_log(mina: User, ana: Customer) -> None:
    aged(Entry.objects.get(verb="customer.created"))
    run(policy("audit"), mina)
    assert any("every customer was recorded" in line for line in broken())


def test_entries_about_a_record_on_legal_hold_stay(mina: User, ana: Customer) -> None:
    other = creating.create(creating.Draft("Ben", []), actor=Actor.of_staff(mina))
    aged(*Entry.objects.filter(verb="customer.created"))
    holding.hold(ana, "Case 7", actor=Actor.of_staff(mina))
    done = run(policy("audit"), mina)
    assert (done.deleted, done.skipped) == (1, 1)
    assert Entry.objects.filter(verb="customer.created", subject_id=ana.pk).exists()
    assert not Entry.objects.filter(verb="customer.created", subject_id=other.pk).exists()


def test_a_run_of_much_of_the_log_waits_for_approval(mina: User) -> None:
    Entry.objects.bulk_create(Entry(at=clock.now() - LONG_AGO, via="command", verb="demo.seeded") for _ in range(30))
    started = running.start(policy("audit"), actor=Actor.of_staff(mina))
    assert started.waits
    assert "audit entries" in started.brake


def test_nothing_but_a_policy_shortens_the_log(mina: User, ana: Customer) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        Entry.objects.all()._raw_delete(using="default")
