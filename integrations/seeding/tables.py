"""Tables without what makes each row expensive, for as long as a load takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

TABLES = (
    "accounts_account", "customers_customer", "customers_identifier", "customers_customervalue",
    "customers_customertag", "customers_membership", "customers_note", "feedback_document",
    "feedback_documenttag", "engagement_surveyresponse", "engagement_usageevent", "engagement_delivery",
)  # fmt: skip

# Only this one computes what the load does not
_AT_WORK = "pgtrigger_search_vector%"
_TRIGGERS = """
    SELECT tgrelid::regclass, quote_ident(tgname) FROM pg_trigger
    WHERE tgrelid = ANY(%s::regclass[]) AND NOT tgisinternal AND tgenabled = 'O' AND tgname NOT LIKE %s
"""
_CONSTRAINTS = """
    SELECT conrelid::regclass, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('u', 'f') ORDER BY contype DESC, oid
"""
_INDEXES = """
    SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index i
    WHERE indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
    ORDER BY indexrelid
"""


@contextmanager
def bared(*, indexes: bool, say: Callable[[str], None]) -> Iterator[None]:
    """The triggers of TABLES rest inside the block, and with `indexes` there are no indexes but the primary keys.

    All of it happens in the caller's transaction: whoever fails in between finds everything as it was.
    """
    _run("SET CONSTRAINTS ALL IMMEDIATE")  # foreign keys are checked per statement, not kept in memory to the end
    triggers = _rows(_TRIGGERS, [list(TABLES), _AT_WORK])
    constraints = _rows(_CONSTRAINTS, [list(TABLES)]) if indexes else []
    definitions = _rows(_INDEXES, [list(TABLES)]) if indexes else []
    for table, trigger in triggers:
        _run(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    for table, name, _ in reversed(constraints):
        _run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in definitions:
        _run(f"DROP INDEX {name}")

    yield

    started = time.monotonic()
    if indexes:
        _run("SET LOCAL maintenance_work_mem = '512MB'")
        for name, definition in definitions:
            _run(definition)
            say(f"index {name}, {time.monotonic() - started:.0f} s")
        for table, name, definition in constraints:
            _run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        say(f"{len(constraints)} constraints, {time.monotonic() - started:.0f} s")
    for table, trigger in triggers:
        _run(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    _run("SET CONSTRAINTS ALL DEFERRED")


def analyze() -> None:
    """Fresh statistics for the planner; outside a transaction also the visibility map, for index-only scans."""
    _run(f"{'ANALYZE' if connection.in_atomic_block else 'VACUUM (ANALYZE)'} {', '.join(TABLES)}")


def _rows(sql: str, parameters: list[Any]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
