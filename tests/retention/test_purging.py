"""Permanent deletion: claimed once, everything of the person gone, what stays stays without them."""

import csv
import io
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit.actor import Actor
from audit.models import Change, Entry, Source
from core import clock, jobs
from core.invariants import findings
from customers import editing, ledger, noting, segmenting, suppressing
from customers.deleting import NotDeleted, delete, delete_many, restore
from customers.holding import hold
from customers.identifying import identity
from customers.models import (
    BulkEdit,
    Customer,
    CustomerTag,
    Erasure,
    Identifier,
    Membership,
    Note,
    Segment,
    Suppression,
)
from customers.segment_counts import everybody_in
from engagement.models import Survey, SurveyResponse
from feedback.deleting import delete as delete_document
from feedback.linking import link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, receive
from integrations.importing.mapping import Plan
from integrations.importing.starting import plan_of_specs, upload
from integrations.importing.starting import start as start_import
from integrations.models import Import, RowError
from retention import purging
from retention.models import Purge
from tests.customers.people import mina, user
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory

pytestmark = pytest.mark.django_db
MINA = Actor(via="page", rank="staff")


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="Helpdesk", kind="feedback")


def sent(source: Source, number: int = 1, **said: Any) -> Document:
    author = said.pop("author", {"name": "Ana Ruiz", "email": "ana@ex.test", "phone": "+34 600 111 222"})
    said = {"title": f"Ana Ruiz asks {number}", "body": "Call Ana on 600 111 222, or ANA@ex.test."} | said
    incoming = Incoming(external_id=f"z-{number}", author=author, **said)
    return receive(incoming, source=source, actor=Actor.of_source(source, via="intake")).document


def purge(*customers: Customer, **options: Any) -> Purge:
    """Deletes these customers and then permanently, in this process."""
    delete_many([customer.pk for customer in customers], actor=mina())
    return run(purging.start([customer.pk for customer in customers], actor=mina(), **options))


def run(job: Purge) -> Purge:
    jobs.run(Purge, job.pk)
    job.refresh_from_db()
    return job


def ana(source: Source) -> Customer:
    document = sent(source)
    customer = document.customer
    assert customer is not None
    editing.rename(customer, "Ana María Ruiz", actor=mina())
    noting.add_note(customer, "Prefers mornings", actor=mina())
    Membership.objects.create(customer=customer, account=AccountFactory(), primary=True)
    survey = Survey.objects.create(name="NPS", kind="nps")
    SurveyResponse.objects.create(
        survey=survey, customer=customer, document=document, score=9, comment="Ana loves it", answered_at=clock.now()
    )
    return customer


def test_everything_of_the_person_goes_and_scores_stay_without_them(source: Source) -> None:
    customer = ana(source)
    job = purge(customer)
    assert (job.status, job.deleted_count, job.skipped_count) == ("done", 1, 0)
    assert not Customer.objects.exists()
    assert not Identifier.objects.exists()
    assert not Membership.objects.exists()
    assert not Note.objects.exists()
    assert not Document.objects.exists()
    response = SurveyResponse.objects.get()
    assert (response.customer, response.document, response.comment, response.score) == (None, None, "", 9)
    assert job.counts["documents_deleted"] == 1
    assert set(Suppression.objects.values_list("kind", flat=True)) == {"email", "phone"}
    changes = Change.objects.of("customer", customer.pk)
    values = [value for change in changes for _, *pair in change.fields() for value in pair]
    assert "ana@ex.test" not in str(values)
    assert "Ruiz" not in str(values)
    assert [finding.line for finding in findings() if finding.broken] == []


def test_documents_can_be_kept_without_the_person(source: Source) -> None:
    customer = ana(source)
    purge(customer, documents="anonymise")
    document = Document.objects.get()
    assert (document.title, document.body) == ("[removed] asks 1", "Call [removed] on [removed], or [removed].")
    assert (document.author, document.author_email, document.customer, document.link) == ({}, "", None, "none")
    assert document.anonymised_at is not None
    assert document.content_digest is None
    assert sent(source).title == "[removed] asks 1", "the same again brings nothing back"
    assert not Customer.objects.exists()


def test_history_keeps_who_did_what_when_to_which_number(source: Source) -> None:
    customer = ana(source)
    renamed = Entry.objects.get(verb="customer.renamed")
    before = Change.objects.filter(entry=renamed).values_list("row_id", "operation").get()
    purge(customer)
    after = Change.objects.get(entry=renamed)
    assert (after.row_id, after.operation) == before
    assert set(after.after or {}) >= {"name"}
    assert (after.after or {})["name"] is None
    assert Entry.objects.filter(pk=renamed.pk, subject_id=customer.pk).exists()
    assert Entry.objects.filter(verb="customer.purged", subject_id=customer.pk).exists()


def test_only_what_is_deleted_can_be_purged() -> None:
    bo = CustomerFactory(name="Bo")
    job = run(purging.start([bo.pk, 9_999_999], actor=MINA))
    assert (job.status, job.deleted_count) == ("done", 0)
    assert job.skipped_why == [[bo.pk, "Not deleted"], [9_999_999, "No longer there"]]
    bo.refresh_from_db()
    assert bo.is_active


def test_a_legal_hold_put_on_after_the_start_still_holds() -> None:
    bo = CustomerFactory(name="Bo", email="bo@ex.test")
    delete(bo, actor=MINA)
    job = purging.start([bo.pk], actor=MINA)
    hold(bo, "Case 17", actor=MINA)
    run(job)
    assert job.skipped_why == [[bo.pk, "On legal hold: Case 17"]]
    assert Customer.objects.get().state == "deleted"
    assert not Suppression.objects.exists()


def test_feedback_in_an_account_on_hold_holds_its_author() -> None:
    account = AccountFactory(name="Ex Ltd")
    bo = CustomerFactory(name="Bo")
    DocumentFactory(customer=bo, account=account)
    delete(bo, actor=MINA)
    type(account).objects.update(legal_hold="Audit")
    job = run(purging.start([bo.pk], actor=MINA))
    assert job.skipped_why == [[bo.pk, "The account Ex Ltd is on legal hold: Audit"]]


def test_who_is_claimed_cannot_be_restored() -> None:
    bo = CustomerFactory(name="Bo", email="bo@ex.test")
    delete(bo, actor=MINA)
    job = purging.start([bo.pk], actor=MINA)
    claimed = jobs.one_batch(Purge.claim(job.pk, clock.now()))  # type: ignore[arg-type]
    assert claimed
    with pytest.raises(NotDeleted):
        restore(bo, actor=MINA)


def test_a_phone_that_somebody_shares_is_not_suppressed(source: Source) -> None:
    bo = CustomerFactory(name="Bo", phone="+34600111222")
    purge(CustomerFactory(name="Ana", email="ana@ex.test", phone="+34600111222"))
    assert list(Suppression.objects.values_list("kind", flat=True)) == ["email"]
    assert sent(source, author={"phone": "+34 600 111 222"}).customer == bo


def test_re_import_can_be_allowed(source: Source) -> None:
    purge(ana(source), suppress=False)
    assert not Suppression.objects.exists()
    assert sent(source, 2).customer is not None


def test_merged_records_go_with_who_took_them_in() -> None:
    ana = CustomerFactory(name="Ana", email="ana@ex.test")
    old = CustomerFactory(name="Anita Altes")
    Customer.objects.filter(pk=old.pk).update(state="merged", merged_into=ana)
    paper = DocumentFactory(customer=ana, title="Anita wrote")
    purge(ana, documents="anonymise")
    paper.refresh_from_db()
    assert paper.title == "[removed] wrote"
    assert not Customer.objects.exists()


def test_what_they_wrote_and_staff_took_from_them_is_anonymised_too(source: Source) -> None:
    document = sent(source)
    customer = document.customer
    assert customer is not None
    unlink(document, actor=MINA)
    other, bo = sent(source, 2), CustomerFactory(name="Bo")
    link(other, bo, actor=MINA)
    job = purge(customer)
    assert job.counts["other_documents_anonymised"] == 2
    for paper, owner in ((document, None), (other, bo)):
        paper.refresh_from_db()
        assert (paper.author, paper.author_email, paper.customer) == ({}, "", owner)
        assert "Ruiz" not in paper.title


def test_what_another_has_by_now_is_theirs(source: Source) -> None:
    customer = ana(source)
    editing.remove_identifier(customer.identifiers.get(kind="email"), actor=MINA)
    bo = CustomerFactory(name="Bo", email="ana@ex.test")
    paper = DocumentFactory(customer=bo, title="From ana@ex.test", author={"email": "ana@ex.test"})
    purge(customer)
    paper.refresh_from_db()
    assert (paper.title, paper.author) == ("From ana@ex.test", {"email": "ana@ex.test"})
    assert bo.identifiers.filter(normalized="ana@ex.test").exists()


def test_rows_that_an_import_left_out_lose_what_named_them(source: Source) -> None:
    customer = ana(source)
    text = io.StringIO()
    csv.writer(text).writerows(
        [["ID", "Mail", "T", "When"], ["1", "ANA@ex.test", "x", "soon"], ["2", "bo@ex.test", "y", "soon"]]
    )
    job = upload(io.BytesIO(text.getvalue().encode()), "t.csv", user=None, actor=MINA)
    specs = plan_of_specs(("external_id=ID", "author.email=Mail", "title=T", "occurred_at=When"), base=Plan())
    specs.source = "Tickets"
    assert start_import(job, specs, actor=MINA)
    jobs.run(Import, job.pk)
    purge(customer)
    assert [error.cells for error in RowError.objects.order_by("row")] == [[], ["2", "bo@ex.test", "y", "soon"]]
    job.refresh_from_db()
    assert job.layout["samples"] == {}


def test_many_go_in_batches_and_a_long_history_in_several(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)
    monkeypatch.setattr(purging, "DOCUMENTS", 3)
    people = [CustomerFactory(name=f"Person Number{number}", email=f"p{number}@ex.test") for number in range(5)]
    for customer in people:
        for _ in range(4):
            DocumentFactory(customer=customer, title=f"{customer.name} wrote to {customer.primary_email}")
    job = purge(*people, documents="anonymise")
    assert (job.status, job.deleted_count, job.counts["documents_anonymised"]) == ("done", 5, 20)
    assert {title.split()[-1] for title in Document.objects.values_list("title", flat=True)} == {"[removed]"}
    assert not Erasure.objects.exclude(known=None).exists()
    assert Suppression.objects.count() == 5


def test_somebody_with_more_identifiers_than_one_transaction_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "LOCKS_LIMIT", 3)
    people = [
        CustomerFactory(name="Ana", email=[f"a{number}@ex.test" for number in range(7)]),
        CustomerFactory(name="Bo", email="bo@ex.test"),
    ]
    job = purge(*people)
    assert (job.status, job.deleted_count, Suppression.objects.count()) == ("done", 2, 8)


def test_documents_alone_are_purged_when_they_are_deleted() -> None:
    gone, stays = DocumentFactory(title="Gone"), DocumentFactory(title="Stays")
    delete_document(gone, actor=MINA)
    job = run(purging.start([gone.pk, stays.pk], actor=MINA, subject="document"))
    assert (job.deleted_count, job.skipped_why) == (1, [[stays.pk, "Not deleted"]])
    assert list(Document.objects.all()) == [stays]


def test_the_ledger_names_each_customer_once_and_nothing_personal(source: Source) -> None:
    customer = ana(source)
    purge(customer)
    [line] = ledger.entries()
    assert isinstance(line, ledger.Erased)
    assert (line.customer_id, line.documents, len(line.suppressed)) == (customer.pk, "delete", 2)
    assert str(Erasure.objects.get().token) == line.token
    assert "ana" not in ledger.path().read_text().lower().replace("anonymise", "")


def test_a_restored_backup_is_erased_again_before_anything_is_taken_in(source: Source) -> None:
    purge(ana(source))
    ledger_text = ledger.path().read_text()
    [line] = ledger.entries()
    # The database as it was before
    Suppression.objects.all().delete()
    Erasure.objects.all().delete()
    old = CustomerFactory(pk=line.customer_id, name="Ana Ruiz", email="ana@ex.test")  # type: ignore[union-attr]
    Customer.objects.filter(pk=old.pk).update(created_at=line.made_at)  # type: ignore[union-attr]
    stranger = CustomerFactory(name="Bo", email="bo@ex.test")
    call_command("replay_erasures")
    assert list(Customer.objects.all()) == [stranger]
    assert Suppression.objects.filter(kind="email").count() == 1
    assert ledger.path().read_text().startswith(ledger_text)
    assert sent(source).customer is None
    call_command("replay_erasures")
    assert list(Customer.objects.exclude(pk=stranger.pk)) == []


def test_what_an_admin_lifted_stays_lifted_when_erasures_are_done_again(source: Source) -> None:
    purge(ana(source))
    suppressing.lift("email", "ana@ex.test", actor=mina())
    Suppression.objects.all().delete()
    Erasure.objects.all().delete()
    call_command("replay_erasures")
    assert list(Suppression.objects.values_list("kind", flat=True)) == ["phone"]


def test_a_number_that_somebody_else_has_by_now_is_not_erased_again(source: Source) -> None:
    ledger.append([ledger.Erased(str(uuid.uuid4()), 4711, "2020-01-01T00:00:00+00:00", "2026-01-01", "delete")])
    bo = CustomerFactory(pk=4711, name="Bo", email="bo@ex.test")
    call_command("replay_erasures")
    assert Customer.objects.get() == bo
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_erasure")
        assert cursor.fetchone()[0] == 1


def test_documents_deleted_by_themselves_do_not_come_back_with_a_backup(source: Source) -> None:
    gone, stays = (DocumentFactory(title=title) for title in ("Private", "Of the same number"))
    for document in (gone, stays):
        delete_document(document, actor=mina())
    run(purging.start([gone.pk, stays.pk], actor=MINA, subject="document"))
    [line] = ledger.entries()
    assert isinstance(line, ledger.ErasedDocuments)
    assert line.documents == [[one.pk, one.received_at.isoformat()] for one in (gone, stays)]
    assert "private" not in ledger.path().read_text().lower()
    # The database as it was before, but that somebody else's document has the number of one of them
    back = DocumentFactory(pk=gone.pk, title="Private")
    Document.objects.filter(pk=back.pk).update(received_at=gone.received_at)
    other = DocumentFactory(pk=stays.pk, title="Another")
    assert suppressing.intake_problem() == ""
    call_command("replay_erasures")
    assert list(Document.objects.all()) == [other]
    receipt = Purge.objects.latest("pk")
    assert (receipt.reason, receipt.status, receipt.deleted_count) == ("replay", "done", 1)
    call_command("replay_erasures")
    assert Purge.objects.latest("pk") == receipt


@pytest.mark.parametrize("under_way", [True, False])
def test_a_bulk_change_goes_on_without_the_search_that_named_them(source: Source, under_way: bool) -> None:
    customer = ana(source)
    others = [CustomerFactory(name=f"Ana Ruiz {number}") for number in range(3)]
    delete_many([customer.pk], actor=mina())
    facts = {"actor": user("support"), "action": "add_tag", "tag_name": "vip", "query": "q=ana+ruiz", "filter_count": 1}
    job = BulkEdit.objects.create(**facts, after_id=others[0].pk, done=1)
    if not under_way:
        BulkEdit.objects.filter(pk=job.pk).update(status="failed")
    run(purging.start([customer.pk], actor=mina()))
    job.refresh_from_db()
    if not under_way:
        assert (job.query, job.ids) == ("", [])
        return
    assert (job.query, job.total) == (None, 3)
    jobs.run(BulkEdit, job.pk)
    job.refresh_from_db()
    assert (job.status, job.done, job.changed, job.skipped) == ("done", 3, 2, 0)
    assert set(CustomerTag.objects.values_list("customer_id", flat=True)) == {one.pk for one in others[1:]}


def test_an_email_that_was_removed_before_is_blanked_and_may_be_somebody_elses(source: Source) -> None:
    customer = ana(source)
    old = editing.add_identifier(customer, "email", "shared@ex.test", actor=mina())
    editing.remove_identifier(old, actor=mina())
    purge(customer)
    assert not suppressing.among([identity("email", "shared@ex.test")])
    assert suppressing.among([identity("email", "ana@ex.test")])
    assert not Change.objects.filter(before__icontains="shared@ex.test").exists()
    bo = sent(source, 9, author={"email": "shared@ex.test"}).customer
    assert bo is not None


def test_a_saved_filter_that_named_them_is_emptied_and_finds_nobody(source: Source) -> None:
    customer = ana(source)
    CustomerFactory(name="Ana Ruiz 2")
    DefinitionFactory(key="contact")
    naming = segmenting.create("Searched", "q=ana+ruiz", actor=mina())
    by_mail = segmenting.create("By mail", "p.contact=is%3Aana%40ex.test", actor=mina())
    other = segmenting.create("Silent", "feedback=no", actor=mina())
    purge(customer)
    assert [Segment.objects.get(pk=one.pk).query for one in (naming, by_mail, other)] == ["", "", "feedback=no"]
    assert not everybody_in(naming, clock.now()).exists()
    assert not Change.objects.filter(table="customers_segment", after__query__icontains="ana").exists()
    assert not Change.objects.filter(table="customers_segment", before__query__icontains="ana").exists()
