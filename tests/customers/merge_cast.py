"""Two records of one person, with something in every relation, and what they look like for comparing."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from audit.actor import Actor
from audit.models import Source
from core.json import loads
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.merge_rules import RELATIONS
from customers.models import Customer, DuplicateCandidate, Membership, Note
from customers.tagging import add_tag
from engagement.models import Survey, SurveyResponse
from feedback.models import Document
from feedback.receiving import Incoming, Received, receive
from tests.customers.people import STAFF
from tests.factories import AccountFactory, DefinitionFactory, DocumentFactory

# What moves with any write to a row, and is no part of who somebody is
VOLATILE = ("version", "updated_at")


def ana() -> Customer:
    """The record to keep: email and user ID, staff's own name, two documents."""
    DefinitionFactory.create(key="plan") if not _defined("plan") else None
    who = identities([("email", "ana@ex.test"), ("user_id", "u-1"), ("phone", "+34600111222")])
    kept = create(draft_of(name="Ana Kovač", identities=who, properties={"plan": ["Pro"], "seat": [1]}), actor=STAFF)
    add_tag([kept.pk], "vip", actor=STAFF)
    add_tag([kept.pk], "beta", actor=STAFF)
    north = AccountFactory.create(name="North")
    Membership.objects.create(customer=kept, account=north, primary=True, properties={}, contact=False)
    Note.objects.create(customer=kept, body="Prefers mail")
    for day in (3, 5):
        DocumentFactory.create(customer=kept, link="staff", occurred_at=at(day))
    return Customer.objects.get(pk=kept.pk)


def duplicate() -> Customer:
    """The record to absorb, made by a sync: the same phone, tag, account and note, and things of its own."""
    who = identities([("email", "a.kovac@ex.test"), ("user_id", "u-2"), ("handle", "x:ana"), ("phone", "600111222")])
    who += identities([("phone", "+34600111222")])
    made = create(
        draft_of(name="A. Kovac", identities=who, properties={"plan": ["Free"], "city": ["Split"]}), actor=sync()
    )
    add_tag([made.pk], "vip", actor=STAFF)
    add_tag([made.pk], "churn", actor=STAFF)
    north, south = AccountFactory._meta.model.objects.get(name="North"), AccountFactory.create(name="South")
    Membership.objects.create(customer=made, account=south, primary=True)
    Membership.objects.create(
        customer=made, account=north, contact=True, key_contact=True, properties={},
        provenance={"@contact": {"by": "staff", "at": "2026-01-01T00:00:00+00:00", "removed": False}},
    )  # fmt: skip
    Note.objects.create(customer=made, body="Prefers mail")
    Note.objects.create(customer=made, body="Called twice")
    for day in (1, 4, 9):
        DocumentFactory.create(customer=made, link="staff", occurred_at=at(day), channel="chat")
    said = feedback("From the old address", email="a.kovac@ex.test")
    survey = Survey.objects.get_or_create(name="NPS", kind="nps")[0]
    SurveyResponse.objects.create(survey=survey, customer=made, score=9, answered_at=at(4), document=said.document)
    return Customer.objects.get(pk=made.pk)


def pair() -> tuple[Customer, Customer]:
    kept, made = ana(), duplicate()
    third = create(draft_of(name="Third"), actor=STAFF)
    DuplicateCandidate.objects.create(first=kept, second=made, score=0.9)
    DuplicateCandidate.objects.create(first=made, second=third, score=0.5)
    return kept, made


def sync() -> Actor:
    return Actor.of_source(Source.objects.get_or_create(kind="user", name="Warehouse")[0])


def feedback(title: str, **author: str) -> Received:
    source = Source.objects.get_or_create(name="Inbox", kind="feedback")[0]
    incoming = Incoming(title=title, author=author, occurred_at=at(6))
    return receive(incoming, source=source, actor=Actor.of_source(source, via="intake"))


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def state(*customers: Customer) -> dict[str, Any]:
    """Every row of these customers as the database has it, except counters of writes."""
    ids = [customer.pk for customer in customers]
    found: dict[str, Any] = {}
    tables = [("customers_customer", "id"), *((one.table, one.column) for one in RELATIONS.values())]
    with connection.cursor() as cursor:
        for table, column in tables:
            if table == "customers_merge":
                continue
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {column} = ANY(%s) ORDER BY id", [ids])
            rows = [loads(row) for (row,) in cursor.fetchall()]
            found[f"{table}.{column}"] = [
                {key: value for key, value in row.items()
                 if key not in VOLATILE and not (table == "customers_customervalue" and key == "id")}
                for row in rows
            ]  # fmt: skip
    return found


def documents_of(customer: Customer) -> set[str]:
    return set(Document.objects.filter(customer=customer).values_list("title", flat=True))


def _defined(key: str) -> bool:
    return DefinitionFactory._meta.model.objects.filter(key=key).exists()
