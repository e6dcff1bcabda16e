"""What the triggers write of a row: its columns as they are, those that differ, and nothing for what is derived."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import F

from audit.actor import Actor
from audit.models import Change, Entry
from audit.recording import recorded
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer, Tag
from feedback.models import Document

pytestmark = pytest.mark.django_db

MINA = Actor(via="page", rank="staff")
HIDDEN = ["search_vector", "tag_ids", "updated_at", "received_at", "content_digest", "author_email"]
BRIEF = ["title", "body", "author", "custom_fields", "metadata"]


def test_an_inserted_row_is_kept_as_the_database_would_write_it_in_json() -> None:
    with recorded(MINA, "document.received"):
        document = Document.objects.create(
            title="Export fails", channel="email", occurred_at=datetime(2026, 3, 1, 10, 0, 0, 1234, UTC)
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (to_jsonb(d) - %s::text[])::text FROM feedback_document d WHERE id = %s",
            [HIDDEN + BRIEF, document.pk],
        )
        row = cursor.fetchone()[0]
    change = Change.objects.get(table="feedback_document", row_id=document.pk)
    assert change.before is None
    assert change.after == json.loads(row)
    assert {"id", "channel", "occurred_at", "customer_id"} <= change.after.keys()


def test_derived_columns_that_change_are_no_change() -> None:
    ana = create(draft_of(name="Ana", identities=identities([("email", "ana@ex.test")])), actor=MINA)
    changes, entries = Change.objects.count(), Entry.objects.count()
    Customer.objects.filter(pk=ana.pk).update(feedback_count=F("feedback_count") + 1, last_seen_at=datetime.now(UTC))
    assert (Change.objects.count(), Entry.objects.count()) == (changes, entries)


def test_a_bulk_update_keeps_only_what_differs_of_each_row() -> None:
    people = [create(draft_of(name=f"Person {n}"), actor=MINA) for n in range(20)]
    Customer.objects.filter(pk=people[0].pk).update(name="Somebody")  # the session plans the trigger for one row
    last = Change.objects.latest("pk").pk
    Customer.objects.filter(pk__in=[one.pk for one in people]).update(name="Somebody", feedback_count=3)
    found = {change.row_id: (change.before, change.after) for change in Change.objects.filter(pk__gt=last)}
    assert found == {one.pk: ({"name": one.name}, {"name": "Somebody"}) for one in people[1:]}


def test_a_row_that_gets_another_id_is_recorded_under_both() -> None:
    tag = Tag.objects.create(name="VIP")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_tag SET id = id + 1000 WHERE id = %s", [tag.pk])
    assert set(Change.objects.filter(table="customers_tag", operation="update").values_list("row_id", flat=True)) == {
        tag.pk,
        tag.pk + 1000,
    }
