"""`manage.py seed`: a demo directory, in an empty database."""

from argparse import ArgumentParser, BooleanOptionalAction
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from customers import duplicates
from integrations.seeding.catalogue import DEMO_PASSWORD, make_logins
from integrations.seeding.customer_logins import make_portal_logins
from integrations.seeding.loading import NotEmpty, Wanted, load
from integrations.seeding.tables import analyze


class Command(BaseCommand):
    help = "Fills an empty database with a believable company's customers and their feedback."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=1000)
        parser.add_argument("--documents-per-customer", type=float, default=5.0)
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same people (default 1)")
        parser.add_argument("--until", type=_moment, help="the last day, as 2026-11-21, or moment; default now")
        parser.add_argument("--if-empty", action="store_true", help="make no customers when there are some already")
        parser.add_argument(
            "--demo",
            action=BooleanOptionalAction,
            default=False,
            help=f"logins of all kinds with the password {DEMO_PASSWORD}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["customers"] < 1 or options["documents_per_customer"] < 0:
            raise CommandError("There must be at least one customer, and no fewer than 0 documents each.")
        now = clock.now()
        wanted = Wanted(
            customers=options["customers"],
            documents_per_customer=options["documents_per_customer"],
            seed=options["seed"],
            until=min(options["until"] or now, now),
            demo=options["demo"],
        )
        try:
            loaded = load(wanted, now=now, say=self._say if options["verbosity"] else _quiet)
        except NotEmpty:
            if options["if_empty"]:
                if wanted.demo:
                    with recorded(Actor.of_system("seed"), "demo.logins_made", now=now):
                        make_logins()
                return
            raise CommandError(
                "There are customers, accounts or documents already; demo data goes into an empty database."
            ) from None
        analyze()
        duplicates.find(actor=Actor.of_system("seed"), now=now)  # instead of at the next full hour
        self.stdout.write(
            f"Made {loaded.customers:,} customers of {loaded.accounts:,} accounts, with {loaded.documents:,} documents."
        )
        if wanted.demo:
            customers = make_portal_logins(actor=Actor.of_system("seed"), now=now)
            self.stdout.write(f"Sign in as viewer@, support@, admin@ or root@roster.example, password {DEMO_PASSWORD}.")
            self.stdout.write(f"Customers sign in to the portal as {' or '.join(customers)}, with the same password.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _quiet(line: str) -> None:
    pass


def _moment(given: str) -> datetime:
    """A day stands for its last moment."""
    moment = datetime.fromisoformat(given)
    if len(given) == 10:
        moment = moment.replace(hour=23, minute=59)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
