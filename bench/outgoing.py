"""`python -m bench.outgoing`: what outgoing webhooks cost those who change records, and how fast they are sent.

The same statements run with and without the triggers in turns, each rolled back: other work on the machine is in all.
"""

import argparse
import os
import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

from bench import environment
from bench.__main__ import set_up_django

DATABASE = "roster_bench_outgoing"
TABLES = ("customers_customer", "customers_identifier", "customers_membership", "customers_customertag",
          "feedback_document")  # fmt: skip
EVENTS = "{customer.created,customer.updated,customer.deleted,customer.purged,document.created,document.linked}"
LISTEN = f"""INSERT INTO outgoing_endpoint (name, url, events, secret, old_secret, created_at, failures)
    VALUES ('Bench', 'http://localhost/', '{EVENTS}', 'whsec_eA==', '', now(), 0)"""
STATEMENTS = {
    "documents inserted, 2,000 at once": """
        INSERT INTO feedback_document (title, body, body_format, channel, author, author_email, link, custom_fields,
            metadata, status, state, occurred_at, tag_ids)
        SELECT 'Export fails', 'It says no', 'text', 'chat', '{}', '', 'none', '{}', '{}', '', 'active', now(), '{}'
        FROM generate_series(1, 2000)""",
    "customers renamed, 1,000 at once": """
        UPDATE customers_customer SET name = name || '.' WHERE id IN (
            SELECT id FROM customers_customer WHERE state = 'active' ORDER BY id LIMIT 1000)""",
    "one customer renamed, 200 times": """
        DO $$ BEGIN FOR i IN 1..200 LOOP
            UPDATE customers_customer SET name = 'N' || i WHERE id = (SELECT min(id) FROM customers_customer
                                                                      WHERE state = 'active');
        END LOOP; END $$""",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.outgoing")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--deliveries", type=int, default=2_000)
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(DATABASE, customers=2_000, documents=4_000)
    os.environ["ROSTER_WEBHOOKS_TO_PRIVATE_ADDRESSES"] = "1"
    set_up_django()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        for name, sql in STATEMENTS.items():
            _compare(connection, name, sql, options.rounds)
    _send(options.deliveries)


def _compare(connection: "psycopg.Connection[Any]", name: str, sql: str, rounds: int) -> None:
    took: dict[str, list[float]] = {"without the triggers": [], "nobody listens": [], "one listens": []}
    for _ in range(rounds):
        for case, times in took.items():
            if case == "without the triggers":
                for table in TABLES:
                    for operation in ("insert", "update", "delete"):
                        connection.execute(f"DROP TRIGGER IF EXISTS outgoing_{table}_{operation} ON {table}")
            if case == "one listens":
                connection.execute(LISTEN)
            began = time.perf_counter()
            connection.execute(sql)
            times.append(time.perf_counter() - began)
            connection.rollback()
    bare = statistics.median(took["without the triggers"])
    said = ", ".join(
        f"{case} {statistics.median(times) * 1000:.0f} ms ({statistics.median(times) / bare:.2f})"
        for case, times in took.items()
    )
    print(f"{name}: {said}", flush=True)


def _send(number: int) -> None:
    """To a receiver in this process, which takes half of the time."""
    from outgoing import sending
    from outgoing.models import Delivery, Endpoint

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    endpoint = Endpoint.objects.create(name="Bench", url=url, events=[], secret="whsec_eA==")  # noqa: S106
    told = {"endpoint": endpoint, "event": "customer.updated", "subject": "customer"}
    Delivery.objects.bulk_create(Delivery(**told, subject_id=pk) for pk in range(number))
    began = time.perf_counter()
    while sending.run(endpoint.pk):
        pass
    took = time.perf_counter() - began
    left = Delivery.objects.pending().filter(endpoint=endpoint).count()
    print(f"{number:,} deliveries in {took:.1f} s: {number / took:,.0f} a second, {left} left", flush=True)
    endpoint.delete()
    server.shutdown()


if __name__ == "__main__":
    main()
