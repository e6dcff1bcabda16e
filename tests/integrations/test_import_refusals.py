"""What the database refuses in the middle of an import, and who is in the way: no row is lost, none is wrong."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from audit.actor import Actor
from audit.models import Source
from core.writing_many import insert_rows
from customers.merging import merge
from customers.models import Customer
from engagement.models import SurveyResponse
from feedback import receiving_many
from feedback.models import Document, DocumentTag
from tests.integrations.test_import_running import counts, imported, tickets, waited

STAFF = Actor(via="page", rank="staff")


def refuse(condition: str) -> None:
    """The database takes no more documents for which this is so."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE feedback_document ADD CONSTRAINT refused CHECK (NOT ({condition})) NOT VALID")


@pytest.mark.django_db
def test_a_row_that_copy_refuses_is_left_out_and_the_others_come_in() -> None:
    refuse("title = 'Product setup 4'")
    job = imported(tickets(8))
    assert (job.status, counts(job)) == ("done", (7, 0, 0, 1))
    assert [(error.row, error.message[:30]) for error in job.errors.all()] == [(5, "The database refused this row.")]
    assert not Document.objects.filter(external_id="4").exists()
    assert Customer.objects.count() == 7


@transaction.atomic
def tag_now(row: tuple[object, object]) -> None:
    insert_rows(DocumentTag, ("document", "tag"), [row])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "problem"),
    [((-1, 1), IntegrityError), (("many", 1), DataError), ((1, "\x00"), DataError), ((10**30, 1), DataError)],
)
def test_what_copy_refuses_is_an_error_of_django(row: tuple[object, object], problem: type[Exception]) -> None:
    with pytest.raises(problem):
        tag_now(row)
    assert not DocumentTag.objects.exists()  # and the connection goes on


@pytest.mark.django_db(transaction=True)
def test_a_batch_whose_rows_came_in_by_another_way_meanwhile_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    imported(tickets(5))
    looks = list[int]()
    look = receiving_many._known

    def look_too_early(source: Source, external_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        looks.append(len(external_ids))
        return {} if len(looks) == 1 else look(source, external_ids)

    monkeypatch.setattr(receiving_many, "_known", look_too_early)
    job = imported(tickets(5))
    assert len(looks) > 1
    assert (job.status, counts(job), job.errors.count(), Document.objects.count()) == ("done", (0, 0, 5, 0), 0, 5)


@pytest.mark.django_db(transaction=True)
def test_a_score_that_changes_while_its_customer_is_merged_goes_to_the_survivor() -> None:
    imported(tickets(3))
    rated = Document.objects.get(external_id="3")
    assert rated.customer is not None
    survivor = Customer.objects.get(name="Person 1")
    merged, problems = threading.Event(), list[BaseException]()

    def merge_slowly() -> None:
        try:
            with transaction.atomic():
                merge(survivor.pk, [rated.customer.pk], actor=STAFF)
                merged.set()
                assert waited(somebody_waits, 20)
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    thread = threading.Thread(target=merge_slowly)
    thread.start()
    assert merged.wait(20)
    job = imported(tickets(3).replace("18:05:38,4.0", "18:05:38,2.0"))
    thread.join(30)
    assert not problems
    assert (job.status, counts(job)) == ("done", (0, 1, 2, 0))
    rated.refresh_from_db()
    answer = SurveyResponse.objects.get(document=rated)
    assert (rated.customer_id, answer.customer_id, int(answer.score)) == (survivor.pk, survivor.pk, 2)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database())"
        )
        return bool(cursor.fetchone()[0])
