"""Tags: made, renamed, recoloured, merged, deleted (2.8)."""

import pytest
from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core import clock
from customers import creating, tag_admin, tagging
from customers.models import Customer, Tag
from feedback.models import Document, DocumentTag

pytestmark = pytest.mark.django_db

ACTOR = Actor.of_system("command")


def customer(*tags: str) -> Customer:
    made = creating.create(creating.Draft("Ana"), actor=ACTOR)
    for tag in tags:
        tagging.add_tag([made.pk], tag, actor=ACTOR)
    return made


def document(tag: Tag) -> Document:
    with recorded(ACTOR, "document.received"):
        made = Document.objects.create(title="Export fails", channel="chat", occurred_at=clock.now())
        DocumentTag.objects.create(document=made, tag=tag)
    return made


def test_a_tag_gets_the_colour_chosen_or_always_the_same_one() -> None:
    assert tag_admin.create("VIP", 7, actor=ACTOR).hue == 7
    assert 1 <= tag_admin.create("Beta", actor=ACTOR).hue <= 8


@pytest.mark.parametrize("name", ["", "  ", "\u0301", "a\0b", "x" * 61, "\ud800"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        tag_admin.create(name, actor=ACTOR)


def test_a_colour_outside_the_palette_is_refused() -> None:
    with pytest.raises(ValidationError):
        tag_admin.create("VIP", 9, actor=ACTOR)


@pytest.mark.parametrize("name", ["vip", "VIP", "ＶＩＰ", " V I P".replace(" ", "")])
def test_a_name_that_exists_in_another_spelling_is_taken(name: str) -> None:
    tag_admin.create("Vip", actor=ACTOR)
    with pytest.raises(tag_admin.NameTaken):
        tag_admin.create(name, actor=ACTOR)


def test_renaming_keeps_the_tag_on_everybody() -> None:
    owner = customer("VIP")
    tag = Tag.objects.get()
    tag_admin.edit(tag, "Gold", tag.hue, actor=ACTOR)
    owner.refresh_from_db()
    assert (owner.tag_ids, Tag.objects.get().folded) == ([tag.pk], "gold")


def test_a_tag_may_change_the_letter_case_of_its_own_name() -> None:
    tag = tag_admin.create("vip", actor=ACTOR)
    assert tag_admin.edit(tag, "VIP", tag.hue, actor=ACTOR).name == "VIP"


def test_saving_what_was_there_records_nothing() -> None:
    tag = tag_admin.create("VIP", 3, actor=ACTOR)
    before = Entry.objects.count()
    tag_admin.edit(tag, "VIP", 3, actor=ACTOR)
    assert Entry.objects.count() == before


def test_merging_gives_everybody_the_other_tag_once() -> None:
    both, one = customer("VIP", "Gold"), customer("Gold")
    vip, gold = Tag.objects.get(name="VIP"), Tag.objects.get(name="Gold")
    paper = document(gold)
    reach = tag_admin.merge(gold, vip, actor=ACTOR).reach
    for record in (both, one, paper):
        record.refresh_from_db()
        assert record.tag_ids == [vip.pk]
    assert (reach.customers, reach.documents) == (2, 1)
    assert list(Tag.objects.all()) == [vip]


def test_a_tag_is_not_merged_with_itself() -> None:
    tag = tag_admin.create("VIP", actor=ACTOR)
    with pytest.raises(ValidationError):
        tag_admin.merge(tag, tag, actor=ACTOR)


def test_deleting_takes_it_off_everybody_and_leaves_them() -> None:
    owner = customer("VIP")
    paper = document(Tag.objects.get())
    reach = tag_admin.delete(Tag.objects.get(), actor=ACTOR).reach
    for record in (owner, paper):
        record.refresh_from_db()
        assert record.tag_ids == []
    assert (reach.customers, reach.documents) == (1, 1)
    entry = Entry.objects.get(verb="tag.deleted")
    assert set(entry.changes.values_list("table", flat=True)) == {
        "customers_tag", "customers_customertag", "feedback_documenttag",
    }  # fmt: skip


def test_counting_stops_at_the_cap() -> None:
    for _ in range(4):
        customer("VIP")
    tag = Tag.objects.get()
    assert tag_admin.reach_of([tag], cap=2)[tag.pk].customers == 3
    assert tag_admin.reach_of([tag], cap=10)[tag.pk].customers == 4
