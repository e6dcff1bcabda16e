"""Accounts deleted, restored, held and permanently deleted, with the choice for who belongs only there (6.1, 6.2)."""

import pytest
from django.core.management import call_command

from accounts import holding
from accounts.models import Account, Team, TeamAccount
from audit.actor import Actor
from audit.models import Change, Entry
from core import clock, jobs
from customers import ledger
from customers.accounts import deleting
from customers.deleting import NotDeleted
from customers.holding import Held
from customers.models import Customer, Membership
from engagement.models import Survey, SurveyResponse, UsageEvent
from feedback.models import Document
from retention import organisations, policies, running
from retention.models import Policy, Purge
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina():
    return Actor.of_staff(UserFactory(role="admin"))


@pytest.fixture
def acme():
    return AccountFactory(name="Acme", external_id="org-1", properties={"plan": ["Scale"]})


@pytest.fixture
def only(acme):
    return CustomerFactory(name="Only", account=acme)


@pytest.fixture
def both(acme):
    """Belongs to Acme first, and to Zeta."""
    customer = CustomerFactory(name="Both", account=acme)
    Membership.objects.create(customer=customer, account=AccountFactory(name="Zeta"))
    return customer


def state(record):
    record.refresh_from_db()
    return record.state


def test_deleting_keeps_everything_and_restoring_brings_back_exactly_that(acme, only, both, mina):
    done = deleting.delete(acme, actor=mina)
    assert (state(acme), state(only), state(both)) == ("deleted", "active", "active")
    assert acme.deleted_at == Entry.objects.get(pk=done.entry_id).at
    deleting.restore(acme, actor=mina)
    assert (state(acme), acme.deleted_at) == ("active", None)
    assert acme.memberships.count() == 2


def test_who_belongs_only_there_goes_and_comes_back_with_the_account(acme, only, both, mina):
    deleting.delete(acme, customers=True, actor=mina)
    assert (state(only), state(both)) == ("deleted", "active")
    deleting.restore(acme, actor=mina)
    assert (state(only), only.deleted_at) == ("active", None)


def test_restoring_an_account_leaves_those_deleted_by_themselves_deleted(acme, only, mina):
    before = CustomerFactory(account=acme)
    Customer.objects.filter(pk=before.pk).update(state="deleted", deleted_at=clock.now())
    deleting.delete(acme, customers=True, actor=mina)
    deleting.restore(acme, actor=mina)
    assert (state(before), state(only)) == ("deleted", "active")


def test_membership_in_a_deleted_account_is_no_other_place(acme, only, mina):
    gone = AccountFactory(state="deleted")
    Membership.objects.create(customer=only, account=gone)
    assert list(deleting.only_in([acme.pk])) == [only]


def test_undo_takes_back_what_that_deletion_did(acme, only, mina):
    done = deleting.delete(acme, customers=True, actor=mina)
    assert deleting.undo(done.entry_id, actor=mina).changed == [acme.pk]
    assert (state(acme), state(only)) == ("active", "active")
    assert deleting.undo(done.entry_id, actor=mina).changed == []


def test_a_legal_hold_refuses_and_is_named(acme, only, mina):
    holding.hold(acme, "Court order 7", actor=mina)
    with pytest.raises(Held, match="Court order 7"):
        deleting.delete(acme, actor=mina)
    acme.refresh_from_db()
    holding.lift(acme, "Settled", actor=mina)
    deleting.delete(acme, actor=mina)
    reasons = [
        one.after["legal_hold"] for one in Change.objects.filter(entry__verb="account.hold_lifted").order_by("pk")
    ]
    assert reasons == ["Lifted: Settled", ""]


def test_a_customer_on_hold_stays_when_the_account_goes(acme, only, mina):
    Customer.objects.filter(pk=only.pk).update(legal_hold="Case 9")
    deleting.delete(acme, customers=True, actor=mina)
    assert (state(acme), state(only)) == ("deleted", "active")


def test_only_a_deleted_account_is_restored(acme, mina):
    with pytest.raises(NotDeleted, match="Not deleted"):
        deleting.restore(acme, actor=mina)


@pytest.fixture
def things(acme, only):
    """What stays when the account goes."""
    DocumentFactory(account=acme, customer=only)
    survey = Survey.objects.create(name="NPS", kind="nps")
    SurveyResponse.objects.create(survey=survey, account=acme, customer=only, score=9, answered_at=clock.now())
    UsageEvent.objects.create(account=acme, customer=only, module="Reports", activity="opened", occurred_at=clock.now())
    TeamAccount.objects.create(team=Team.objects.create(name="North", reach="list"), account=acme)


def run(purge):
    jobs.run(Purge, purge.pk)
    purge.refresh_from_db()
    return purge


def test_a_purged_account_is_gone_and_what_was_said_there_stays_without_it(acme, only, both, things, mina):
    deleting.delete(acme, actor=mina)
    purge = run(organisations.start(acme, customers=False, documents="delete", actor=mina))
    assert (purge.status, purge.deleted_count, purge.counts["memberships"]) == ("done", 1, 2)
    assert not Account.objects.filter(pk=acme.pk).exists()
    assert Document.objects.get().account is None
    assert SurveyResponse.objects.get().account is None
    assert UsageEvent.objects.get().account is None
    assert state(only) == "active"
    assert both.memberships.get().primary
    values = Change.objects.filter(account_id=acme.pk, table="accounts_account")
    assert values.exists()
    assert not any("Acme" in str(one.before) + str(one.after) for one in values)


def test_a_purged_account_does_not_come_back_with_a_backup(acme, both, mina):
    deleting.delete(acme, actor=mina)
    run(organisations.start(acme, customers=False, documents="delete", actor=mina))
    [line] = ledger.entries()
    assert line == ledger.ErasedAccount(line.at, acme.pk, acme.created_at.isoformat())
    assert "acme" not in ledger.path().read_text().lower()
    # The database as it was before; and another, in which somebody else has the number
    back = AccountFactory(pk=acme.pk, name="Acme")
    Account.objects.filter(pk=back.pk).update(created_at=acme.created_at)
    call_command("replay_erasures")
    assert not Account.objects.filter(pk=acme.pk).exists()
    receipt = Purge.objects.latest("pk")
    assert (receipt.reason, receipt.status, receipt.deleted_count) == ("replay", "done", 1)
    other = AccountFactory(pk=acme.pk, name="Another")
    call_command("replay_erasures")
    assert Account.objects.get(pk=acme.pk) == other


@pytest.mark.parametrize("together", [True, False])
def test_who_belongs_only_there_is_permanently_deleted_if_it_is_said(acme, only, both, things, mina, together):
    deleting.delete(acme, customers=together, actor=mina)
    purge = organisations.start(acme, customers=True, documents="delete", actor=mina)
    run(Purge.objects.get(subject="customer"))
    assert run(purge).deleted_count == 1
    assert not Customer.objects.filter(pk=only.pk).exists()
    assert state(both) == "active"


def test_a_large_account_goes_in_batches(acme, things, mina, monkeypatch):
    monkeypatch.setattr(organisations, "ROWS", 2)
    for _ in range(5):
        DocumentFactory(account=acme, customer=CustomerFactory(account=acme))
    deleting.delete(acme, actor=mina)
    purge = run(organisations.start(acme, customers=False, documents="delete", actor=mina))
    assert purge.status == "done"
    assert not Document.objects.exclude(account=None).exists()
    assert not Account.objects.filter(pk=acme.pk).exists()


def test_what_is_not_deleted_or_held_is_skipped_and_named(acme, mina):
    held = AccountFactory(name="Held", state="deleted", legal_hold="Case 9", deleted_at=clock.now())
    from retention import purging

    purge = run(purging.start([acme.pk, held.pk], actor=mina, subject="account", suppress=False))
    assert purge.skipped_count == 2
    assert "Case 9" in str(purge.skipped_why)
    assert Account.objects.count() == 2


def test_every_relation_to_an_account_is_decided():
    every = Account._meta.get_fields(include_hidden=True)
    related = {one.related_model._meta.label for one in every if one.auto_created and not one.concrete}
    assert related == {*organisations.GOES, *organisations.STAYS}


def test_the_policy_deletes_accounts_that_have_been_kept_long_enough(acme, mina):
    deleting.delete(acme, actor=mina)
    recent = AccountFactory(state="deleted", deleted_at=clock.now())
    policy = next(one for one in policies.every() if one.kind == Policy.Kind.DELETED_ACCOUNTS)
    long_ago = clock.now() - (policies.cutoff_of(policy, clock.now()) - clock.now()) * -2
    Account.objects.filter(pk=acme.pk).update(deleted_at=long_ago)
    begun = running.start(policy, actor=mina)
    jobs.run(type(begun), begun.pk)
    begun.refresh_from_db()
    assert (begun.status, begun.deleted) == ("done", 1)
    assert list(Account.objects.all()) == [recent]
