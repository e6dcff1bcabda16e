"""Identifiers that were permanently deleted and must not come back, whatever way they arrive (6.3, reliability 13).

What the database keeps is a keyed hash. Every way in asks here first, so that the sender is told; a trigger on the
identifiers refuses what forgot to ask.
"""

import functools
from collections.abc import Callable, Iterable
from datetime import datetime
from hmac import compare_digest
from typing import ParamSpec, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from core.arrays import AnyOf
from core.retrying import retrying
from customers import ledger
from customers.identifying import Identity, digest, identity
from customers.models import Erasure, Identifier, KeyProof, Suppression

P = ParamSpec("P")
R = TypeVar("R")

_PROOF = ("canary", "This text proves the suppression key.")
WRONG_KEY = "The suppression key is not the one that this database was used with."
KEY_UNPROVEN = "The row that proves the suppression key is gone."
OLDER = "The database is older than the ledger of erasures. Run manage.py replay_erasures."
_proven: set[bytes] = set()
_compared: set[tuple[str, int, int]] = set()


class Suppressed(Exception):
    """This identifier belonged to somebody who was permanently deleted; nothing was written."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(f"A suppressed {identity.kind}")
        self.identity = identity

    @property
    def text(self) -> str:
        """What is told to whoever typed it."""
        kind = Identifier.Kind(self.identity.kind).label
        kind = kind.lower() if kind in {"Email", "Phone", "Handle"} else kind
        return f"This {kind} belonged to somebody who was permanently deleted. An admin can lift the suppression."


class IntakeStopped(Exception):
    """Nothing is taken in until somebody has put this right; the message says what."""


def among(identities: Iterable[Identity]) -> set[Identity]:
    """Those of `identities` that are suppressed. Ask under their locks."""
    by_digest = {one.digest: one for one in identities}
    if not by_digest:
        return set()
    found = Suppression.objects.filter(AnyOf("digest", by_digest)).values_list("digest", flat=True)
    return {by_digest[bytes(one)] for one in found}


def suppress(identities: Iterable[Identity], now: datetime) -> int:
    """Remembers these identifiers, whose locks the caller holds exclusively; how many were not remembered before."""
    prove_key(now)
    rows = [Suppression(digest=one.digest, kind=one.kind, since=now) for one in sorted(set(identities))]
    return remember(rows)


def remember(rows: list[Suppression]) -> int:
    before = Suppression.objects.filter(digest__in=[row.digest for row in rows]).count()
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - before


def count_kept_out(identities: Iterable[Identity], now: datetime, times: int = 1) -> None:
    """Counts that these were kept out, in the order of their digests, so that no two wait for each other."""
    digests = sorted({one.digest for one in identities})
    if digests:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE customers_suppression s SET kept_out = kept_out + %s, last_kept_out_at = %s
                FROM (SELECT id FROM customers_suppression WHERE digest = ANY(%s) ORDER BY digest FOR NO KEY UPDATE) l
                WHERE s.id = l.id
                """,
                [times, now, digests],
            )


def counting(command: Callable[P, R]) -> Callable[P, R]:
    """Counts what `command` kept out, after its own transaction was taken back."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Suppressed as refused:
            with transaction.atomic():
                count_kept_out([refused.identity], clock.now())
            raise

    return run


@retrying
def lift(kind: str, value: str, *, actor: Actor, now: datetime | None = None) -> Suppression:
    """Lets an identifier in again. Raises ValidationError when it is malformed or was never suppressed."""
    from customers.matching import lock

    one = identity(kind, value)
    with recorded(actor, "suppression.lifted", now=now) as entry:
        lock([one], exclusive=True)
        row = Suppression.objects.filter(digest=one.digest).first()
        if row is None:
            raise ValidationError("This is not suppressed. Check the kind, and every letter.", code="not_suppressed")
        entry.facts |= {"kind": one.kind, "kept_out": row.kept_out}
        ledger.append([ledger.Lifted(one.digest.hex(), entry.at.isoformat())])
        Suppression.objects.filter(pk=row.pk).delete()
        return row


# Whether anything may be taken in at all


def require_open() -> None:
    """Raises IntakeStopped when the key is wrong, or the database older than the ledger."""
    if problem := intake_problem():
        raise IntakeStopped(problem)


def intake_problem() -> str:
    """Why nothing may be taken in, or ''."""
    return key_problem() or ledger_problem()


def key_problem() -> str:
    """Why suppressions cannot be trusted, or ''. A key once proven is not asked for again by this process."""
    expected = digest(*_PROOF)
    if expected in _proven:
        return ""
    row = KeyProof.objects.first()
    if row is None:
        return KEY_UNPROVEN if Suppression.objects.exists() else ""
    if not compare_digest(bytes(row.digest), expected):
        return WRONG_KEY
    _proven.add(expected)
    return ""


def prove_key(now: datetime) -> None:
    """Writes the row that proves the key, when it is the first to be used. Raises IntakeStopped for a wrong key."""
    KeyProof.objects.get_or_create(pk=1, defaults={"digest": digest(*_PROOF), "made_at": now})
    if problem := key_problem():
        raise IntakeStopped(problem)


def ledger_problem() -> str:
    """Whether the database lacks erasures that the ledger names; asked again when the ledger has grown."""
    state = ledger.state()
    if state is None or state in _compared:
        return ""
    tokens = [line.token for line in ledger.latest() if isinstance(line, ledger.Erased)]
    if Erasure.objects.filter(token__in=tokens).count() < len(set(tokens)):
        return OLDER
    _compared.clear()
    _compared.add(state)
    return ""


def forget_checks() -> None:
    """Asks the database again the next time, as a new process would."""
    _proven.clear()
    _compared.clear()
