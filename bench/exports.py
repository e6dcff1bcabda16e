"""`python -m bench.exports`: how many rows a second each list's CSV has, and what memory it takes."""

import argparse
import os
import resource
import time
from collections.abc import Iterator

from bench import environment
from bench.__main__ import set_up_django
from bench.processor import used

ASKED = 20_000  # rows a second


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.exports")
    parser.add_argument("--customers", type=int, default=100_000)
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(
        environment.name_of(options.customers, options.customers * 5),
        customers=options.customers, documents=options.customers * 5,
    )  # fmt: skip
    set_up_django()
    for name, rows, pieces in files():
        print(measured(name, rows, pieces), flush=True)


def measured(name: str, rows: int, pieces: Iterator[bytes]) -> str:
    """Rows a second, and for a second of processor time of the slower of both processes, which work side by side."""
    from django.db import connection

    connection.ensure_connection()
    backend = [connection.connection.info.backend_pid]
    theirs, own, started = used(backend), time.process_time(), time.perf_counter()
    size = sum(map(len, pieces))
    taken = time.perf_counter() - started
    slower = max((used(backend) - theirs) / 1000, time.process_time() - own, 0.001)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{name:12}{rows:>10,} rows{size / 1e6:>8,.0f} MB{rows / taken:>10,.0f} a second"
        f"{rows / slower:>10,.0f} for a second of processor time (asked: {ASKED:,}){memory:>7,.0f} MB of memory at most"
    )


def files() -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """What is exported, of everything that an admin sees: (list, rows, the file)."""
    from accounts.models import Account
    from core.paging import Sort
    from customers import exporting as of_customers
    from customers import listing
    from customers.accounts import exporting as of_accounts
    from customers.models import Customer, Membership
    from engagement import exporting as of_engagement
    from engagement.models import Delivery, SurveyResponse, UsageEvent
    from feedback import exporting as of_documents
    from feedback.listing import NEWEST
    from feedback.models import Document
    from staff.models import User

    admin = User.objects.filter(role="admin", team_members=None).order_by("pk")[0]
    by_name, newest = Sort("name", "sort_name"), listing.sort_of("-last_seen")
    customers = Customer.objects.visible_to(admin).active()
    accounts = Account.objects.visible_to(admin).active()
    documents = Document.objects.visible_to(admin).active()
    yield "customers", customers.count(), of_customers.stream(customers, newest, admin)
    yield "accounts", accounts.count(), of_accounts.stream(accounts, by_name, admin)
    yield "memberships", Membership.objects.count(), of_accounts.stream_memberships(accounts, by_name, admin)
    yield "documents", documents.count(), of_documents.stream(documents, NEWEST, admin)
    events, answers, deliveries = UsageEvent.objects.all(), SurveyResponse.objects.all(), Delivery.objects.all()
    yield "usage", events.count(), of_engagement.stream_usage(events, admin)
    yield "answers", answers.count(), of_engagement.stream_answers(answers, admin)
    yield "deliveries", deliveries.count(), of_engagement.stream_deliveries(deliveries, admin)


if __name__ == "__main__":
    main()
