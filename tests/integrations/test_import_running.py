"""Imports at work: rows come in once, whatever happens to the worker, and a wrong row stops no other."""

import csv
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from audit.actor import Actor
from audit.models import Change, Entry, Source
from core import clock, jobs
from customers import editing
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer, DuplicateCandidate
from engagement.models import SurveyResponse
from feedback.linking import link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, receive
from integrations.importing import running
from integrations.importing.forgetting import forget_files
from integrations.importing.keeping import FileProblem
from integrations.importing.kinds import documents
from integrations.importing.mapping import Plan
from integrations.importing.previewing import preview
from integrations.importing.reporting import error_lines
from integrations.importing.starting import plan_of_specs, start, upload
from integrations.models import Import
from properties.models import Definition

STAFF = Actor(via="page", rank="staff")
HEAD = [
    "Ticket ID", "Customer Name", "Customer Email", "Customer Age", "Customer Gender", "Product Purchased",
    "Date of Purchase", "Ticket Type", "Ticket Subject", "Ticket Description", "Ticket Status", "Resolution",
    "Ticket Priority", "Ticket Channel", "First Response Time", "Time to Resolution", "Customer Satisfaction Rating",
]  # fmt: skip
REAL = Path(django_settings.BASE_DIR).parent / "shared/data/customer_support_tickets.csv"


def tickets(number: int, *, first: int = 1, email: Callable[[int], str] = lambda n: f"person{n}@example.com") -> str:
    """A file in the shape of the public support tickets."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for n in range(first, first + number):
        closed = n % 3 == 0
        writer.writerow([
            n, f"Person {n}", email(n), 18 + n % 53, ["Other", "Female", "Male"][n % 3],
            ["GoPro Hero", "LG Smart TV"][n % 2],
            f"2021-03-{1 + n % 28:02d}", "Technical issue", f"Product setup {n}",
            f"I'm having an issue with the product.\n\nYour billing zip code is: {n}.", "Closed" if closed else "Open",
            "It is solved." if closed else "", ["Low", "Critical"][n % 2],
            ["Social media", "Chat", "Email", "Phone"][n % 4],
            "2023-06-01 12:15:36" if n % 5 else "", "2023-06-01 18:05:38" if closed else "",
            f"{1 + n % 5}.0" if closed else "",
        ])  # fmt: skip
    return out.getvalue()


def uploaded(text: str, name: str = "tickets.csv") -> Import:
    return upload(io.BytesIO(text.encode()), name, user=None, actor=STAFF)


def imported(text: str, *specs: str, name: str = "tickets.csv", source: str = "Tickets", **plan: Any) -> Import:
    """The file imported to its end by this process; with a guessed mapping unless `specs` say another."""
    job = started(text, *specs, name=name, source=source, **plan)
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    return job


def started(text: str, *specs: str, name: str = "tickets.csv", source: str = "Tickets", **plan: Any) -> Import:
    job = uploaded(text, name)
    chosen = plan_of_specs(specs, base=Plan(**plan) if specs else Plan.of_json(job.plan))
    chosen.source = source
    assert start(job, chosen, actor=STAFF)
    return job


def counts(job: Import) -> tuple[int, int, int, int]:
    return job.created_count, job.updated_count, job.unchanged_count, job.failed_count


@pytest.mark.django_db
def test_tickets_become_documents_and_their_authors_customers() -> None:
    job = imported(tickets(60))
    assert (job.status, counts(job), job.done) == ("done", (60, 0, 0, 0), 60)
    seven = Document.objects.get(external_id="7")
    assert (seven.title, seven.channel, seven.status, seven.source.name) == (
        "Product setup 7",
        "voice",
        "Open",
        "Tickets",
    )  # type: ignore[union-attr]
    assert seven.body.startswith("I'm having an issue with the product.\n\nYour billing")
    assert seven.occurred_at.isoformat() == "2023-06-01T12:15:36+00:00"
    person = seven.customer
    assert person is not None
    assert (person.name, person.primary_email, person.feedback_count) == ("Person 7", "person7@example.com", 1)
    assert person.properties == {
        "age": [25], "gender": ["Female"], "product_purchased": ["LG Smart TV"], "date_of_purchase": ["2021-03-08"],
    }  # fmt: skip
    assert person.provenance["age"]["by"] == "sync"
    types = dict(Definition.objects.values_list("key", "type"))
    assert types == {"age": "number", "gender": "choice", "product_purchased": "choice", "date_of_purchase": "date"}
    assert Definition.objects.get(key="gender").choices == ["Female", "Male", "Other"]
    rating = SurveyResponse.objects.get(document__external_id="6")
    assert (rating.survey.name, rating.survey.kind, rating.score) == ("Satisfaction rating", "csat", 2)
    assert rating.customer == Document.objects.get(external_id="6").customer
    assert SurveyResponse.objects.count() == 20


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing() -> None:
    imported(tickets(30))
    changes = Change.objects.count()
    entries = Entry.objects.filter(verb="import.batch").count()
    again = imported(tickets(30), name="renamed.csv")
    assert counts(again) == (0, 0, 30, 0)
    assert Change.objects.count() == changes
    assert Entry.objects.filter(verb="import.batch").count() == entries


@pytest.mark.django_db
def test_a_changed_row_updates_its_document_and_a_changed_score_its_response() -> None:
    imported(tickets(9))
    assert SurveyResponse.objects.get(document__external_id="3").score == 4
    again = imported(tickets(9).replace("Product setup 2", "Product broken 2").replace("18:05:38,4.0", "18:05:38,2.0"))
    assert counts(again) == (0, 2, 7, 0)
    assert SurveyResponse.objects.get(document__external_id="3").score == 2
    assert Document.objects.get(external_id="2").title == "Product broken 2"
    assert (Document.objects.count(), SurveyResponse.objects.count()) == (9, 3)


@pytest.mark.django_db
def test_each_batch_leaves_one_audit_entry_that_names_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 20)
    job = imported(tickets(45))
    entries = Entry.objects.filter(verb="import.batch").order_by("id")
    assert [(entry.subject_id, entry.facts["import_id"], entry.facts["rows"]) for entry in entries] == [
        (job.pk, job.pk, 20), (job.pk, job.pk, 20), (job.pk, job.pk, 5),
    ]  # fmt: skip
    assert Entry.objects.filter(verb="import.finished").get().facts["created"] == 45
    assert {entry.source_id for entry in entries} == {job.source_id}


@pytest.mark.django_db
def test_wrong_rows_are_told_and_stop_no_other() -> None:
    text = (
        "ID,Mail,Title,When,Age\n1,ana@ex.test,Fails,2026-01-01,31\n2,not an email,Why,soon,32\n"
        "3,bo@ex.test,Slow,,old\n4,x\n5,,Nice,,\n"
    )
    specs = ("external_id=ID", "author.email=Mail", "title=Title", "occurred_at=When", "property.age:number=Age")
    job = imported(text, *specs)
    assert (job.status, counts(job)) == ("done", (2, 0, 0, 3))
    assert [(error.row, error.column, error.message[:30]) for error in job.errors.all()] == [
        (3, "When", "Must be a time, such as 2026-0"),
        (4, "Age", "Must be a number, such as 12 o"),
        (5, "", "Has 2 cells where the first ro"),
    ]
    assert not Customer.objects.filter(primary_email="bo@ex.test").exists()
    assert set(Document.objects.values_list("external_id", flat=True)) == {"1", "5"}


@pytest.mark.django_db
def test_what_is_wrong_with_an_author_names_the_column() -> None:
    job = imported("ID,Mail,T\n1,nobody,x\n", "external_id=ID", "author.email=Mail", "title=T")
    assert [(error.column, error.message) for error in job.errors.all()] == [
        ("Mail", "Must be an email address, such as name@company.com.")
    ]


@pytest.mark.django_db
def test_rows_left_out_can_be_downloaded_corrected_and_imported() -> None:
    specs = ("external_id=ID", "author.phone=Phone", "title=T", "occurred_at=When")
    job = imported("ID,Phone,T,When\n1,+34600111222,=SUM(A1),soon\n2,'+34600111333,Fine,\n", *specs)
    assert Document.objects.get().author["phone"] == "+34600111333"
    text = "".join(error_lines(job)).removeprefix("\ufeff")
    [head, row] = csv.reader(io.StringIO(text))
    assert (head, row[0], row[2:]) == (
        ["Row", "Error", "ID", "Phone", "T", "When"],
        "2",
        ["1", "'+34600111222", "'=SUM(A1)", "soon"],
    )
    again = imported(text.replace("soon", "2026-01-01"), *specs)
    assert counts(again) == (1, 0, 0, 0)
    assert Document.objects.get(external_id="1").title == "=SUM(A1)"


@pytest.mark.django_db
def test_authors_are_matched_and_staff_keep_the_last_word() -> None:
    ana = create(draft_of(name="Ana Ruiz", identities=identities([("email", "ANA@ex.test")])), actor=STAFF)
    editing.set_property(ana, "plan", ["Scale"], actor=STAFF)
    specs = ("external_id=ID", "author.email=Mail", "author.name=Name", "title=T", "property.plan=Plan")
    text = "ID,Mail,Name,T,Plan\n1,ana@ex.test,ana,x,Pro\n2,ana@ex.test,ana,y,Pro\n"
    imported(text, *specs)
    ana.refresh_from_db()
    assert (ana.name, ana.properties, ana.feedback_count) == ("Ana Ruiz", {"plan": ["Scale"]}, 2)
    bo = create(draft_of(name="Bo", identities=identities([("email", "bo@ex.test")])), actor=STAFF)
    link(Document.objects.get(external_id="1"), bo, actor=STAFF)
    unlink(Document.objects.get(external_id="2"), actor=STAFF)
    job = imported(text.replace(",x,", ",x again,").replace(",y,", ",y again,"), *specs)
    assert counts(job) == (0, 2, 0, 0)
    owners = dict(Document.objects.values_list("external_id", "customer__name"))
    assert owners == {"1": "Bo", "2": None}


@pytest.mark.django_db
def test_an_author_whose_details_point_at_two_people_becomes_a_duplicate_candidate() -> None:
    create(draft_of(identities=identities([("user_id", "p-1")])), actor=STAFF)
    create(draft_of(identities=identities([("email", "bo@ex.test")])), actor=STAFF)
    imported("U,Mail,T\np-1,bo@ex.test,x\n", "author.user_id=U", "author.email=Mail", "title=T")
    assert DuplicateCandidate.objects.count() == 1


@pytest.mark.django_db
def test_identical_rows_without_an_id_are_one_document() -> None:
    job = imported("Name,T\nAna,x\nAna,x\nBo,x\n", "author.name=Name", "title=T")
    assert (counts(job), Document.objects.count()) == ((2, 0, 1, 0), 2)


@pytest.mark.django_db
def test_what_the_database_refuses_is_left_out_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    real = documents.receive

    def refuse(incoming: Incoming, **options: Any) -> Any:
        received = real(incoming, **options)
        if incoming.external_id == "4":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        return received

    def refuse_all(*args: Any, **options: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")

    monkeypatch.setattr(documents, "receive", refuse)
    monkeypatch.setattr(documents, "receive_many", refuse_all)
    job = imported(tickets(8))
    assert counts(job) == (7, 0, 0, 1)
    assert job.errors.get().row == 5
    assert "database refused this row" in job.errors.get().message


@pytest.mark.django_db
def test_fast_and_careful_batches_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def state() -> list[Any]:
        columns = ("external_id", "title", "channel", "customer__name", "customer__properties", "status")
        scores = SurveyResponse.objects.values_list("document__external_id", "score", "customer__name")
        return [sorted(map(repr, Document.objects.values_list(*columns))), sorted(scores)]

    found = []
    for careful in (False, True):
        with transaction.atomic():
            if careful:
                monkeypatch.setattr(running, "_CAREFUL_FROM", 0)
            job = imported(tickets(25))
            found.append((counts(job), state()))
            transaction.set_rollback(True)
    assert found[0] == found[1]


@pytest.mark.django_db
def test_a_preview_says_what_would_happen_and_changes_nothing() -> None:
    imported(tickets(5))
    before = Document.objects.count(), Customer.objects.count(), Definition.objects.count(), Change.objects.count()
    job = uploaded(tickets(20).replace("Product setup 3", "Other words").replace("person9@example.com", "nobody"))
    plan = plan_of_specs(["property.city=Product Purchased"], base=Plan.of_json(job.plan))
    plan.source = "Tickets"
    found = preview(job, plan)
    assert (found.rows, found.created, found.updated, found.unchanged, found.failed) == (20, 14, 5, 0, 1)
    assert (found.new_customers, found.known_customers) == (14, 5)
    assert [definition.key for definition in found.definitions] == ["city"]
    assert [(number, fault.column) for number, fault in found.errors] == [(10, "Customer Email")]
    assert (found.shown[5].customer, found.shown[5].is_new, found.shown[0].is_new) == ("Person 6", True, False)
    after = Document.objects.count(), Customer.objects.count(), Definition.objects.count(), Change.objects.count()
    assert after == before


@pytest.mark.django_db
def test_a_file_that_is_refused_leaves_nothing_behind() -> None:
    with pytest.raises(FileProblem):
        uploaded("a,b\n")
    assert not Import.objects.exists()
    assert not list((Path(django_settings.MEDIA_ROOT) / "imports").glob("*"))


@pytest.mark.django_db
def test_a_draft_is_nothing_that_a_worker_takes() -> None:
    job = uploaded(tickets(3))
    jobs.sweep(clock.now())
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    assert (job.status, job.is_finished, Document.objects.count()) == ("draft", False, 0)


@pytest.mark.django_db
def test_an_import_is_started_once() -> None:
    job = started(tickets(3))
    assert not start(job, Plan.of_json(job.plan), actor=STAFF)


@pytest.mark.django_db
def test_a_cancelled_import_keeps_what_came_in_and_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 4)
    job = started(tickets(12))
    claimed = Import.claim(job.pk, clock.now())
    assert claimed is not None
    assert jobs.one_batch(claimed)
    assert job.cancel(clock.now())
    with pytest.raises(jobs.LeaseLost):
        jobs.one_batch(claimed)
    job.refresh_from_db()
    assert (job.status, job.done, Document.objects.count()) == ("cancelled", 4, 4)


@pytest.mark.django_db
def test_a_worker_that_was_given_up_for_dead_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 4)
    job = started(tickets(12))
    first = Import.claim(job.pk, clock.now())
    assert first is not None
    assert jobs.one_batch(first)
    later = clock.now() + timedelta(seconds=jobs.LEASE_SECONDS + 1)
    second = Import.claim(job.pk, later)
    assert second is not None
    with pytest.raises(jobs.LeaseLost):
        jobs.one_batch(first)
    assert Document.objects.count() == 4
    while jobs.one_batch(second):
        pass
    job.refresh_from_db()
    assert (job.status, job.done, Document.objects.count(), counts(job)) == ("done", 12, 12, (12, 0, 0, 0))


@pytest.mark.django_db
def test_a_missing_file_ends_the_import_with_a_reason() -> None:
    job = started(tickets(3))
    job.path.unlink()
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    assert job.status == "failed"
    assert "Upload it again" in job.error


@pytest.mark.django_db
def test_files_and_samples_go_a_day_after_the_end_and_errors_stay() -> None:
    job = imported(tickets(3).replace("person2@example.com", "nobody"))
    draft = uploaded(tickets(3))
    assert forget_files(clock.now()) == 0
    assert forget_files(clock.now() + timedelta(hours=25)) == 2
    job.refresh_from_db()
    assert not job.path.exists()
    assert not draft.path.exists()
    assert (job.layout["samples"], job.errors.count(), Import.objects.count()) == ({}, 1, 1)
    assert forget_files(clock.now() + timedelta(hours=50)) == 0


@pytest.mark.django_db(transaction=True)
def test_intake_of_the_same_people_at_the_same_time_makes_each_of_them_once() -> None:
    job = started(tickets(120))
    inbox = Source.objects.create(name="Inbox", kind="feedback")
    problems: list[BaseException] = []

    def intake() -> None:
        try:
            for n in range(1, 120, 7):
                item = Incoming(title="By mail", external_id=str(n), author={"email": f"Person{n}@example.com"})
                receive(item, source=inbox, actor=Actor.of_source(inbox, via="intake"))
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    thread = threading.Thread(target=intake)
    thread.start()
    jobs.run(Import, job.pk)
    thread.join(60)
    job.refresh_from_db()
    while job.is_under_way:  # an attempt that lost a race too often waits for the next
        Import.objects.filter(pk=job.pk).update(enqueue_at=None)
        jobs.run(Import, job.pk)
        job.refresh_from_db()
    assert not problems
    assert (job.status, counts(job)) == ("done", (120, 0, 0, 0))
    assert Customer.objects.count() == 120
    both = Customer.objects.get(primary_email__iexact="person8@example.com")
    assert (both.feedback_count, both.documents.count()) == (2, 2)


WORKER = """
import os, sys
import django
django.setup()
from core import jobs
from integrations.importing import running
from integrations.models import Import
jobs.LEASE_SECONDS = 2
running.BATCH_ROWS = 25
jobs.run(Import, int(sys.argv[1]))
"""


def worker(pk: int) -> "subprocess.Popen[bytes]":
    """A process of its own that works on the import, as a Celery worker would."""
    database = connection.settings_dict
    user, password, host = (quote(database[part], safe="") for part in ("USER", "PASSWORD", "HOST"))
    port = f":{database['PORT']}" if database["PORT"] else ""
    url = f"postgres://{user}:{password}@{host}{port}/{database['NAME']}"
    environment = {
        **os.environ, "DATABASE_URL": url, "ROSTER_ENV": "test", "DJANGO_SETTINGS_MODULE": "config.settings",
        "ROSTER_PROCESS": "worker",
    }  # fmt: skip
    code = f"from django.conf import settings\nsettings.MEDIA_ROOT = {str(django_settings.MEDIA_ROOT)!r}\n" + WORKER
    return subprocess.Popen([sys.executable, "-c", code, str(pk)], env=environment, cwd=django_settings.BASE_DIR)


def waited(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_an_import_that_ends_with_every_row_once() -> None:
    rows = 600
    job = started(tickets(rows))
    process = worker(job.pk)
    try:
        assert waited(lambda: Import.objects.get(pk=job.pk).done >= 50, 60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert waited(lambda: (Import.objects.get(pk=job.pk).lease_until or clock.now()) < clock.now(), 20)
    job.refresh_from_db()
    assert job.status == "running"
    assert 50 <= job.done < rows
    assert Document.objects.count() == job.done
    assert jobs.sweep(clock.now()) == 1
    process = worker(job.pk)
    assert process.wait(120) == 0
    job.refresh_from_db()
    assert (job.status, job.done, counts(job)) == ("done", rows, (rows, 0, 0, 0))
    assert Document.objects.values("external_id").distinct().count() == Document.objects.count() == rows
    assert Customer.objects.filter(feedback_count=1).count() == rows
    assert SurveyResponse.objects.count() == rows // 3


@pytest.mark.django_db(transaction=True)
def test_the_public_support_tickets_come_in_completely() -> None:
    if not REAL.exists():
        pytest.skip(
            f"The real tickets are not here ({REAL.name}); the generated file of the same shape is tested above."
        )
    with REAL.open("rb") as stream:
        job = upload(stream, REAL.name, user=None, actor=STAFF)
    assert start(job, Plan.of_json(job.plan), actor=STAFF)
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    assert (job.status, counts(job), job.errors.count()) == ("done", (8469, 0, 0, 0), 0)
    assert (Document.objects.count(), Customer.objects.count()) == (8469, 8320)
    assert not Document.objects.filter(customer=None).exists()
    assert SurveyResponse.objects.count() == 2769
    assert set(Document.objects.values_list("channel", flat=True)) == {"email", "voice", "social", "chat"}
    marisa = Customer.objects.get(primary_email="carrollallison@example.com")
    assert (marisa.name, marisa.properties["age"]) == ("Marisa Obrien", [32])
