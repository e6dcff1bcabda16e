"""What must hold of the live data whatever happened to it (reliability 28). Each app says its own in `invariants.py`;
`manage.py check_invariants` asks them all.

A rule names the rows that break it. Each is one statement, so it sees one moment even while people work.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pgtrigger
from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

SHOWN = 5
CHUNK = 5_000

Find = Callable[[], Iterable[Any]]


@dataclass(frozen=True)
class Rule:
    """`find` yields what breaks the rule: ids, or words where there are none."""

    app: str
    name: str
    find: Find


@dataclass(frozen=True)
class Finding:
    rule: Rule
    broken: int
    first: list[Any] = field(default_factory=list)

    @property
    def line(self) -> str:
        verdict = "ok    " if not self.broken else "BROKEN"
        told = f": {self.broken:,} ({', '.join(map(str, self.first))}{', …' if self.broken > len(self.first) else ''})"
        return f"{verdict} {self.rule.app}: {self.rule.name}{told if self.broken else ''}"


RULES: list[Rule] = []


def by_sql(app: str, name: str, sql: str) -> None:
    """A rule whose breakers are the first column of `sql`."""
    RULES.append(Rule(app, name, lambda: _rows(sql)))


def by_python(app: str, name: str) -> Callable[[Find], Find]:
    """A rule that SQL cannot say. The function yields what breaks it and reads rows by `stream`."""

    def register(find: Find) -> Find:
        RULES.append(Rule(app, name, find))
        return find

    return register


def findings() -> Iterator[Finding]:
    """Every rule of every app, each asked when the one before has answered."""
    autodiscover_modules("invariants")
    for rule in RULES:
        broken = 0
        first: list[Any] = []
        for breaker in rule.find():
            broken += 1
            if len(first) < SHOWN:
                first.append(breaker)
        yield Finding(rule, broken, first)


def stream(sql: str) -> Iterator[tuple[Any, ...]]:
    """All rows of `sql`, some thousands at a time in memory."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _rows(sql: str) -> Iterator[Any]:
    return (row[0] for row in stream(sql))


@by_python("core", "every trigger of the models stands in the database, switched on")
def _triggers() -> Iterator[str]:
    for model, trigger in pgtrigger.registered():
        status, enabled = trigger.get_installation_status(model)
        if status != "INSTALLED" or not enabled:
            yield f"{model._meta.db_table}.{trigger.name} {status if status != 'INSTALLED' else 'off'}"


by_sql(
    "core",
    "no constraint and no index is left half-made",
    """
    SELECT conname::text FROM pg_constraint WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
    UNION ALL
    SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT (indisvalid AND indisready) AND c.relnamespace = current_schema()::regnamespace
    """,
)
