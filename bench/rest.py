"""`python -m bench.rest`: pages of 50 through the REST API. Budget at a million: p50 15 ms, p95 30 ms."""

import argparse
import os
import statistics
from typing import Any

from bench import environment
from bench.__main__ import set_up_django
from bench.client import Client

PAGES = {
    "customers, last seen first": "/customers?limit=50",
    "customers by name": "/customers?limit=50&sort=name",
    "customers, searched": "/customers?limit=50&q=anna",
    "customers with a channel": "/customers?limit=50&channel=email",
    "documents, newest first": "/documents?limit=50",
    "accounts by name": "/accounts?limit=50",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rest")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100)
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(
        environment.name_of(options.customers, options.customers * 5),
        customers=options.customers, documents=options.customers * 5,
    )  # fmt: skip
    environment.collect_static()
    set_up_django()
    headers = {"Authorization": f"Bearer {_key()}"}
    with environment.serving("config.wsgi:application") as (port, _):
        client = Client(port)
        for name, path in PAGES.items():
            show(name, [client.get(f"/api/v1{path}", headers) for _ in range(options.requests)])
        cursor, pages = "", []
        for _ in range(options.requests):
            pages.append(client.get(f"/api/v1/customers?limit=50{cursor}", headers))
            following = _next(pages[-1])
            cursor = f"&cursor={following}" if following else ""
        show("customers, page after page", pages)
        one = _first(pages[0])
        show("one customer", [client.get(f"/api/v1/customers/{one}", headers) for _ in range(options.requests)])


def show(name: str, answers: list[Any]) -> None:
    wrong = [one.status for one in answers if one.status != 200]
    times = sorted(one.milliseconds for one in answers[2:])
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95) - 1]
    size = len(answers[-1].body) / 1024
    print(f"{name:32} p50 {p50:7.1f} ms  p95 {p95:7.1f} ms  {size:7.0f} kB  {wrong or ''}", flush=True)


def _key() -> str:
    from audit.actor import Actor
    from integrations.issuing import SCOPES, issue_key

    return issue_key(kind="api", name="Benchmark", scopes=sorted(SCOPES), actor=Actor.of_system("command"))[1]


def _next(answer: Any) -> str | None:
    from core.json import loads

    found = loads(answer.body)["next"]
    return str(found) if found else None


def _first(answer: Any) -> int:
    from core.json import loads

    return int(loads(answer.body)["items"][0]["id"])


if __name__ == "__main__":
    main()
