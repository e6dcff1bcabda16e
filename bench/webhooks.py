"""`python -m bench.webhooks`: whether 60 requests of 15 users a second are taken, second after second.

Requests are due at fixed times and sent by several clients. Reported are how many were answered in the second they were
due, how long they took from when they were due, and the processor time of web server and database for each.
"""

import argparse
import json
import os
import statistics
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import psycopg

from bench import environment, processor
from bench.client import Client
from bench.environment import PYTHON, ROOT

RECORDS = 15
CLIENTS = 12
CORES = 2


@dataclass
class Sent:
    milliseconds: list[float] = field(default_factory=list)  # from when a request was due to its answer
    statuses: Counter[int] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks")
    parser.add_argument("--customers", type=int, default=100_000, help="in the directory beforehand")
    parser.add_argument("--rate", type=int, default=60, help="requests a second")
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(
        environment.name_of(options.customers, options.customers), customers=options.customers,
        documents=options.customers,
    )  # fmt: skip
    command = [
        PYTHON,
        "manage.py",
        "create_key",
        "--kind",
        "user",
        "--name",
        f"Bench {time.time_ns()}",
        "--skip-checks",
    ]
    key = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[-1]
    with (
        environment.serving("config.wsgi:application") as (port, server),
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection,
    ):
        this = f"{time.time_ns()}"
        send(port, key, run=f"{this}w", rate=options.rate, seconds=3)
        for what in ("new", "the same again", "half of them new"):
            before, started = processor.milliseconds(server, connection), time.perf_counter()
            half = what == "half of them new"
            found = send(port, key, run=this, rate=options.rate, seconds=options.seconds, half=half)
            taken = time.perf_counter() - started
            each = (processor.milliseconds(server, connection) - before) / max(1, len(found.milliseconds))
            show(what, found, taken, each)


def send(port: int, key: str, *, run: str, rate: int, seconds: int, half: bool = False) -> Sent:
    """Sends `rate` requests in each of so many seconds, each at its own time."""
    found, lock = Sent(), threading.Lock()
    numbers, started = iter(range(rate * seconds)), time.perf_counter() + 0.2

    def work() -> None:
        client = Client(port)
        headers = {"api-key": key, "Content-Type": "application/json"}
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = started + number / rate
            time.sleep(max(0, due - time.perf_counter()))
            answer = client.request("POST", "/webhook/users/custom", body=body(run, number, half=half), headers=headers)
            with lock:
                found.milliseconds.append((time.perf_counter() - due) * 1000)
                found.statuses[answer.status] += 1
                if answer.status == 200:
                    found.verdicts.update(one["status"] for one in json.loads(answer.body)["results"])

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def body(run: str, number: int, *, half: bool) -> bytes:
    """One request of 15 users, each with a name, an email, an account and two properties."""
    users = []
    for place in range(RECORDS):
        who = f"{run}{'x' if half and place % 2 else ''}-{number}-{place}"
        users.append(
            {
                "id": who,
                "createdAt": 1_730_419_200,
                "attributes": {
                    "Name": {"s": [f"Person {number} {place}"]}, "Email": {"s": [f"{who}@webhook.example"]},
                    "AccountId": {"s": [f"bench-{number % 50}"]}, "plan": {"s": ["Team"]}, "seats": {"n": [place]},
                },
            }
        )  # fmt: skip
    return json.dumps({"users": users}).encode()


def show(what: str, found: Sent, taken: float, each: float) -> None:
    times = sorted(found.milliseconds)
    late = sum(one > 1000 for one in times)
    print(
        f"{what:18} {len(times) / taken:5.1f} requests a second; p50 {statistics.median(times):5.0f} ms, p95 "
        f"{times[int(len(times) * 0.95)]:5.0f} ms from when they were due, {late} late by more than a second; "
        f"{each:4.1f} ms of processor each: {CORES * 1000 / each:5.0f} a second fit on two cores; "
        f"{dict(found.statuses)} {dict(found.verdicts)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
