"""Notes of the team about a customer."""

from datetime import datetime

from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import problem
from customers.models import Customer, Note

LIMIT = 20_000


def clean_body(body: str) -> str:
    """The text as stored. Raises ValidationError."""
    fault = problem(body, limit=LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_text")
    cleaned = body.strip().replace("\r\n", "\n")
    if not cleaned:
        raise ValidationError("Write something first.", code="empty")
    return cleaned


@retrying
def add_note(customer: Customer, body: str, *, actor: Actor, now: datetime | None = None) -> Note:
    """The note on the customer, or on whom they were merged into meanwhile. Raises ValidationError."""
    cleaned = clean_body(body)
    with recorded(actor, "note.added", customer, now=now) as entry:
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        while locked.merged_into_id:
            locked = Customer.objects.select_for_update(no_key=True).get(pk=locked.merged_into_id)
            entry.about(locked)
        return Note.objects.create(customer=locked, author_id=actor.user_id, body=cleaned)


@retrying
def edit_note(note: Note, body: str, *, actor: Actor, now: datetime | None = None) -> Note:
    """Raises ValidationError."""
    cleaned = clean_body(body)
    with recorded(actor, "note.edited", note.customer, now=now) as entry:
        note.body, note.edited_at = cleaned, entry.at
        note.save(update_fields=["body", "edited_at"])
        return note


@retrying
def pin_note(note: Note, *, pinned: bool, actor: Actor, now: datetime | None = None) -> None:
    with recorded(actor, "note.pinned" if pinned else "note.unpinned", note.customer, now=now):
        note.pinned = pinned
        note.save(update_fields=["pinned"])


@retrying
def delete_note(note: Note, *, actor: Actor, now: datetime | None = None) -> None:
    with recorded(actor, "note.deleted", note.customer, now=now):
        note.delete()
