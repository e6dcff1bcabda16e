import pytest
from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.models import Change, Entry
from customers import editing
from customers.creating import Taken, create, draft_of
from customers.identifying import identities
from customers.models import Customer, Identifier

pytestmark = pytest.mark.django_db

MINA = Actor(via="page", rank="staff")
SYNC = Actor(via="sync", rank="sync")


def ana(**more: object) -> Customer:
    found = identities([("email", "Ana@Ex.test"), ("email", "ana.ruiz@home.test"), ("phone", "+34 600 111 222")])
    return create(draft_of(name="Ana Kovač", identities=found, **more), actor=MINA)


def test_a_customer_is_created_with_contact_details_search_text_and_history() -> None:
    customer = Customer.objects.get(pk=ana(properties={"Seats": ["12"]}).pk)
    assert (customer.primary_email, customer.primary_phone) == ("Ana@Ex.test", "+34 600 111 222")
    assert customer.search_text == "ana kovac ana.ruiz@home.test ana@ex.test +34600111222"
    assert customer.version == 1
    entry = Entry.objects.get(verb="customer.created")
    assert (entry.subject_id, entry.via) == (customer.pk, "page")
    assert {change.table for change in entry.changes.all()} >= {"customers_customer", "customers_identifier"}


def test_an_email_belongs_to_one_customer_whatever_its_case() -> None:
    first = ana()
    with pytest.raises(Taken) as refusal:
        create(draft_of(name="Other", identities=identities([("email", "ANA@ex.TEST")])), actor=MINA)
    assert refusal.value.customer == first
    assert Customer.objects.count() == 1


def test_a_phone_may_be_shared() -> None:
    ana()
    create(draft_of(name="Bo", identities=identities([("phone", "+34600111222")])), actor=MINA)
    assert Identifier.objects.filter(normalized="+34600111222").count() == 2


def test_renaming_keeps_search_and_version_true() -> None:
    customer = editing.rename(ana(), "Zoë Ruiz", actor=MINA)
    customer.refresh_from_db()
    assert customer.search_text.startswith("zoe ruiz ana.ruiz@")
    assert (customer.sort_name, customer.version) == ("zoe ruiz", 2)


def test_a_stale_form_is_refused_and_changes_nothing() -> None:
    customer = ana()
    editing.rename(customer, "Ana Ruiz", actor=MINA, version=customer.version)
    with pytest.raises(editing.Stale) as refusal:
        editing.rename(customer, "Anna", actor=MINA, version=1)
    assert refusal.value.customer.name == "Ana Ruiz"


def test_removing_the_primary_email_promotes_the_next_one() -> None:
    customer = ana()
    editing.remove_identifier(customer.identifiers.get(kind="email", primary=True), actor=MINA)
    customer.refresh_from_db()
    assert customer.primary_email == "ana.ruiz@home.test"
    assert "ana@ex.test" not in customer.search_text


def test_an_email_is_corrected_in_place() -> None:
    customer = ana()
    editing.change_identifier(customer.identifiers.get(value="Ana@Ex.test"), "ana@new.test", actor=MINA)
    customer.refresh_from_db()
    assert customer.primary_email == "ana@new.test"


def test_an_identifier_of_somebody_else_is_not_taken_over() -> None:
    customer = ana()
    bo = create(draft_of(name="Bo", identities=identities([("user_id", "b-1")])), actor=MINA)
    with pytest.raises(Taken):
        editing.add_identifier(bo, "email", "ana@ex.test", actor=MINA)
    assert bo.identifiers.count() == 1
    assert customer.identifiers.count() == 3


def test_a_sync_does_not_overwrite_what_staff_set() -> None:
    customer = ana(properties={"plan": ["Custom"]})
    editing.set_property(customer, "Plan", ["Free"], actor=SYNC)
    customer.refresh_from_db()
    assert customer.properties == {"plan": ["Custom"]}
    editing.reset_property(customer, "plan", actor=MINA)
    customer.refresh_from_db()
    assert customer.properties == {"plan": ["Free"]}


def test_nothing_changed_leaves_no_entry() -> None:
    customer = ana()
    entries, changes = Entry.objects.count(), Change.objects.count()
    editing.rename(customer, "  Ana   Kovač ", actor=MINA)
    editing.add_identifier(customer, "email", "ANA@ex.test", actor=MINA)
    assert (Entry.objects.count(), Change.objects.count()) == (entries, changes)


@pytest.mark.parametrize("name", ["a\x00b", "x" * 301, "\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        editing.rename(ana(), name, actor=MINA)


def test_the_audit_log_is_append_only() -> None:
    from django.db import DatabaseError, transaction

    ana()
    for refused in (Entry.objects.all().delete, lambda: Change.objects.update(before=None)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            refused()


def test_a_change_by_raw_sql_is_in_the_audit_log_too() -> None:
    from django.db import connection

    customer = ana()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('roster.entry', '', true)")
        cursor.execute("UPDATE customers_customer SET name = 'Eve' WHERE id = %s", [customer.pk])
    change = Change.objects.latest("pk")
    assert (change.before, change.after) == ({"name": "Ana Kovač"}, {"name": "Eve"})
    assert change.entry.via == "database"
