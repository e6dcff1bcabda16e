from typing import Any

import pytest
from django.test import Client

from audit.models import Change
from customers.models import Note
from customers.noting import add_note, delete_note
from tests.customers.people import mina, part, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_note_is_written_and_shown_with_its_author(support: Client) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/notes/", {"body": " Prefers a call.\r\nمرحبا 🎉 "}, **part("notes"))
    assert ana.notes.get().body == "Prefers a call.\nمرحبا 🎉"
    assert "Mina Okafor" in text_of(answer)
    assert Change.objects.of("customer", ana.pk).filter(table="customers_note").count() == 1


@pytest.mark.parametrize(
    ("body", "error"), [("  \n ", "Write something first."), ("x" * 20_001, "Must be at most"), ("a\x00", "ull")]
)
def test_a_note_needs_words_that_can_be_kept(support: Client, body: str, error: str) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/notes/", {"body": body}, **part("notes"))
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)
    assert not ana.notes.exists()


def test_one_edits_ones_own_note_and_nobody_elses(support: Client) -> None:
    ana = person()
    note = add_note(ana, "First", actor=mina())
    answer = support.post(f"/customers/{ana.pk}/notes/{note.pk}/", {"body": "Second"}, **part("notes"))
    assert "edited" in text_of(answer)
    assert ana.notes.get().body == "Second"
    assert signed_in("admin").post(f"/customers/{ana.pk}/notes/{note.pk}/", {"body": "Third"}).status_code == 404
    assert "Edit<" not in text_of(signed_in("admin").get(f"/customers/{ana.pk}/", **part("notes")))


def test_pinned_notes_come_first(support: Client) -> None:
    ana = person()
    old = add_note(ana, "Old one", actor=mina())
    add_note(ana, "New one", actor=mina())
    answer = text_of(support.post(f"/customers/{ana.pk}/notes/{old.pk}/pin/", {"pinned": "yes"}, **part("notes")))
    assert answer.index("Old one") < answer.index("New one")
    support.post(f"/customers/{ana.pk}/notes/{old.pk}/pin/", {"pinned": "no"}, **part("notes"))
    assert not Note.objects.get(pk=old.pk).pinned


def test_a_deleted_note_comes_back_as_it_was(support: Client) -> None:
    ana = person()
    note = add_note(ana, "Prefers a call.", actor=mina())
    Note.objects.filter(pk=note.pk).update(pinned=True)
    before = Note.objects.values().get(pk=note.pk)
    answer = support.post(f"/customers/{ana.pk}/notes/{note.pk}/delete/", **part("notes"))
    assert f"/customers/{ana.pk}/notes/{note.pk}/restore/" in answer["HX-Trigger"]
    assert not ana.notes.exists()
    assert support.post(f"/customers/{ana.pk}/notes/{note.pk}/restore/").status_code == 303
    assert Note.objects.values().get(pk=note.pk) == before
    assert support.post(f"/customers/{ana.pk}/notes/{note.pk}/restore/").status_code == 404


def test_notes_of_others_are_deleted_by_admins_only(support: Client) -> None:
    ana = person()
    note = add_note(ana, "By Mina", actor=mina())
    theirs = add_note(ana, "By nobody any more", actor=mina())
    Note.objects.filter(pk=theirs.pk).update(author=None)
    assert support.post(f"/customers/{ana.pk}/notes/{theirs.pk}/delete/").status_code == 404
    assert signed_in("admin").post(f"/customers/{ana.pk}/notes/{note.pk}/delete/").status_code == 303
    assert list(ana.notes.all()) == [theirs]


def test_notes_of_another_customer_are_not_reached(support: Client) -> None:
    ana, bo = person(), person("Bo", "bo@ex.test")
    note = add_note(bo, "About Bo", actor=mina())
    for path in (f"{note.pk}/", f"{note.pk}/pin/", f"{note.pk}/delete/"):
        assert support.post(f"/customers/{ana.pk}/notes/{path}", {"body": "x"}).status_code == 404
    delete_note(note, actor=mina())
    assert support.post(f"/customers/{ana.pk}/notes/{note.pk}/restore/").status_code == 404


def test_older_notes_are_shown_on_demand(support: Client) -> None:
    ana = person()
    for n in range(12):
        add_note(ana, f"Note number {n}.", actor=mina())
    page = text_of(support.get(f"/customers/{ana.pk}/", **part("notes")))
    assert "Note number 1." not in page
    assert "Show all notes" in page
    assert "Note number 1." in text_of(support.get(f"/customers/{ana.pk}/notes/", **part("notes")))
