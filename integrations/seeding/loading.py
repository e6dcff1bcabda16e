"""Fills an empty directory: people, organisations, documents and everything about them, in one transaction."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from random import Random

from django.db import connection

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from customers.models import Customer
from feedback.models import Document
from integrations.seeding import asides, catalogue, engagement, rows, segments
from integrations.seeding.companies import Company, companies
from integrations.seeding.copying import copy, reserve
from integrations.seeding.documents import (
    COLUMNS,
    RESPONSE_COLUMNS,
    TAG_COLUMNS,
    UNASSIGNED_SHARE,
    Aside,
    Documents,
    drafts,
)
from integrations.seeding.people import People
from integrations.seeding.rhythm import Rhythm
from integrations.seeding.tables import TABLES, bared
from integrations.seeding.verifying import verify

BATCH = 10_000
CUSTOMERS_PER_ACCOUNT = 20
LARGE = 30_000  # from here on, building indexes once at the end is quicker than row by row

Say = Callable[[str], None]


class NotEmpty(Exception):
    """Somebody's customers are there already; demo data does not go among them."""


@dataclass(slots=True)
class Wanted:
    customers: int
    documents_per_customer: float
    seed: int
    until: datetime
    demo: bool


@dataclass(slots=True)
class Loaded:
    customers: int = 0
    accounts: int = 0
    documents: int = 0


def load(wanted: Wanted, *, now: datetime, say: Say) -> Loaded:
    """Makes the demo directory. Raises NotEmpty, and makes nothing, when there are customers, accounts or documents.

    Columns that triggers keep are computed here, as the triggers would, and checked at the end; so the triggers rest
    meanwhile, and with many rows the indexes too. All is one transaction: a load that fails leaves nothing behind.
    """
    started, loaded = time.monotonic(), Loaded()
    with recorded(Actor.of_system("seed"), "demo.seeded", now=now) as entry:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('roster.audit_rows', 'off', true)")
            cursor.execute(f"LOCK TABLE {', '.join(TABLES)} IN SHARE ROW EXCLUSIVE MODE")
        if any(model.objects.exists() for model in (Customer, Account, Document)):
            raise NotEmpty
        known = catalogue.ensure(demo=wanted.demo)
        rhythm = Rhythm(wanted.until)
        makers = People(rhythm, known, documents_each=wanted.documents_per_customer * (1 - UNASSIGNED_SHARE))
        firms = companies(Random(f"{wanted.seed} companies"), until=rhythm.end)  # noqa: S311
        with bared(indexes=wanted.customers >= LARGE, say=say), _uncollected():
            for first in range(1, wanted.customers + 1, BATCH):
                numbers = range(first, min(first + BATCH, wanted.customers + 1))
                random = Random(f"{wanted.seed} customers {first}")  # noqa: S311
                _load_batch(numbers, random, rhythm, makers, firms, known, loaded)
                say(
                    f"{loaded.customers:,} of {wanted.customers:,} customers, {loaded.documents:,} documents,"
                    f" {time.monotonic() - started:.0f} s"
                )
        engagement.count_days()
        segments.make(known, wanted.seed, wanted.until)
        verify(every=max(1, wanted.customers // 20_000))
        entry.facts |= {"customers": loaded.customers, "accounts": loaded.accounts, "documents": loaded.documents}
    return loaded


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: there are none, and it would look at every row of a batch again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _load_batch(
    numbers: range, random: Random, rhythm: Rhythm, makers: People, firms: Iterator[Company],
    known: catalogue.Catalogue, loaded: Loaded,
) -> None:  # fmt: skip
    staffed = list(islice(firms, max(1, len(numbers) // CUSTOMERS_PER_ACCOUNT)))
    for id_, company in enumerate(staffed, reserve("accounts_account", len(staffed))):
        company.id = id_
    people = sorted(makers.batch(random, numbers, staffed), key=lambda person: person.created)
    for id_, person in enumerate(people, reserve("customers_customer", len(people))):
        person.id = id_
    writings = drafts(people, random, rhythm)
    first_document = reserve("feedback_document", max(1, len(writings)))

    copy("accounts_account", rows.ACCOUNT, map(rows.account_row, staffed))
    copy("customers_customer", rows.CUSTOMER, (rows.customer_row(person, known) for person in people))
    identifiers = (row for person in people for row in rows.identifier_rows(person, known))
    copy("customers_identifier", rows.IDENTIFIER, identifiers)
    copy("customers_customervalue", rows.VALUE, (row for person in people for row in rows.value_rows(person, known)))
    copy("customers_customertag", rows.TAG, (f"{person.id}\t{tag}" for person in people for tag in person.tags))
    copy("customers_membership", asides.MEMBERSHIP, asides.membership_rows(people, random))
    aside = Aside()
    written = Documents(random, rhythm, known).rows(writings, first_document, people, aside)
    loaded.documents += copy("feedback_document", COLUMNS, written)
    copy("feedback_documenttag", TAG_COLUMNS, aside.tags)
    wordless = asides.response_rows(people, random, rhythm, known)
    copy("engagement_surveyresponse", RESPONSE_COLUMNS, [*aside.responses, *wordless])
    copy("customers_note", asides.NOTE, asides.note_rows(people, random, rhythm, known))
    source = known.sources["users"]
    copy("engagement_usageevent", engagement.USAGE, engagement.usage_rows(people, random, rhythm, source))
    deliveries = engagement.delivery_rows(people, random, rhythm, known.campaigns, source)
    copy("engagement_delivery", engagement.DELIVERY, deliveries)
    loaded.customers += len(people)
    loaded.accounts += len(staffed)
