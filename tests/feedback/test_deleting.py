"""Deleted documents keep everything; deleted customers keep what arrives."""

import pytest

from audit.models import Change, Entry
from customers import deleting as customers_deleting
from customers.deleting import NotDeleted
from customers.holding import Held, hold
from customers.models import Customer
from feedback.deleting import NotActive, delete, delete_many, due_at, restore, restore_many, undo
from feedback.linking import link
from feedback.models import Document, DocumentTag
from tests.customers.people import STAFF, mina
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory, TagFactory
from tests.feedback.test_races import intake, race
from tests.killing import at_every_statement

pytestmark = pytest.mark.django_db


def stored(*papers: Document) -> list[dict[str, object]]:
    rows = Document.objects.filter(pk__in=[paper.pk for paper in papers]).order_by("pk").values()
    return [{name: value for name, value in row.items() if name != "updated_at"} for row in rows]


def figures(customer: Customer) -> dict[str, object]:
    kept = ("feedback_count", "first_seen_at", "last_seen_at", "channels", "source_ids")
    return Customer.objects.filter(pk=customer.pk).values(*kept).get()


def test_restore_brings_back_exactly_what_was_there() -> None:
    ana = CustomerFactory()
    paper = DocumentFactory(customer=ana, account=AccountFactory())
    DocumentFactory(customer=ana, channel="chat")
    DocumentTag.objects.create(document=paper, tag=TagFactory())
    before, counted = stored(paper), figures(ana)
    delete(paper, actor=mina())
    assert (figures(ana)["feedback_count"], figures(ana)["channels"]) == (1, ["chat"])
    paper.refresh_from_db()
    assert (paper.state, due_at(paper) is not None) == ("deleted", True)
    restore(paper, actor=mina())
    assert (stored(paper), figures(ana)) == (before, counted)
    verbs = Entry.objects.filter(subject_type="document", subject_id=paper.pk).values_list("verb", flat=True)
    assert {"document.deleted", "document.restored"} <= set(verbs)


def test_what_cannot_be_done_says_why() -> None:
    paper = DocumentFactory()
    with pytest.raises(NotDeleted, match="Not deleted"):
        restore(paper, actor=mina())
    delete(paper, actor=mina())
    with pytest.raises(NotActive, match="Deleted already"):
        delete(paper, actor=mina())


def test_a_hold_on_the_customer_or_the_account_holds_their_documents() -> None:
    ana = CustomerFactory()
    hold(ana, "Case 17", actor=mina())
    of_ana = DocumentFactory(customer=ana)
    of_acme = DocumentFactory(account=AccountFactory(name="Acme", legal_hold="Audit"))
    free = DocumentFactory()
    with pytest.raises(Held, match="On legal hold: Case 17"):
        delete(of_ana, actor=mina())
    done = delete_many([of_ana.pk, of_acme.pk, free.pk], actor=mina())
    assert done.changed == [free.pk]
    assert done.skipped[of_acme.pk] == "The account Acme is on legal hold: Audit"


def test_undo_restores_what_this_deletion_deleted() -> None:
    one, two = DocumentFactory(), DocumentFactory()
    done = delete_many([one.pk, two.pk], actor=mina())
    restore(two, actor=mina())
    assert undo(done.entry_id, actor=STAFF).changed == []
    assert undo(done.entry_id, actor=mina()).changed == [one.pk]


def test_feedback_for_a_deleted_customer_is_kept_with_it_and_is_there_once_restored() -> None:
    intake("ana@ex.test")()
    ana = Customer.objects.get()
    customers_deleting.delete(ana, actor=STAFF)
    again = intake("ana@ex.test", 1)()
    assert again.status == "created"  # type: ignore[attr-defined]
    now = Customer.objects.get()
    assert (now.state, now.feedback_count) == ("deleted", 2)
    customers_deleting.restore(ana, actor=STAFF)
    assert Customer.objects.active().get().feedback_count == 2


@pytest.mark.django_db(transaction=True)
class TestKilledAndRaced:
    def test_killed_at_every_statement_leaves_before_or_after(self) -> None:
        ana = CustomerFactory()
        papers = [DocumentFactory(customer=ana), DocumentFactory()]
        ids = [paper.pk for paper in papers]

        def look() -> object:
            return stored(*papers), figures(ana), Entry.objects.count(), Change.objects.count()

        assert at_every_statement(lambda: delete_many(ids, actor=STAFF), look) > 4
        assert at_every_statement(lambda: restore_many(ids, actor=STAFF), look) > 4

    def test_intake_while_its_customer_is_deleted_is_kept_and_wakes_nobody(self) -> None:
        for round_ in range(8):
            email = f"ana{round_}@ex.test"
            intake(email)()
            ana = Customer.objects.get(primary_email=email)
            outcomes = race(
                intake(email, 1), lambda ana=ana: customers_deleting.delete(ana, actor=STAFF), intake(email, 2)
            )
            assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            ana.refresh_from_db()
            assert (ana.state, ana.feedback_count, ana.documents.count()) == ("deleted", 3, 3)

    def test_intake_while_its_customer_is_restored_is_kept(self) -> None:
        for round_ in range(8):
            email = f"ana{round_}@ex.test"
            intake(email)()
            ana = Customer.objects.get(primary_email=email)
            customers_deleting.delete(ana, actor=STAFF)
            outcomes = race(intake(email, 1), lambda ana=ana: customers_deleting.restore(ana, actor=STAFF))
            assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            ana.refresh_from_db()
            assert (ana.state, ana.feedback_count) == ("active", 2)

    def test_links_and_deletions_at_once_leave_true_counts(self) -> None:
        people = [CustomerFactory() for _ in range(2)]
        papers = [DocumentFactory(customer=people[0]) for _ in range(3)]
        ids = [paper.pk for paper in papers]
        for _ in range(4):
            outcomes = race(
                lambda: link(papers[0], people[1], actor=STAFF), lambda: delete_many(ids, actor=STAFF),
                lambda: restore_many(ids, actor=STAFF), lambda: link(papers[0], people[0], actor=STAFF),
            )  # fmt: skip
            assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            for person in Customer.objects.all():
                assert person.feedback_count == person.documents.active().count()
