"""`python -m bench.tracking`: usage events a second through the tracking endpoint, in batches as clients send them."""

import argparse
import gzip
import json
import os
import random
import subprocess
import threading
import time
import uuid
from typing import Any

import psycopg

from bench import environment
from bench.client import Client
from bench.processor import milliseconds

DATABASE = "roster_bench_tracking"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tracking")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=250, help="events a request")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0)
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(DATABASE, customers=1_000, documents=1_000)
    environment.collect_static()
    key = _key()
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection,
        environment.serving("config.wsgi:application") as (port, server),
    ):
        started = time.perf_counter()
        _introduce(port, key, options.people)
        print(f"{options.people:,} people and their accounts in {time.perf_counter() - started:.1f} s", flush=True)
        for size, packed in ((options.batch, False), (options.batch, True), (options.batch * 4, False)):
            before, began = milliseconds(server, connection), time.perf_counter()
            events = _send(port, key, options, size=size, packed=packed)
            took, worked = time.perf_counter() - began, milliseconds(server, connection) - before
            said = "gzipped" if packed else "plain"
            print(
                f"{events / took:,.0f} events a second in batches of {size}, {said}, by {options.clients} clients;"
                f" {worked / max(events, 1) * 1000:.0f} µs of processor time an event",
                flush=True,
            )


def _key() -> str:
    command = [environment.PYTHON, "manage.py", "create_key", "--kind", "tracking", "--name", f"Bench {time.time_ns()}"]
    made = subprocess.run([*command, "--skip-checks"], capture_output=True, text=True, check=True)
    return made.stdout.split()[-1]


def _introduce(port: int, key: str, people: int) -> None:
    client = Client(port)
    for start in range(0, people, 200):
        calls: list[dict[str, Any]] = []
        for number in range(start, min(start + 200, people)):
            user = f"bench-{number}"
            traits = {"name": f"Person {number}", "email": f"{user}@ex.test", "plan": "Team"}
            calls.append({"type": "identify", "userId": user, "traits": traits})
            calls.append({"type": "group", "userId": user, "groupId": f"bench-org-{number % 500}"})
        _post(client, key, calls)


def _send(port: int, key: str, options: argparse.Namespace, *, size: int, packed: bool) -> int:
    """Sends until the time is over; how many events were stored."""
    stored = [0] * options.clients
    until = time.perf_counter() + options.seconds

    def send(number: int) -> None:
        client, chance = Client(port), random.Random(number)  # noqa: S311
        while time.perf_counter() < until:
            _post(client, key, [_event(chance, options.people) for _ in range(size)], packed=packed)
            stored[number] += size

    threads = [threading.Thread(target=send, args=(number,)) for number in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(stored)


def _event(chance: random.Random, people: int) -> dict[str, Any]:
    return {
        "type": "track", "userId": f"bench-{chance.randrange(people)}", "event": chance.choice(_EVENTS),
        "properties": {"module": chance.choice(_MODULES), "format": "csv", "rows": chance.randrange(10_000)},
        "context": {"library": {"name": "bench", "version": "1"}},
        "messageId": str(uuid.uuid4()),
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def _post(client: Client, key: str, calls: list[dict[str, Any]], *, packed: bool = False) -> None:
    body = json.dumps({"writeKey": key, "batch": calls, "sentAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
    raw = gzip.compress(body.encode(), 1) if packed else body.encode()
    answer = client.request("POST", "/v1/batch", body=raw, headers=headers)
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {answer.text[:500]}")


_EVENTS = ("Report Exported", "Invoice Sent", "Comment Added", "File Uploaded", "Board Opened")
_MODULES = ("Reports", "Billing", "Boards", "Files")

if __name__ == "__main__":
    main()
