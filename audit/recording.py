"""Every command runs inside `recorded`: if its audit entry cannot be written, nothing happens (reliability 1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from audit.actor import Actor
from audit.models import Entry
from core import clock

_BEGIN = """
    SELECT nextval(pg_get_serial_sequence('audit_entry', 'id')), coalesce(current_setting('roster.entry', true), '')
"""


@contextmanager
def recorded(
    actor: Actor,
    verb: str,
    subject: models.Model | None = None,
    *,
    now: datetime | None = None,
    facts: dict[str, Any] | None = None,
) -> Iterator[Entry]:
    """A transaction whose changes all belong to one audit entry, which is written when the block ends.

    `verb` is `<thing>.<past participle>` ('customer.created'). `facts` hold counts and ids, never personal data. The
    block may complete the entry: `entry.about(customer, documents=3)`, or another verb. A block that changed nothing
    may `entry.discard()`.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        entry = Entry(
            at=now or clock.now(), actor_id=actor.user_id, source_id=actor.source_id,
            on_behalf_of_id=actor.on_behalf_of_id, via=actor.via, verb=verb, facts=dict(facts or {}),
        )  # fmt: skip
        if subject is not None:
            entry.about(subject)
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN)
            entry.pk, outer = cursor.fetchone()
        _point_triggers_at(str(entry.pk))
        yield entry
        if not entry.discarded or entry.changes.exists():
            entry.save(force_insert=True)
        if nested:
            _point_triggers_at(outer)


def _point_triggers_at(entry_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('roster.entry', %s, true)", [entry_id])
