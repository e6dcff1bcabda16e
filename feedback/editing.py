"""Changes that staff make to one document: its status and tags. Each is one command with its audit entry."""

from datetime import datetime

from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import problem, tidy
from customers.models import Tag
from feedback.models import Document, DocumentTag

NAME_LIMIT = 60
MOST_TAGS = 50


@retrying
def set_status(document: Document, status: str, *, actor: Actor, now: datetime | None = None) -> Document:
    """Sets the status, any short text; empty takes it away. Raises ValidationError."""
    wanted = _cleaned(status)
    with recorded(actor, "document.status_set", document, now=now) as entry:
        locked = Document.objects.select_for_update().get(pk=document.pk)
        if locked.status == wanted:
            entry.discard()
            return locked
        locked.status = wanted
        locked.save(update_fields=["status"])
        return locked


@retrying
def add_tag(document: Document, name: str, *, actor: Actor, now: datetime | None = None) -> tuple[Tag, bool]:
    """Puts the tag of this name on the document, made if need be. Returns it and whether it was not there before.

    Raises ValidationError.
    """
    wanted = _cleaned(name)
    if not wanted:
        raise ValidationError("Enter the name of a tag.", code="empty")
    with recorded(actor, "document.tagged", document, now=now) as entry:
        held = set(DocumentTag.objects.filter(document=document).values_list("tag_id", flat=True))
        if len(held) >= MOST_TAGS:
            raise ValidationError(f"A document has at most {MOST_TAGS} tags. Remove one first.", code="too_many")
        tag = Tag.objects.named(wanted)
        if tag.pk in held:
            entry.discard()
            return tag, False
        DocumentTag.objects.bulk_create([DocumentTag(document=document, tag=tag)], ignore_conflicts=True)
        entry.facts |= {"tag_id": tag.pk}
        return tag, True


@retrying
def remove_tag(document: Document, tag: Tag, *, actor: Actor, now: datetime | None = None) -> bool:
    """Takes the tag off the document. Returns whether it had it."""
    with recorded(actor, "document.untagged", document, now=now, facts={"tag_id": tag.pk}) as entry:
        gone, _ = DocumentTag.objects.filter(document=document, tag=tag).delete()
        if not gone:
            entry.discard()
        return bool(gone)


def _cleaned(text: str) -> str:
    fault = problem(text, limit=1_000)
    wanted = tidy(text)
    fault = fault or problem(wanted, limit=NAME_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_text")
    return wanted
