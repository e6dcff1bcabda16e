"""Tags on many documents: few statements whatever their number. Of one document: `editing`."""

from collections.abc import Collection
from datetime import datetime

from audit.actor import Actor
from audit.models import Change, Entry
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Tag
from customers.selecting import Applied
from feedback.editing import MOST_TAGS
from feedback.models import Document, DocumentTag

VERBS = ("document.tagged", "document.untagged")


class NothingToUndo(Exception):
    """The entry is not of this actor's, put no tag on anything, or the tag is gone."""


@retrying
def add_tag(ids: Collection[int], name: str, *, actor: Actor, now: datetime | None = None) -> Applied:
    """Puts the tag of this name, made if need be, on those active documents that lack it and have room for it."""
    with recorded(actor, "document.tagged", now=now) as entry:
        tag = Tag.objects.named(name)
        lacking = list(
            Document.objects.active().filter(pk__in=ids).exclude(tag_ids__contains=[tag.pk]).order_by("pk")
            .select_for_update(no_key=True).only("pk", "tag_ids")
        )  # fmt: skip
        full = {
            document.pk: f"Has {MOST_TAGS} tags already" for document in lacking if len(document.tag_ids) >= MOST_TAGS
        }
        tagged = [document.pk for document in lacking if document.pk not in full]
        DocumentTag.objects.bulk_create(
            [DocumentTag(document_id=pk, tag=tag) for pk in tagged], ignore_conflicts=True, batch_size=5_000
        )
        _describe(entry, tagged, tag)
        return Applied(len(tagged), entry.pk or 0, full)


@retrying
def remove_tag(ids: Collection[int], tag: Tag, *, actor: Actor, now: datetime | None = None) -> Applied:
    """Takes the tag off those active documents that have it."""
    with recorded(actor, "document.untagged", now=now) as entry:
        having = list(
            Document.objects.active().filter(pk__in=ids, tag_ids__contains=[tag.pk]).order_by("pk")
            .select_for_update(no_key=True).values_list("pk", flat=True)
        )  # fmt: skip
        DocumentTag.objects.filter(document_id__in=having, tag=tag).delete()
        _describe(entry, having, tag)
        return Applied(len(having), entry.pk or 0)


def undo(entry_id: int, *, actor: Actor, now: datetime | None = None) -> tuple[Tag, Applied]:
    """Takes a tag off what this entry of the actor's gave it, or puts it back where it was taken off.

    Raises NothingToUndo, also when the tag is gone.
    """
    changes = Change.objects.filter(
        entry_id=entry_id, entry__actor_id=actor.user_id, entry__verb__in=VERBS, table=DocumentTag._meta.db_table
    )
    rows = list(changes.values_list("operation", "document_id", "before__tag_id", "after__tag_id"))
    tag = Tag.objects.filter(pk=rows[0][2] or rows[0][3]).first() if rows else None
    if tag is None:
        raise NothingToUndo
    ids = sorted(document_id for _, document_id, *_ in rows if document_id)
    if rows[0][0] == Change.Operation.INSERT:
        return tag, remove_tag(ids, tag, actor=actor, now=now)
    return tag, add_tag(ids, tag.name, actor=actor, now=now)


def _describe(entry: Entry, ids: list[int], tag: Tag) -> None:
    if not ids:
        entry.discard()
    elif len(ids) == 1:
        entry.about(Document(pk=ids[0]), tag_id=tag.pk)
    else:
        entry.facts |= {"documents": len(ids), "tag_id": tag.pk}
