"""Times of cases: whole responses one after the other, their SQL alone, and several clients at once."""

import html
import os
import re
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg

from bench import processor
from bench.cases import Case
from bench.client import Client, signed_in

WARM_UP = 5
LONG_MILLISECONDS = 2_000  # a case as slow as that is measured fewer times
TEMPLATE_MILLISECONDS, RATIO = 2.0, 3.0
# What htmx asks for when a page has opened; what waits until it is scrolled to has cases of its own
_PANEL = re.compile(r'id="([\w-]+)"[^>]*?hx-get="([^"]+)"[^>]*?hx-trigger="load"')


@dataclass
class Measured:
    """Milliseconds, but for `kilobytes` of the first response. `processor`: used by web server and database."""

    name: str
    p50: float = 0
    p95: float = 0
    sql: float = 0
    processor: float = 0
    budget: tuple[int, int] = (0, 0)
    kilobytes: float = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)
    skipped: str = ""
    notes: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    case: Case, client: Client, connection: "psycopg.Connection[Any]", *, requests: int, server: int
) -> Measured:
    found = Measured(case.name, budget=case.budget)
    first = client.get(case.path, case.headers)
    if first.status == 404:
        found.skipped = "there is no such page"
        return found
    if first.status != 200:
        found.problems.append(f"answered {first.status}")
        return found
    asked = [(case.path, case.headers)]
    if case.panels:  # as htmx asks for them: the part alone
        asked += [
            (html.unescape(path), {"HX-Request": "true", "HX-Target": target})
            for target, path in _PANEL.findall(first.text)
        ]
    found.kilobytes = len(first.body) / 1000
    found.sql, rows = floor(case, connection)
    found.problems += wrong(case, first.text, rows)
    slow = first.milliseconds > LONG_MILLISECONDS
    for _ in range(1 if slow else WARM_UP):
        one(client, asked, found)
    used = processor.milliseconds(server, connection)
    times = sorted(one(client, asked, found) for _ in range(5 if slow else requests))
    found.requests = len(times)
    found.processor = (processor.milliseconds(server, connection) - used) / len(times)
    found.p50, found.p95 = statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.95))]
    if found.p50 > case.budget[0]:
        found.problems.append(f"p50 over {case.budget[0]} ms")
    if found.p95 > case.budget[1]:
        found.problems.append(f"p95 over {case.budget[1]} ms")
    return found


def one(client: Client, asked: Sequence[tuple[str, dict[str, str]]], found: Measured) -> float:
    taken = 0.0
    for path, headers in asked:
        answer = client.get(path, headers)
        taken += answer.milliseconds
        if answer.status != 200 and f"{path} answered {answer.status}" not in found.problems:
            found.problems.append(f"{path} answered {answer.status}")
    return taken


def floor(case: Case, connection: "psycopg.Connection[Any]") -> tuple[float, list[Any]]:
    """The median time of the fastest way to ask the database, and the ids that it gives."""
    best, ids = 0.0, []
    for sql in case.sql:
        times = []
        for number in range(9):
            started = time.perf_counter()
            try:
                rows = connection.execute(sql, case.parameters).fetchall()
            except psycopg.errors.QueryCanceled:
                break
            taken = (time.perf_counter() - started) * 1000
            times.append(taken)
            if taken > 1000 and number:
                break
        if times and (not best or statistics.median(times) < best):
            best, ids = statistics.median(times), [row[0] for row in rows]
    return best, ids


def wrong(case: Case, page: str, ids: Sequence[Any]) -> list[str]:
    """What is not as the database says: the rows and their order, and expected words."""
    problems = [f"does not say {word!r}" for word in case.expect if word not in page]
    if case.ids_in:
        shown = list(dict.fromkeys(int(id_) for id_ in re.findall(rf'href="/{case.ids_in}/(\d+)/"', page)))
        if shown != list(ids):
            missing = len(set(ids) - set(shown))
            problems.append(f"shows {len(shown)} rows, the database says {len(ids)}, {missing} of them are missing")
    return problems


def hello(port: int, connection: "psycopg.Connection[Any]", *, requests: int, server: int) -> Measured:
    client, requests = Client(port), requests * 5
    for _ in range(WARM_UP * 4):
        client.get("/")
    used = processor.milliseconds(server, connection)
    times = sorted(client.get("/").milliseconds for _ in range(requests))
    used = processor.milliseconds(server, connection) - used
    return Measured(
        "hello world",
        statistics.median(times),
        times[int(requests * 0.95)],
        processor=used / requests,
        requests=requests,
    )


def limit_of_ratio(found: Measured, least: Measured) -> float:
    return RATIO * (least.p50 + found.sql + TEMPLATE_MILLISECONDS)


def throughput(port: int, cases: Sequence[Case], *, clients: int = 4, seconds: float = 6.0) -> float:
    """Responses a second that several clients get together; each asks for the cases in turn."""
    done, ready = [0] * clients, threading.Barrier(clients + 1)
    stop = threading.Event()

    def run(number: int) -> None:
        client = signed_in(port) if cases[0].path != "/hello" else Client(port)
        turn = number
        ready.wait()
        while not stop.is_set():
            case = cases[turn % len(cases)]
            turn += 1
            if client.get(case.path, case.headers).status == 200:
                done[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - started)


def load() -> float:
    return os.getloadavg()[0]
