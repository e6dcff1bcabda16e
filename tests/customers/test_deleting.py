"""Delete and restore: what was there comes back exactly, and a legal hold is respected and named."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError

from audit.models import Change, Entry
from core import clock, schedules
from customers import deleting
from customers.deleting import NotDeleted, delete, delete_many, restore, restore_many
from customers.editing import NotActive, Stale, rename
from customers.holding import Held, hold, holds_on, lift
from customers.models import Customer, CustomerTag, Identifier, Membership, Note
from feedback.models import Document
from tests.customers.people import STAFF, mina
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory
from tests.feedback.test_races import race
from tests.killing import at_every_statement

pytestmark = pytest.mark.django_db

OWN = ("version", "updated_at")  # a restored customer has been changed twice, and says so


def rows_of(customer: Customer) -> dict[str, list[dict[str, object]]]:
    """Everything that is stored of a customer."""
    return {
        "customer": [
            {name: value for name, value in row.items() if name not in OWN}
            for row in Customer.objects.filter(pk=customer.pk).values()
        ],
        **{
            model.__name__: list(model.objects.filter(customer=customer).order_by("pk").values())  # type: ignore[attr-defined]
            for model in (Identifier, Membership, CustomerTag, Note, Document)
        },
    }


def somebody() -> Customer:
    customer = CustomerFactory(
        name="Ana Kovač", email=["ana@ex.test", "ana@home.test"], phone="+43 1 5550100", tags=["vip", "beta"],
        account=AccountFactory(name="Acme"), properties={"plan": ["Pro"]},
    )  # fmt: skip
    DocumentFactory(customer=customer)
    DocumentFactory(customer=customer, link="matched", state="deleted", deleted_at=clock.now())
    Note.objects.create(customer=customer, body="Likes tea")
    return customer


class TestOne:
    def test_restore_brings_back_exactly_what_was_there(self) -> None:
        ana = somebody()
        before = rows_of(ana)
        delete(ana, actor=mina())
        assert Customer.objects.get(pk=ana.pk).state == "deleted"
        restore(ana, actor=mina())
        assert rows_of(ana) == before

    def test_it_is_deleted_at_the_moment_of_its_audit_entry_which_says_by_whom(self) -> None:
        ana = somebody()
        done = delete(ana, actor=mina())
        ana.refresh_from_db()
        entry = Entry.objects.get(pk=done.entry_id)
        assert (entry.verb, entry.subject_id, entry.at) == ("customer.deleted", ana.pk, ana.deleted_at)
        assert deleting.deleted_by([ana.deleted_at]) == {ana.deleted_at: "Mina Okafor"}
        assert Change.objects.get(entry=entry).after["state"] == "deleted"

    def test_history_says_deleted_and_restored(self) -> None:
        ana = somebody()
        delete(ana, actor=mina())
        restore(ana, actor=mina())
        verbs = list(Entry.objects.filter(subject_id=ana.pk, subject_type="customer").values_list("verb", flat=True))
        assert {"customer.deleted", "customer.restored"} <= set(verbs)

    def test_a_stale_form_deletes_nobody(self) -> None:
        ana = somebody()
        version = Customer.objects.get(pk=ana.pk).version
        rename(ana, "Ana Ruiz", actor=mina())
        with pytest.raises(Stale):
            delete(ana, actor=mina(), version=version)
        assert Customer.objects.get(pk=ana.pk).is_active

    def test_what_is_deleted_cannot_be_deleted_or_edited_and_what_is_not_cannot_be_restored(self) -> None:
        ana = somebody()
        with pytest.raises(NotDeleted, match="Not deleted"):
            restore(ana, actor=mina())
        delete(ana, actor=mina())
        with pytest.raises(NotActive, match="Deleted already"):
            delete(ana, actor=mina())
        with pytest.raises(NotActive):
            rename(ana, "Ana Ruiz", actor=mina())

    @pytest.mark.parametrize("state", ["purging", "gone"])
    def test_nobody_comes_back_from_a_permanent_deletion(self, state: str) -> None:
        ana = CustomerFactory()
        Customer.objects.filter(pk=ana.pk).update(state="purging", deleted_at=clock.now())
        ana.pk = 999_999 if state == "gone" else ana.pk
        with pytest.raises(NotDeleted, match="Being permanently deleted" if state == "purging" else "No longer there"):
            restore(ana, actor=mina())

    def test_the_day_it_goes_follows_the_schedule(self, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
        ana = somebody()
        assert deleting.due_at(ana) is None
        delete(ana, actor=mina())
        ana.refresh_from_db()
        assert ana.deleted_at is not None
        assert deleting.due_at(ana) == ana.deleted_at + timedelta(days=30)
        monkeypatch.setattr(schedules, "_answer", lambda kind: None)
        assert deleting.due_at(ana) is None


class TestMany:
    def test_the_others_are_deleted_and_who_is_not_is_named_with_the_reason(self) -> None:
        ana, bo, cy, di = (CustomerFactory() for _ in range(4))
        delete(bo, actor=STAFF)
        hold(cy, "Case 17", actor=STAFF)
        done = delete_many([di.pk, ana.pk, bo.pk, cy.pk, 999_999], actor=STAFF)
        assert done.changed == [ana.pk, di.pk]
        assert done.skipped == {
            bo.pk: "Deleted already", cy.pk: "On legal hold: Case 17", 999_999: "No longer there",
        }  # fmt: skip
        assert Entry.objects.get(pk=done.entry_id).facts == {"customers": 2}

    def test_undo_restores_those_that_this_deletion_deleted(self) -> None:
        ana, bo, cy = (CustomerFactory() for _ in range(3))
        delete(bo, actor=mina())
        done = delete_many([ana.pk, bo.pk, cy.pk], actor=mina())
        restore(cy, actor=mina())
        delete(cy, actor=mina())
        assert deleting.undo(done.entry_id, actor=STAFF).changed == []
        undone = deleting.undo(done.entry_id, actor=mina())
        assert (undone.changed, undone.skipped) == ([ana.pk], {cy.pk: "Deleted again since"})
        assert set(Customer.objects.active().values_list("pk", flat=True)) == {ana.pk}

    def test_nothing_changed_leaves_no_entry(self) -> None:
        ana = CustomerFactory()
        entries = Entry.objects.count()
        assert restore_many([ana.pk], actor=STAFF).entry_id == 0
        assert Entry.objects.count() == entries


class TestLegalHold:
    def test_it_is_named_and_nothing_happens(self) -> None:
        ana = somebody()
        hold(ana, "Case 17, ask Legal", actor=mina())
        before = rows_of(ana)
        with pytest.raises(Held, match="On legal hold: Case 17, ask Legal"):
            delete(ana, actor=mina())
        assert rows_of(ana) == before

    def test_lifted_with_a_reason_that_the_team_finds_on_the_profile(self) -> None:
        ana = somebody()
        hold(ana, "Case 17", actor=mina())
        lift(ana, "Case closed", actor=mina())
        note = ana.notes.latest("pk")
        assert (note.body, note.author.name) == ("Legal hold lifted: Case closed\nIt was: Case 17", "Mina Okafor")
        delete(ana, actor=mina())

    def test_an_account_on_hold_holds_its_customers(self) -> None:
        ana = somebody()
        account = ana.memberships.get().account
        account.legal_hold = "Audit"
        account.save()
        with pytest.raises(Held, match="The account Acme is on legal hold: Audit"):
            delete(ana, actor=mina())
        hold(ana, "Case 17", actor=mina())
        assert holds_on([ana.pk]) == {ana.pk: "On legal hold: Case 17"}

    def test_what_is_deleted_can_be_held_too(self) -> None:
        ana = somebody()
        delete(ana, actor=mina())
        hold(ana, "Case 17", actor=mina())
        restore(ana, actor=mina())
        assert Customer.objects.get(pk=ana.pk).legal_hold == "Case 17"

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\0b"])
    def test_a_reason_is_needed(self, reason: str) -> None:
        ana = CustomerFactory()
        with pytest.raises(ValidationError):
            hold(ana, reason, actor=mina())
        hold(ana, "Case 17", actor=mina())
        with pytest.raises(ValidationError):
            lift(ana, reason, actor=mina())
        assert Customer.objects.get(pk=ana.pk).legal_hold == "Case 17"

    def test_history_tells_of_it(self) -> None:
        ana = CustomerFactory()
        hold(ana, "Case 17", actor=mina())
        lift(ana, "Closed", actor=mina())
        assert {"customer.held", "customer.hold_lifted"} <= set(Entry.objects.values_list("verb", flat=True))


@pytest.mark.django_db(transaction=True)
class TestKilledAndRaced:
    def test_killed_at_every_statement_leaves_before_or_after(self) -> None:
        ana, bo = somebody(), CustomerFactory()

        def look() -> object:
            return rows_of(ana), rows_of(bo), Entry.objects.count(), Change.objects.count()

        assert at_every_statement(lambda: delete_many([ana.pk, bo.pk], actor=STAFF), look) > 4
        assert at_every_statement(lambda: restore_many([ana.pk, bo.pk], actor=STAFF), look) > 4

    def test_delete_and_restore_at_once_end_in_one_of_both(self) -> None:
        ana = somebody()
        for _ in range(8):
            outcomes = race(
                lambda: delete_many([ana.pk], actor=STAFF).changed, lambda: restore_many([ana.pk], actor=STAFF).changed,
                lambda: delete_many([ana.pk], actor=STAFF).changed,
            )  # fmt: skip
            assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            now = Customer.objects.get(pk=ana.pk)
            assert (now.state == "deleted") == (now.deleted_at is not None)
            restore_many([ana.pk], actor=STAFF)
        states = Change.objects.filter(row_id=ana.pk, table="customers_customer", after__has_key="state")
        told = list(states.order_by("pk").values_list("before__state", "after__state"))
        assert all(before != after for before, after in told)
        assert all(after == before for (_, after), (before, _) in pairwise(told))

    def test_a_hold_and_a_deletion_at_once_never_both_succeed(self) -> None:
        for _ in range(6):
            ana = CustomerFactory()
            held, deleted = race(
                lambda ana=ana: hold(ana, "Case 17", actor=STAFF), lambda ana=ana: delete(ana, actor=STAFF)
            )
            now = Customer.objects.get(pk=ana.pk)
            assert not isinstance(held, Exception)
            if isinstance(deleted, Held):
                assert now.is_active
            else:  # deleted first, and held as a deleted one: what was done before the hold stands
                assert (now.state, now.legal_hold) == ("deleted", "Case 17")
