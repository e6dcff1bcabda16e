"""The history of a customer, a document, an account: what people read of the audit log."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from audit.actor import Actor
from audit.models import Change
from audit.reading import history_of, recent
from audit.recording import recorded
from core import clock
from customers import creating, editing, noting, tagging
from customers.identifying import identity
from customers.models import Customer, Membership
from feedback.models import Document
from properties.models import Definition
from staff.models import Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina() -> User:
    return User.objects.create_user("mina@roster.example", name="Mina Okafor", role=Role.SUPPORT)


@pytest.fixture
def actor(mina: User) -> Actor:
    return Actor.of_staff(mina)


@pytest.fixture
def ana(actor: Actor) -> Customer:
    return creating.create(creating.Draft("Ana Kovač", [identity("email", "ana@lumen.example")]), actor=actor)


def lines(kind: str, pk: int, viewer: User, entry: int = 0) -> list[str]:
    told = history_of(kind, pk, viewer).entries[entry]
    return [f"{line.label}: {line.text or f'{line.before} → {line.after}'}" for line in told.lines]


def give(document: Document, customer: Customer | None, actor: Actor) -> None:
    with recorded(actor, "document.linked" if customer else "document.unlinked", document):
        Document.objects.filter(pk=document.pk).update(customer=customer, link="staff" if customer else "removed")


def test_says_who_added_a_customer_and_how(ana: Customer, mina: User) -> None:
    (told,) = history_of("customer", ana.pk, mina).entries
    assert (told.who, told.did, told.subject) == ("Mina Okafor", "added", None)
    assert "Email: ana@lumen.example added as primary" in lines("customer", ana.pk, mina)


def test_shows_a_new_name_beside_the_old_one(ana: Customer, mina: User, actor: Actor) -> None:
    editing.rename(ana, "Ana Ruiz", actor=actor)
    assert lines("customer", ana.pk, mina) == ["Name: Ana Kovač → Ana Ruiz"]


def test_shows_properties_one_by_one_under_their_labels(ana: Customer, mina: User, actor: Actor) -> None:
    Definition.objects.create(key="plan", label="Plan")
    Definition.objects.create(key="seats", label="Seats", type="number")
    editing.set_property(ana, "plan", ["Pro"], actor=actor)
    editing.set_property(ana, "seats", ["1200"], actor=actor)
    assert lines("customer", ana.pk, mina) == ["Seats:  → 1,200"]
    editing.set_property(ana, "plan", ["Scale"], actor=actor)
    assert lines("customer", ana.pk, mina) == ["Plan: Pro → Scale"]


def test_names_the_identifier_that_was_made_primary_and_only_that_one(ana: Customer, mina: User, actor: Actor) -> None:
    second = editing.add_identifier(ana, "email", "ana@home.example", actor=actor)
    editing.make_primary(second, actor=actor)
    assert lines("customer", ana.pk, mina) == ["ana@home.example: made primary"]


def test_names_tags_and_quotes_notes(ana: Customer, mina: User, actor: Actor) -> None:
    tagging.add_tag([ana.pk], "VIP", actor=actor)
    assert lines("customer", ana.pk, mina) == ["Tag: VIP added"]
    noting.add_note(ana, "Prefers a call.", actor=actor)
    assert lines("customer", ana.pk, mina) == ["Note:  → Prefers a call."]


def test_names_the_account_that_a_customer_joined(ana: Customer, mina: User, actor: Actor) -> None:
    with recorded(actor, "customer.edited", ana):
        account = Account.objects.create(name="Lumenworks")
        Membership.objects.create(customer=ana, account=account)
    assert lines("customer", ana.pk, mina) == ["Account: Lumenworks added"]
    assert "Customer: Ana Kovač added" in lines("account", account.pk, mina)


def test_a_document_that_moves_stands_in_the_history_of_both_customers(ana: Customer, mina: User, actor: Actor) -> None:
    bo = creating.create(creating.Draft("Bo", [identity("email", "bo@lumen.example")]), actor=actor)
    with recorded(actor, "document.received"):
        document = Document.objects.create(title="Export fails", channel="chat", occurred_at=clock.now())
    give(document, ana, actor)
    give(document, bo, actor)
    assert lines("customer", bo.pk, mina) == ["Feedback: “Export fails” linked from Ana Kovač"]
    assert lines("customer", ana.pk, mina) == ["Feedback: “Export fails” removed and linked to Bo"]
    assert lines("document", document.pk, mina) == ["Customer: Ana Kovač → Bo"]
    give(document, None, actor)
    assert lines("customer", bo.pk, mina) == ["Feedback: “Export fails” removed"]


def test_a_change_made_in_the_database_is_shown_too(ana: Customer, mina: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('roster.entry', '', false)")
        cursor.execute("UPDATE customers_customer SET name = 'Ana R' WHERE id = %s", [ana.pk])
    (told, _) = history_of("customer", ana.pk, mina).entries
    assert (told.who, told.through) == ("Somebody", "directly in the database")


def test_an_entry_that_changed_nothing_is_shown_in_its_place(ana: Customer, mina: User, actor: Actor) -> None:
    with recorded(actor, "customer.exported", ana):
        pass
    editing.rename(ana, "Ana R", actor=actor)
    assert [told.did for told in history_of("customer", ana.pk, mina).entries] == [
        "renamed",
        "exported the customer",
        "added",
    ]


def test_older_pages_go_on_where_the_newer_ended_and_end(ana: Customer, mina: User, actor: Actor) -> None:
    for number in range(7):
        editing.rename(ana, f"Ana {number}", actor=actor)
        with recorded(actor, "customer.exported", ana):
            pass
    seen, cursor, pages = [], "", 0
    while True:
        past = history_of("customer", ana.pk, mina, cursor=cursor, size=4)
        seen += [told.entry_id for told in past.entries]
        pages += 1
        cursor = past.older
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 15
    assert seen == sorted(seen, reverse=True)
    assert pages <= 9


@pytest.mark.parametrize("cursor", ["x", "1", "-1.5", "9" * 50, "١.٢", "1.2.3"])
def test_a_cursor_that_nobody_made_shows_the_newest(ana: Customer, mina: User, cursor: str) -> None:
    assert len(history_of("customer", ana.pk, mina, cursor=cursor).entries) == 1


def test_takes_as_many_queries_for_25_entries_as_for_one(ana: Customer, mina: User, actor: Actor) -> None:
    def work(number: int) -> None:
        tagging.add_tag([ana.pk], f"tag {number}", actor=actor)
        noting.add_note(ana, f"note {number}", actor=actor)
        editing.add_identifier(ana, "email", f"ana{number}@lumen.example", actor=actor)
        editing.set_property(ana, "plan", [str(number)], actor=actor)
        with recorded(actor, "document.received"):
            Document.objects.create(
                title=f"D{number}", channel="chat", occurred_at=clock.now(), customer=ana, link="staff"
            )

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            history_of("customer", ana.pk, mina, size=200)
        return len(seen)

    work(0)
    few = queries()
    for number in range(1, 25):
        work(number)
    assert queries() == few <= 10


def test_recent_activity_reads_as_sentences(ana: Customer, mina: User) -> None:
    assert recent(mina)[0].sentence == "Mina Okafor added Ana Kovač"


def test_the_page_and_its_panel(client, ana: Customer, mina: User) -> None:
    client.force_login(mina)
    address = f"/audit/history/customer/{ana.pk}/"
    page = client.get(address)
    assert page.status_code == 200
    assert "<!doctype html>" in page.content.decode()
    panel = client.get(address, headers={"HX-Request": "true", "HX-Target": "history"}).content.decode()
    assert panel.strip().startswith("<section")
    assert "ana@lumen.example added as primary" in panel


@pytest.mark.parametrize("address", ["customer/999999", "customer/99999999999999999999", "tag/1", "nothing/1"])
def test_what_is_not_there_answers_404(client, mina: User, address: str) -> None:
    client.force_login(mina)
    assert client.get(f"/audit/history/{address}/").status_code == 404


def test_a_hostile_name_is_shown_as_text(client, mina: User, actor: Actor) -> None:
    customer = creating.create(creating.Draft("<script>alert(1)</script>"), actor=actor)
    client.force_login(mina)
    page = client.get(f"/audit/history/customer/{customer.pk}/").content.decode()
    assert "<script>alert" not in page


def test_every_change_of_these_tests_can_be_told(ana: Customer) -> None:
    assert Change.objects.exists()
