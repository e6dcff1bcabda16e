"""`manage.py seed`: the demo directory."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, Max

from accounts.models import Account
from audit.models import Change, Entry
from customers.identifying import identity
from customers.models import Customer, CustomerValue, DuplicateCandidate, Identifier, Membership, Note, Segment, Tag
from customers.segment_counts import everybody_in
from customers.segment_filters import meaning
from engagement.models import SurveyResponse
from feedback.models import Document
from integrations.seeding import loading, tables
from integrations.seeding.verifying import Untrue
from properties.models import Definition
from staff.models import User

pytestmark = pytest.mark.django_db


def seed(customers: int = 150, **options: Any) -> None:
    call_command("seed", customers=customers, until=datetime(2026, 9, 17, 12, tzinfo=UTC), verbosity=0, **options)


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_the_directory_has_people_organisations_and_feedback_of_every_kind() -> None:
    seed(300)
    assert Customer.objects.count() == 300
    assert Account.objects.count() == 15
    assert 900 < Document.objects.count() < 2400
    assert set(Document.objects.values_list("channel", flat=True)) == set(Document.Channel.values)
    assert set(Definition.objects.values_list("type", flat=True)) == set(Definition.Type.values)
    assert Document.objects.filter(body_format="html").exists()
    assert Membership.objects.filter(key_contact=True).exists()
    assert SurveyResponse.objects.exists()
    assert Note.objects.exists()
    assert Tag.objects.values("hue").distinct().count() > 4
    assert Customer.objects.filter(name__regex="[一-龥]").exists()


def test_segments_hold_customers_and_were_counted_day_by_day() -> None:
    seed(300)
    kinds = list(Segment.objects.values_list("kind", flat=True))
    assert (kinds.count("static"), kinds.count("dynamic")) == (2, 3)
    until = datetime(2026, 9, 17, 12, tzinfo=UTC)
    for segment in Segment.objects.all():
        assert meaning(segment.query, Customer.objects.all()).fault == "" or segment.kind == "static"
        last = segment.counts.latest("on")
        assert (last.on, last.count) == (until.date(), everybody_in(segment, until).count())
        assert last.count > 0
        assert segment.counts.count() == 45


def test_some_documents_belong_to_nobody() -> None:
    seed()
    unassigned = Document.objects.unassigned()
    assert 0.03 < unassigned.count() / Document.objects.count() < 0.1
    strangers = set(unassigned.filter(link="none").exclude(author_email="").values_list("author_email", flat=True))
    assert strangers
    assert not Identifier.objects.filter(normalized__in=strangers).exists()


def test_some_people_are_there_twice() -> None:
    seed(300)
    shared = (
        Identifier.objects.filter(kind="phone").values("normalized").annotate(owners=Count("customer")).filter(owners=2)
    )
    assert shared.exists()


def test_identifiers_are_normalised_and_digested_as_those_of_everybody_else() -> None:
    seed()
    for one in Identifier.objects.all():
        expected = identity(one.kind, one.value)
        assert (one.value, one.normalized, bytes(one.digest)) == (expected.value, expected.normalized, expected.digest)


def test_batches_do_not_give_one_email_to_two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "BATCH", 30)
    seed(400, documents_per_customer=0.5)
    assert Customer.objects.count() == 400


@pytest.mark.parametrize("large", [False, True])
def test_the_triggers_would_have_written_the_same(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(loading, "LARGE", 1)
    seed()
    derived = "SELECT * FROM customers_customer ORDER BY id"
    values = "SELECT customer_id, definition_id, value FROM customers_customervalue ORDER BY 1, 2, 3"
    before, values_before = rows(derived), rows(values)
    for refresh in (
        "customers_refresh_contact_details",
        "feedback_refresh_customers",
        "customers_customer_refresh_tag_ids",
        "customers_refresh_values",
    ):
        rows(f"SELECT {refresh}(ARRAY(SELECT id FROM customers_customer))")
    rows("SELECT feedback_document_refresh_tag_ids(ARRAY(SELECT id FROM feedback_document))")
    assert rows(derived) == before
    assert rows(values) == values_before
    assert not Document.objects.filter(search_vector=None).exists()


@pytest.mark.parametrize("large", [False, True])
def test_triggers_indexes_and_constraints_are_as_they_were(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(loading, "LARGE", 1)
    everything = """
        SELECT 'trigger', tgname::text, tgenabled::text FROM pg_trigger
        UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
        UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes ORDER BY 1, 2, 3
    """
    without_numbers = [row for row in rows(everything) if not row[1].startswith("RI_ConstraintTrigger")]
    seed()
    assert [row for row in rows(everything) if not row[1].startswith("RI_ConstraintTrigger")] == without_numbers
    Customer.objects.first().identifiers.all().delete()  # type: ignore[union-attr]
    assert Customer.objects.order_by("id").first().primary_email == ""  # type: ignore[union-attr]


def test_the_same_seed_makes_the_same_people() -> None:
    def made(number: int) -> list[tuple[Any, ...]]:
        with transaction.atomic():
            seed(60, seed=number)
            people = list(
                Customer.objects.order_by("id").values_list(
                    "name", "search_text", "properties", "feedback_count", "last_seen_at"
                )
            )
            words = list(Document.objects.order_by("id").values_list("title", "body"))
            transaction.set_rollback(True)
        return people + words

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_nothing_happens_after_the_last_day() -> None:
    seed()
    until = datetime(2026, 9, 17, 12, tzinfo=UTC)
    assert Document.objects.aggregate(last=Max("occurred_at"))["last"] < until
    assert Customer.objects.aggregate(last=Max("created_at"))["last"] < until


def test_the_whole_load_is_one_audit_entry_without_rows() -> None:
    entries, changes = Entry.objects.count(), Change.objects.count()
    seed()
    assert Entry.objects.exclude(verb="duplicates.found").count() == entries + 1
    assert Change.objects.exclude(table="customers_duplicatecandidate").count() == changes
    assert Entry.objects.get(verb="demo.seeded").facts["customers"] == 150


def test_those_who_may_be_one_person_are_found_at_once() -> None:
    seed(customers=400)
    assert DuplicateCandidate.objects.exists()


def test_it_does_not_go_among_customers_that_are_there() -> None:
    Customer.objects.create(name="Ana Ruiz")
    with pytest.raises(CommandError, match="empty database"):
        seed()
    seed(if_empty=True)
    assert Customer.objects.count() == 1


def test_logins_are_made_only_when_asked_for() -> None:
    seed()
    assert not User.objects.exists()
    seed(if_empty=True, demo=True)
    assert set(User.objects.values_list("email", "role", "is_superuser", "is_staff")) == {
        ("viewer@roster.example", "viewer", False, False),
        ("support@roster.example", "support", False, False),
        ("admin@roster.example", "admin", False, False),
        ("root@roster.example", "admin", True, True),
    }
    assert authenticate(username="support@roster.example", password="roster-demo")
    seed(if_empty=True, demo=True)
    assert User.objects.count() == 4


def test_a_load_that_goes_wrong_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise Untrue("search text follows name and identifiers")

    monkeypatch.setattr(loading, "verify", refuse)
    with pytest.raises(Untrue):
        seed()
    assert not Customer.objects.exists()
    assert not Account.objects.exists()
    assert not rows("SELECT 1 FROM pg_trigger WHERE tgenabled = 'D'")


def test_the_generator_is_checked_against_the_triggers(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., str] = loading.rows.customer_row

    def careless(*arguments: Any) -> str:
        return real(*arguments).replace("@postbox.example", "@letterbox.example")

    monkeypatch.setattr(loading.rows, "customer_row", careless)
    with pytest.raises(Untrue, match="primary contact details"):
        seed()


def test_every_table_that_is_loaded_rests_its_triggers() -> None:
    loaded = {Customer, Identifier, CustomerValue, Membership, Note, Document, SurveyResponse, Account}
    assert {model._meta.db_table for model in loaded} <= set(tables.TABLES)
