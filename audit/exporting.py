"""The audit log as CSV: one line for each row that an entry changed, and one for an entry that changed none."""

import csv
import io
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from audit.history import who
from audit.log import with_names
from audit.models import Change, Entry
from core.json import dumps
from core.spreadsheets import safe

CHUNK = 500
CHANGES_AT_ONCE = 5_000
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for something else
COLUMNS = (
    "entry", "at", "who", "who_id", "on_behalf_of_id", "source_id", "through", "action", "about", "about_id", "table",
    "row", "operation", "before", "after",
)  # fmt: skip


def stream(entries: QuerySet[Entry]) -> Iterator[bytes]:
    """The file in pieces, newest entries first, in constant memory: inside a transaction of its own."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(COLUMNS)
    with transaction.atomic():
        _allow_slow_readers()
        page: list[Entry] = []
        for entry in with_names(entries).order_by("-at", "-id").iterator(chunk_size=CHUNK):
            page.append(entry)
            if len(page) == CHUNK:
                yield from _written(page, writer, buffer)
                page = []
        yield from _written(page, writer, buffer)
    yield _taken(buffer)


def _written(entries: list[Entry], writer: Any, buffer: io.StringIO) -> Iterator[bytes]:
    """`entries` in their order, each with its changes, which are read in that order too."""
    changes = Change.objects.filter(entry__in=entries).order_by("-entry__at", "-entry_id", "id")
    by_entry = groupby(changes.iterator(chunk_size=CHANGES_AT_ONCE), key=lambda change: change.entry_id)
    following = next(by_entry, None)
    written = 0
    for entry in entries:
        if following is None or following[0] != entry.pk:
            writer.writerow([*_of_entry(entry), "", "", "", "", ""])
            continue
        for change in following[1]:
            writer.writerow([*_of_entry(entry), *_of_change(change)])
            written += 1
            if written % CHANGES_AT_ONCE == 0:
                yield _taken(buffer)
        following = next(by_entry, None)
    yield _taken(buffer)


def _of_entry(entry: Entry) -> list[Any]:
    return [
        entry.pk, entry.at.isoformat(), safe(who(entry)), entry.actor_id, entry.on_behalf_of_id, entry.source_id,
        entry.via, entry.verb, entry.subject_type, entry.subject_id,
    ]  # fmt: skip


def _of_change(change: Change) -> list[Any]:
    return [change.table, change.row_id, change.operation, _json(change.before), _json(change.after)]


def _json(values: Any) -> str:
    return "" if values is None else safe(dumps(values))


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _allow_slow_readers() -> None:
    """Whoever downloads over a slow line keeps the cursor waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '15min'; SET LOCAL statement_timeout = '2min'")
