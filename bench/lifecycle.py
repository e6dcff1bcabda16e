"""Merging, deleting, permanent deletion and retention runs at size. They write, on people made for it who then go."""

import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import psycopg

from bench import cohort, plans, processor
from bench.cases import Case
from bench.client import Client
from bench.environment import PYTHON, ROOT
from bench.measuring import Measured
from bench.report import FLAT_MILLISECONDS

PAGE = (30, 60)
BIG_MERGE, PURGE = (2_000, 2_000), (10_000, 10_000)
LOOKED_AT = ("list by -last_seen", "search, common", "profile", "documents")
LONG_AGO = timedelta(days=4_000)  # nobody else in the directory was deleted as long ago as that
IN_THE_RUN = 2_500  # customers, with DOCUMENTS each
DOCUMENTS = 10
TOUCHED = 20  # rows looked at for each row that is due, at most
LEAST_SAMPLES = 20
WARM_UP = 2  # rounds
A_YEAR = timedelta(days=365)


def measure(
    server: int, connection: "psycopg.Connection[Any]", cases: Sequence[Case], client: Client, *, requests: int
) -> Iterator[Measured]:
    """One figure after the other; `cases` are the benchmark's own, of which some are asked for beside a run."""
    key = f"b{time.time_ns()}"
    with cohort.taken_away():
        yield from _big_merge(key)
        yield from _purges(key)
        yield from _pages(key, client, server, connection, requests)
        looked_at = [case for case in cases if case.name in LOOKED_AT]
        yield from _beside_a_run(key, client, server, connection, looked_at, requests)


def timed(name: str, budget: tuple[int, int], command: Callable[[], object]) -> Measured:
    """One run of a command in this process; CPU is its own and that of its backend."""
    used, started = _used(), time.perf_counter()
    command()
    taken = (time.perf_counter() - started) * 1000
    found = Measured(name, p50=taken, p95=taken, processor=_used() - used, budget=budget, requests=1)
    if taken > budget[1]:
        found.problems.append(f"over {budget[1] / 1000:.0f} s")
    return found


def _used() -> float:
    from django.db import connection

    connection.ensure_connection()
    return time.process_time() * 1000 + processor.used([connection.connection.info.backend_pid])


# Commands that take long


def _big_merge(key: str) -> Iterator[Measured]:
    from audit.actor import Actor
    from customers import merging
    from customers.models import Merge

    kept = cohort.people(1, documents=DOCUMENTS, key=f"{key}-kept")[0]
    source = cohort.people(1, documents=10_000, key=f"{key}-source")[0]
    done: list[Merge] = []
    yield timed("merging a customer with 10,000 documents", BIG_MERGE, lambda: done.append(
        merging.merge(kept, [source], actor=Actor.of_system())
    ))  # fmt: skip
    yield timed("undoing that merge", BIG_MERGE, lambda: merging.undo(done[0], actor=Actor.of_system()))


def _purges(key: str) -> Iterator[Measured]:
    from audit.actor import Actor
    from core import jobs
    from retention import purging
    from retention.models import Purge

    for documents, words in (("delete", "deleted"), ("anonymise", "kept, anonymised")):
        ids = cohort.people(1_000, documents=10, key=f"{key}-{documents}")
        cohort.deleted(ids)
        job = purging.start(ids, actor=Actor.of_system(), documents=documents)
        found = timed(
            f"permanently deleting 1,000 customers with 10 documents each, {words}", PURGE,
            lambda pk=job.pk: jobs.run(Purge, pk),
        )  # fmt: skip
        job.refresh_from_db()
        if (job.status, job.deleted_count) != ("done", 1_000):
            found.problems.append(f"{job.deleted_count} were deleted: {job.error or job.status}")
        yield found


# Commands of a page


def _pages(
    key: str, client: Client, server: int, connection: "psycopg.Connection[Any]", requests: int
) -> Iterator[Measured]:
    ids = cohort.people(requests * 2 + 2, documents=5, key=f"{key}-pages")
    token = _token(client.get(f"/customers/{ids[0]}/").text)
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    addresses = [(f"/customers/{keep}/merge/?with={source}", keep) for keep, source in pairs]
    previews = [(address, _fingerprint(client.get(address).text)) for address, _ in addresses]
    for name, asked in (
        ("deleting a customer", [(f"/customers/{pk}/delete/", {}) for pk in ids[::2]]),
        ("restoring a customer", [(f"/customers/{pk}/restore/", {}) for pk in ids[::2]]),
        ("merging two customers", [(address, {"fingerprint": text}) for address, text in previews]),
    ):
        used, times, wrong = processor.milliseconds(server, connection), [], set()
        for place, (path, said) in enumerate(asked):
            answer = client.post(path, {"csrfmiddlewaretoken": token, **said})
            if place:  # the first warms up
                times.append(answer.milliseconds)
            if answer.status not in {200, 204, 302, 303}:
                wrong.add(f"answered {answer.status}")
        found = _of_times(name, times, PAGE)
        found.processor = (processor.milliseconds(server, connection) - used) / len(asked)
        found.problems += sorted(wrong)
        yield found


def _of_times(name: str, times: Sequence[float], budget: tuple[float, float]) -> Measured:
    ordered = sorted(times)
    found = Measured(name, budget=(round(budget[0]), round(budget[1])), requests=len(ordered))
    found.p50, found.p95 = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    for word, figure, most in (("p50", found.p50, budget[0]), ("p95", found.p95, budget[1])):
        if figure > most:
            found.problems.append(f"{word} over {most:.0f} ms")
    return found


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return found[1] if found else ""


def _fingerprint(page: str) -> str:
    found = re.search(r'name="fingerprint" value="([^"]+)"', page)
    return found[1] if found else ""


# Retention runs


def _due() -> Iterator[Measured]:
    """What each policy finds due first, as a run asks for it: how long that takes and how many rows it looks at."""
    from core import clock
    from retention import policies
    from retention.running import BATCH

    for policy in policies.every():
        if policy.channel not in {"", "email"}:  # one of the channels stands for all
            continue
        rows = policies.due(policy.kind, policy.channel, clock.now() - A_YEAR)
        batch = policies.ordered(rows, policy.kind).values_list("pk", policies.MOMENT[policy.kind])
        limit = BATCH[policy.subject]
        sql, params = batch[:limit].query.sql_with_params()
        plans.analysed(sql, params)  # the second time is the one that counts, as with pages
        plan = plans.analysed(sql, params)
        due, touched = round(plan["Plan"]["Actual Rows"]), plans.touched(plan["Plan"])
        found = Measured(f"finding what is due: {str(policy).lower()}", budget=PAGE, requests=1)
        found.p50 = found.p95 = found.sql = plan["Execution Time"]
        if touched > TOUCHED * max(due, 50):
            found.problems.append(f"looks at {touched:,} rows to find {due:,}")
        if found.p95 > PAGE[1]:
            found.problems.append(f"p95 over {PAGE[1]} ms")
        found.notes = f"{due:,} due, {touched:,} rows read"
        yield found


def _beside_a_run(
    key: str, client: Client, server: int, connection: "psycopg.Connection[Any]", cases: Sequence[Case], requests: int
) -> Iterator[Measured]:
    """Pages while a worker carries out a retention run, against the same pages before it."""
    from core import clock
    from core.jobs import Status
    from retention.models import Policy, Run
    from retention.policies import every

    ids = cohort.people(IN_THE_RUN, documents=DOCUMENTS, key=f"{key}-run")
    cohort.deleted(ids, days=LONG_AGO.days)
    yield from _due()
    used = processor.milliseconds(server, connection)
    quiet = _rounds(client, cases, requests, lambda: True)
    used_before = (processor.milliseconds(server, connection) - used) / _number(quiet)
    policy = next(one for one in every() if one.kind == Policy.Kind.DELETED_CUSTOMERS)
    run = Run.objects.create(policy=policy, cutoff=clock.now() - LONG_AGO + timedelta(days=1), suppress=True)
    command = [PYTHON, "-m", "bench.worker", "retention.Run", str(run.pk)]
    worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "ROSTER_PROCESS": "worker"})
    try:
        _wait(lambda: Run.objects.get(pk=run.pk).done > 0, worker)
        used = processor.milliseconds(server, connection)
        beside = _rounds(client, cases, requests, lambda: Run.objects.get(pk=run.pk).status == Status.RUNNING)
        used = (processor.milliseconds(server, connection) - used) / _number(beside)
    finally:
        run.cancel(clock.now())
        worker.wait(timeout=60)
    run.refresh_from_db()
    for case in cases:
        before = _of_times(case.name, quiet[case.name], case.budget)
        budget = (before.p50 * 2 + FLAT_MILLISECONDS, before.p95 * 2 + FLAT_MILLISECONDS)
        found = _of_times(f"{case.name}, beside a retention run", beside[case.name] or [0], budget)
        found.processor = used  # of these pages together: which of them used what cannot be told
        found.notes = f"without a run {before.p50:.1f} / {before.p95:.1f} ms, CPU {used_before:.1f}"
        if len(beside[case.name]) < LEAST_SAMPLES:
            found.problems.append(f"the run ended after {len(beside[case.name])} responses: {run.status}")
        yield found


def _rounds(client: Client, cases: Sequence[Case], rounds: int, goes_on: Callable[[], bool]) -> dict[str, list[float]]:
    """The times of each case, asked for in turn."""
    times: dict[str, list[float]] = {case.name: [] for case in cases}
    for number in range(rounds + WARM_UP):
        if not goes_on():
            break
        for case in cases:
            taken = client.get(case.path, case.headers).milliseconds
            if number >= WARM_UP:
                times[case.name].append(taken)
    return times


def _number(times: dict[str, list[float]]) -> int:
    return max(1, sum(map(len, times.values())))


def _wait(until: Callable[[], bool], worker: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not until():
        if worker.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The worker of the retention run did not begin; its words are above.")
        time.sleep(0.05)
