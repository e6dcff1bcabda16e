"""People of the benchmark's own, made by the ways in that everybody uses, and taken away without a trace afterwards."""

import os
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

FIRST = ("Ana", "Bogdan", "Chiara", "Dilnoza", "Emeka", "Freya", "Goran", "Hina", "Ingrid", "Jovan")
LAST = ("Kovač", "Lindqvist", "Moreau", "Nwosu", "Okafor", "Petrov", "Quispe", "Rossi", "Sato", "Tanaka")
WORDS = tuple(
    re.findall(
        r"\w+",
        "export filter invoice slow screen thank error Monday update please account login report number table"
        " again mobile wrong total missing page button customer colour early meeting window question answer version",
    )
)
CHUNK = 250  # customers in one transaction
# Tables that a run of the benchmark adds rows to; those above go before those that they point at
ADDED = (
    "audit_change", "audit_entry", "customers_merge", "customers_duplicatecandidate", "customers_erasure",
    "customers_suppression", "retention_run", "retention_purge", "feedback_document", "customers_identifier",
    "customers_customer", "audit_source",
)  # fmt: skip


@contextmanager
def taken_away() -> Iterator[None]:
    """Whatever rows come into being within the block are gone after it, and its erasures never were in the ledger."""
    before = {table: _one(f"SELECT coalesce(max(id), 0) FROM {table}") for table in ADDED}
    with _ledger_of_its_own():
        try:
            yield
        finally:
            _remove(before)


@contextmanager
def _ledger_of_its_own() -> Iterator[None]:
    """For this process and those that it starts."""
    from django.conf import settings

    usual = settings.ERASURE_LEDGER
    with tempfile.TemporaryDirectory() as directory:
        settings.ERASURE_LEDGER = os.environ["ROSTER_ERASURE_LEDGER"] = str(Path(directory) / "erasures.jsonl")
        try:
            yield
        finally:
            settings.ERASURE_LEDGER = usual
            del os.environ["ROSTER_ERASURE_LEDGER"]


def _remove(before: dict[str, int]) -> None:
    from django.db import transaction

    with transaction.atomic():
        _run("SELECT set_config('roster.erasing', 'on', true), set_config('roster.audit_rows', 'off', true)")
        _run(
            "UPDATE customers_customer SET merged_into_id = NULL, state = 'active' WHERE id > %s AND state = 'merged'",
            before["customers_customer"],
        )
        for table in ("customers_customervalue", "customers_customertag", "customers_membership", "customers_note"):
            _run(f"DELETE FROM {table} WHERE customer_id > %s", before["customers_customer"])
        for table in (*ADDED[2:], *ADDED[:2]):  # what is deleted writes an entry of its own
            _run(f"DELETE FROM {table} WHERE id > %s", before[table])


def people(number: int, *, documents: int, key: str) -> list[int]:
    """Customers who wrote `documents` pieces of feedback each, which name them as people do. Returns their ids."""
    from audit.actor import Actor
    from audit.models import Source
    from audit.recording import recorded
    from core import clock
    from feedback.receiving import Incoming
    from feedback.receiving_many import Prepared, receive_many

    now = clock.now()
    source = Source.objects.get_or_create(name=f"Bench {key}", kind="feedback")[0]
    actor, chance, made = Actor.of_source(source), random.Random(key), set[int]()  # noqa: S311
    for start in range(0, number, CHUNK):
        told = [
            Prepared.of(
                Incoming(
                    **written(chance, key, person), external_id=f"{key}-{person}-{place}", channel="email",
                    occurred_at=now - timedelta(minutes=chance.randrange(10**5)),
                )
            )
            for person in range(start, min(number, start + CHUNK))
            for place in range(documents)
        ]  # fmt: skip
        with recorded(actor, "documents.received", now=now):
            kept = receive_many(told, source=source, actor=actor, now=now)
        made |= {one.customer_id for one in kept}  # type: ignore[union-attr]
    return sorted(made)


def written(chance: random.Random, key: str, person: int) -> dict[str, Any]:
    """Author, title and body of one document of this person."""
    name = f"{FIRST[person % 10]} {LAST[person // 10 % 10]}"
    email = f"{key}.{person}@bench.example"
    text = " ".join(chance.choices(WORDS, k=60))
    return {
        "author": {
            "name": name,
            "email": email,
            "phone": f"+34{600_000_000 + (crc32(key.encode()) + person) % 99_999_999}",
            "user_id": f"{key}-{person}",
        },
        "title": f"{chance.choice(WORDS)} {chance.choice(WORDS)}",
        "body": f"{text}. Write to {email} or call me. {name}",
        "metadata": {"page": "/reports/", "browser": "Firefox", "sender": name},
    }


def _run(sql: str, *parameters: object) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def _one(sql: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def deleted(ids: Sequence[int], *, days: int = 0) -> None:
    """Deletes these customers, as if it had been so many days ago."""
    from audit.actor import Actor
    from core import clock
    from customers.deleting import delete_many

    delete_many(ids, actor=Actor.of_system(), now=clock.now() - timedelta(days=days))
