"""Lockout on guessing (8.1), kept in PostgreSQL: it must end also while Redis is away (reliability 26)."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, models, transaction
from django.utils.crypto import salted_hmac

from core import clock


class Limit(NamedTuple):
    kind: str
    most: int
    minutes: int


# One person forgets a password; one office shares an address. A code of six digits lasts a minute and a half.
LIMITS = {
    kind: Limit(kind, most, 5)
    for kind, most in {"email": 5, "address": 30, "code": 5, "reset": 3, "reset_address": 15}.items()
}
LONGEST = timedelta(minutes=max(limit.minutes for limit in LIMITS.values()))


class FailedSignIn(models.Model):
    """A try that has not succeeded. `key` is a keyed hash of whose password it was for, or from which address."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index("key", models.F("at").desc(), name="staff_failed_sign_in_key"),
            models.Index("at", name="staff_failed_sign_in_at"),
        ]

    def __str__(self) -> str:
        return f"{self.key[:8]}… at {self.at:%Y-%m-%d %H:%M}"


def key_of(kind: str, value: str) -> str:
    return salted_hmac(f"staff.lockout.{kind}", value.strip().casefold(), algorithm="sha256").hexdigest()


def attempt(**values: str) -> list[int] | None:
    """Counts one attempt by each kind of LIMITS that is named: `attempt(email="ana@ex.test", address="192.0.2.1")`.

    Answers what `succeeded` needs; None when there were too many, and it may not be tried.
    """
    now = clock.now()
    keys = {key_of(kind, value): LIMITS[kind] for kind, value in values.items()}
    with transaction.atomic():
        _queue(sorted(keys))
        if any(_recent(key, limit, now) >= limit.most for key, limit in keys.items()):
            return None
        FailedSignIn.objects.filter(at__lt=now - LONGEST).delete()
        return [FailedSignIn.objects.create(key=key, at=now).pk for key in keys]


def succeeded(attempts: list[int]) -> None:
    """Takes back the attempt that succeeded. Earlier failures stay: one good password must not buy more guesses."""
    FailedSignIn.objects.filter(pk__in=attempts).delete()


def _queue(keys: list[str]) -> None:
    """Guesses of one email at once are counted one after another."""
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _recent(key: str, limit: Limit, now: datetime) -> int:
    return FailedSignIn.objects.filter(key=key, at__gt=now - timedelta(minutes=limit.minutes)).count()
