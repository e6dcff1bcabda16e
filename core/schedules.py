"""How long what was deleted is kept: apps below ask, the app that holds the schedules answers."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

Answer = Callable[[str], int | None]


def _by_settings(kind: str) -> int | None:
    return settings.ORPHAN_GRACE_DAYS if kind == "orphans" else settings.DELETED_KEPT_DAYS


_answer: Answer = _by_settings


def answered_by(answer: Answer) -> None:
    """From now on `answer(kind)` says for how many days `kind` is kept: deleted "customers" and "documents", and
    "orphans", customers who have lost their last document. None: until somebody permanently deletes them."""
    global _answer
    _answer = answer


def kept_days(kind: str) -> int | None:
    return _answer(kind)


def due_at(kind: str, deleted_at: datetime | None) -> datetime | None:
    """When something deleted at this moment is permanently deleted; None when no schedule does so."""
    days = kept_days(kind) if deleted_at else None
    return None if days is None or deleted_at is None else deleted_at + timedelta(days=days)
