"""`python -m bench.upserts`: how many customers a second the upsert engine takes, new ones and the same again.

Two processes at once, as two workers would, each in batches of 333 (a name, an email, a user ID, two properties), from
items made beforehand. The machine may be busy with other work, so the processor time of both sides is told, and what
two cores make of it.
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench import environment, processor
from bench.__main__ import set_up_django

BATCH, WORKERS, CORES = 333, 2, 2
_WRITTEN = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"


@dataclass
class Took:
    customers: int = 0
    seconds: float = 0
    processor_ms: float = 0  # of Python and of the database's process for it
    written: int = 0  # rows inserted, updated or deleted


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.upserts")
    parser.add_argument("--customers", type=int, default=100_000, help="in the directory beforehand")
    parser.add_argument("--upserts", type=int, default=6_660, help="of each of the two processes")
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(
        environment.name_of(options.customers, options.customers), customers=options.customers,
        documents=options.customers,
    )  # fmt: skip
    run = f"{time.time_ns()}"
    rates = {}
    with ProcessPoolExecutor(WORKERS, initializer=set_up_django) as pool:
        list(pool.map(upserted, [f"{run}-warm-{number}" for number in range(WORKERS)], [BATCH] * WORKERS))
        for what in ("new", "the same again", "with a new value"):
            value = "Team" if what != "with a new value" else "Scale"
            names = [f"{run}-{number}" for number in range(WORKERS)]
            found = list(pool.map(upserted, names, [options.upserts] * WORKERS, [value] * WORKERS))
            number = sum(one.customers for one in found)
            wall = number / max(one.seconds for one in found)
            rates[what] = CORES * number / sum(one.processor_ms for one in found) * 1000
            print(
                f"{what:18} {wall:8,.0f} a second measured, {rates[what]:8,.0f} by the processor time of two cores, "
                f"{sum(one.written for one in found):,} rows written"
            )
    print(f"The same again is {rates['the same again'] / rates['new']:.1f} times as fast as the first time.")


def upserted(run: str, number: int, plan: str = "Team") -> Took:
    """Upserts these customers in one process, each batch a command of its own."""
    from django.db import connection, transaction

    from audit.actor import Actor
    from audit.models import Source
    from audit.recording import recorded
    from core import clock
    from core.retrying import retrying
    from customers.upserting import Upsert, upsert_many

    source, _ = Source.objects.get_or_create(kind="user", name="Bench upserts")
    actor = Actor.of_source(source, via="webhook")

    @retrying
    def take(items: list[Upsert]) -> int:
        with recorded(actor, "users.synced", source, now=clock.now()) as entry:
            before = _written()
            found = upsert_many(items, actor=actor, now=entry.at)
            if any(one.status == "rejected" for one in found):
                raise SystemExit(f"Rejected: {next(one for one in found if one.status == 'rejected')}")
            if all(one.status == "unchanged" for one in found):
                entry.discard()
            return _written() - before

    def _written() -> int:
        with connection.cursor() as cursor:
            cursor.execute(_WRITTEN)
            return int(cursor.fetchone()[0])

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pids = [cursor.fetchone()[0], os.getpid()]
    every = [_item(run, place, plan) for place in range(number)]
    took, started, before = Took(), time.perf_counter(), processor.used(pids)
    for first in range(0, number, BATCH):
        items = every[first : first + BATCH]
        took.written += take(items)
        took.customers += len(items)
    took.seconds, took.processor_ms = time.perf_counter() - started, processor.used(pids) - before
    return took


def _item(run: str, place: int, plan: str) -> Any:
    from customers.identifying import identity
    from customers.upserting import Upsert

    return Upsert(
        [identity("user_id", f"u-{run}-{place}"), identity("email", f"person.{run}.{place}@upserts.example")],
        name=f"Person {place} of run {run[-6:]}",
        properties={"plan": [plan], "seats": [place % 50]},
        replace=frozenset({"emails"}),
    )


if __name__ == "__main__":
    main()
