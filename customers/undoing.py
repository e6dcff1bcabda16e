"""Brings back what somebody just took away, from the audit log, which keeps what stood there before."""

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from audit.actor import Actor
from audit.models import Change
from audit.recording import recorded
from core.retrying import retrying
from customers import segmenting
from customers.editing import add_identifier, make_primary, set_property
from customers.models import Customer, CustomerTag, Identifier, Note, Segment, SegmentMember, Tag
from customers.tagging import Tagged, add_tag, remove_tag
from staff.models import User

CHANGES_READ = 200


class NothingToUndo(Exception):
    """What was taken away is back already, or its history is gone."""


@retrying
def restore_note(customer: Customer, note_id: int, *, actor: Actor, now: datetime | None = None) -> Note:
    """Brings a deleted note back as it was. Raises NothingToUndo."""
    kept = _deleted_row(customer, Note._meta.db_table, note_id)
    if Note.objects.filter(pk=note_id).exists():
        raise NothingToUndo
    author = User.objects.filter(pk=kept["author_id"]).first()
    with recorded(actor, "note.restored", customer, now=now):
        Note.objects.create(
            pk=note_id, customer=customer, author=author, body=kept["body"], pinned=kept["pinned"],
            edited_at=kept["edited_at"] and parse_datetime(kept["edited_at"]),
        )  # fmt: skip
        Note.objects.filter(pk=note_id).update(created_at=parse_datetime(kept["created_at"]))
        return Note.objects.get(pk=note_id)


@retrying
def restore_identifier(
    customer: Customer, identifier_id: int, *, actor: Actor, now: datetime | None = None
) -> Identifier:
    """Gives the customer a removed contact detail again. Raises NothingToUndo, and Taken when somebody else has it."""
    kept = _deleted_row(customer, Identifier._meta.db_table, identifier_id)
    with recorded(actor, "customer.identifier_restored", customer, now=now):
        row = add_identifier(customer, kept["kind"], kept["value"], actor=actor)
        if kept["primary"] and not row.primary:
            make_primary(row, actor=actor)
        return row


def restore_property(customer: Customer, key: str, *, actor: Actor, now: datetime | None = None) -> Customer:
    """Sets the property to the values it had before its last change. Raises NothingToUndo, NotActive."""
    changes = (
        Change.objects.of("customer", customer.pk)
        .filter(table=Customer._meta.db_table, operation=Change.Operation.UPDATE, before__has_key="properties")
        .order_by("-id").values_list("before__properties", "after__properties")[:CHANGES_READ]
    )  # fmt: skip
    for before, after in changes:
        if (before or {}).get(key) != (after or {}).get(key):
            return set_property(customer, key, (before or {}).get(key) or [], actor=actor, now=now)
    raise NothingToUndo


@retrying
def undo_tagging(entry_id: int, *, actor: Actor, now: datetime | None = None) -> Tagged:
    """Takes a tag off those whom this entry of the actor's gave it, or puts it back where it was taken off.

    Raises NothingToUndo, also when the tag is gone.
    """
    changes = Change.objects.filter(
        entry_id=entry_id, entry__actor_id=actor.user_id, entry__verb__in=["customer.tagged", "customer.untagged"],
        table=CustomerTag._meta.db_table,
    )  # fmt: skip
    rows = list(changes.values_list("operation", "customer_id", "before__tag_id", "after__tag_id"))
    tag = Tag.objects.filter(pk=rows[0][2] or rows[0][3]).first() if rows else None
    if tag is None:
        raise NothingToUndo
    ids = sorted(customer_id for _, customer_id, *_ in rows if customer_id)
    if rows[0][0] == Change.Operation.INSERT:
        return remove_tag(ids, tag, actor=actor, now=now)
    return add_tag(ids, tag.name, actor=actor, now=now)


@retrying
def undo_segmenting(entry_id: int, *, actor: Actor, now: datetime | None = None) -> segmenting.Moved:
    """Takes those out of a segment whom this entry of the actor's put in, or puts them back. Raises NothingToUndo."""
    changes = Change.objects.filter(
        entry_id=entry_id, entry__actor_id=actor.user_id, table=SegmentMember._meta.db_table,
        entry__verb__in=["segment.customers_added", "segment.customers_removed"],
    )  # fmt: skip
    rows = list(changes.values_list("operation", "customer_id", "before__segment_id", "after__segment_id"))
    segment = Segment.objects.filter(pk=rows[0][2] or rows[0][3]).first() if rows else None
    if segment is None:
        raise NothingToUndo
    ids = sorted(customer_id for _, customer_id, *_ in rows if customer_id)
    back = segmenting.take_out if rows[0][0] == Change.Operation.INSERT else segmenting.put_in
    return back(segment, ids, actor=actor, now=now)


def _deleted_row(customer: Customer, table: str, row_id: int) -> dict[str, Any]:
    deletions = Change.objects.of("customer", customer.pk).filter(
        table=table, row_id=row_id, operation=Change.Operation.DELETE
    )
    last = deletions.order_by("-id").first()
    if last is None or not last.before:
        raise NothingToUndo
    return last.before
