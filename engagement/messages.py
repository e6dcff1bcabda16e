"""Which calls of tracking clients were taken in already: clients send again what they have no answer to."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection

from core.arrays import AnyOf, array_of
from engagement.models import Message

KEPT_DAYS = 30  # clients give up within hours; a file of an old import may be sent once more
_INSERT = """
    INSERT INTO engagement_message (source_id, message_id, received_at) SELECT %s, *, %s FROM unnest(%s::text[])
    ON CONFLICT DO NOTHING RETURNING message_id
"""


def new_among(message_ids: Iterable[str], *, source_id: int, now: datetime) -> set[str]:
    """Those that this source has not sent before, remembered from now on.

    Who sends the same at the same time waits here until this transaction has ended. In one order, so that no two wait
    for each other.
    """
    wanted = sorted(set(message_ids))
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [source_id, now, array_of(wanted)])
        return {message_id for (message_id,) in cursor.fetchall()}


def forget(message_ids: Iterable[str], *, source_id: int) -> None:
    """Lets these be sent again: they were refused."""
    wanted = sorted(set(message_ids))
    if wanted:
        Message.objects.filter(AnyOf("message_id", wanted), source_id=source_id).delete()


def forget_old(now: datetime) -> int:
    """Forgets calls so old that nobody repeats them; how many."""
    return Message.objects.filter(received_at__lt=now - timedelta(days=KEPT_DAYS)).delete()[0]
