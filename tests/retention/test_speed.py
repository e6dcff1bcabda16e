"""What keeps merges and deletions fast however large the directory is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from bench import plans
from core import jobs
from customers import merging
from customers.deleting import delete, restore
from customers.models import Customer
from retention import purging
from retention.models import Purge
from tests.customers.people import STAFF
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db

# Foreign keys to what a permanent deletion takes away, without an index that answers "who points at this row?"
_UNFOUND = """
    SELECT c.conrelid::regclass::text || '.' || a.attname
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid::regclass::text = ANY(%s) AND NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = c.conrelid AND i.indkey[0] = a.attnum
          AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = format('(%%I IS NOT NULL)', a.attname))
    )
"""


def test_the_database_finds_by_index_whoever_points_at_a_deleted_row() -> None:
    """At COMMIT it looks for them once a row: without an index that is a scan of the whole table, a row."""
    tables = ["customers_customer", "customers_identifier", "feedback_document"]
    with connection.cursor() as cursor:
        cursor.execute(_UNFOUND, [tables])
        assert cursor.fetchall() == []


@contextmanager
def every_select_reads_few_rows(most: int) -> Iterator[list[str]]:
    """Explains each SELECT, and gives a list of them. As the planner avoids scans, small tables are as large ones."""
    seen: list[str] = []
    many: list[tuple[int, str]] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many_: bool, context: dict[str, Any]) -> Any:
        text = " ".join(sql.split())
        if text.startswith("SELECT") and "FROM" in text and "nextval" not in text and "advisory" not in text:
            raw = context["connection"].connection.cursor()
            raw.execute("SET LOCAL enable_seqscan = off")
            raw.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params or None)
            rows = plans.touched(raw.fetchone()[0][0]["Plan"])
            seen.append(text)
            if rows > most:
                many.append((rows, text))
        return execute(sql, params, many_, context)

    with connection.execute_wrapper(explain):
        yield seen
    assert not many, "\n".join(f"{rows}: {text}" for rows, text in many)


def test_merging_deleting_and_permanent_deletion_read_the_rows_that_they_are_about() -> None:
    DocumentFactory.create_batch(300, customer=CustomerFactory(email="busy@ex.test"), author_email="busy@ex.test")
    for number in range(300):
        CustomerFactory(email=f"other{number}@ex.test", phone=f"+346002{number:05}", tags=["vip"])
    Customer.objects.bulk_create(Customer(name=f"C{number}", sort_name=f"c{number}") for number in range(5_000))
    ana, other = (
        CustomerFactory(email=f"ana{number}@ex.test", user_id=f"u-{number}", tags=["vip"]) for number in (1, 2)
    )
    DocumentFactory.create_batch(3, customer=other)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with every_select_reads_few_rows(250) as selects:
        done = merging.merge(ana.pk, [other.pk], actor=STAFF)
        merging.undo(done, actor=STAFF)
        merging.merge(ana.pk, [other.pk], actor=STAFF)
        delete(ana, actor=STAFF)
        restore(ana, actor=STAFF)
        delete(ana, actor=STAFF)
        purge = purging.start([ana.pk], actor=STAFF, documents="anonymise")
        jobs.run(Purge, purge.pk)
    purge.refresh_from_db()
    assert (purge.status, purge.deleted_count) == ("done", 1), purge.error
    assert len(selects) > 100
