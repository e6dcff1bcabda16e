"""One change to many customers (2.3): how `selecting` changes them."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.http import QueryDict

from audit.actor import Actor
from core.text import fold
from customers import deleting, segmenting, setting_many, tagging
from customers.filters import CustomerFilter
from customers.models import Customer, Segment, Tag
from customers.selecting import ACTIONS, TAGGING, Applied, Kind
from customers.setting_many import SETTING
from properties.models import Definition

SEGMENTING = ("add_segment", "remove_segment")


class Customers(Kind):
    model = Customer
    filter_class = CustomerFilter
    noun = "customer"
    actions = (*ACTIONS, *SEGMENTING, *SETTING)
    may_edit = "customers.edit"
    may_delete = "customers.delete"
    gone = {
        Customer.State.ACTIVE: "Not deleted",
        Customer.State.DELETED: "Deleted",
        Customer.State.PURGING: "Being permanently deleted",
        Customer.State.MERGED: "Merged into another customer",
    }

    def needs(self, action: str) -> str:
        return "segments.edit" if action in SEGMENTING else super().needs(action)

    def typed(self, action: str, posted: QueryDict) -> str:
        if action not in SETTING:
            return super().typed(action, posted)
        return setting_many.asked(action, posted.get("key", ""), posted.get("value", ""), Definition.Subject.CUSTOMER)

    def named(self, action: str, typed: str) -> str:
        if action in SETTING:
            return typed
        if action not in SEGMENTING:
            return super().named(action, typed)
        segment = segmenting.named(segmenting.clean_name(typed)).first()
        if segment is None:
            raise ValidationError(f"There is no segment called “{typed.strip()}”.")
        if segment.kind != Segment.Kind.STATIC:
            raise ValidationError(f"“{segment.name}” follows a filter; nobody is put in or taken out by hand.")
        return segment.name

    def said(self, action: str, name: str, numbers: str) -> str:
        if action in SETTING:
            return setting_many.said(action, name, numbers)
        if action not in SEGMENTING:
            return super().said(action, name, numbers)
        return f"{numbers} {'added to' if action == 'add_segment' else 'removed from'} the segment “{name}”."

    def apply(self, action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
        return apply(action, tag_name, ids, actor=actor, now=now)


CUSTOMERS = Customers()


def apply(action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
    """Changes these customers; nobody when the tag to take off, or the segment, is gone."""
    if action in SEGMENTING:
        return _segmented(action, tag_name, ids, actor=actor, now=now)
    if action in SETTING:
        changed, entry_id = setting_many.change(Customer, tag_name, ids, actor=actor, now=now)
        return Applied(len(changed), entry_id)
    if action not in TAGGING:
        command = deleting.restore_many if action == "restore" else deleting.delete_many
        done = command(sorted(ids), actor=actor, now=now)
        return Applied(len(done.changed), done.entry_id, done.skipped)
    if action == "add_tag":
        tagged = tagging.add_tag(sorted(ids), tag_name, actor=actor, now=now)
        return Applied(tagged.number, tagged.entry_id)
    tag = Tag.objects.filter(folded=fold(tag_name)).first()
    if tag is None:
        return Applied()
    tagged = tagging.remove_tag(sorted(ids), tag, actor=actor, now=now)
    return Applied(tagged.number, tagged.entry_id)


def _segmented(action: str, name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
    segment = segmenting.named(name).filter(kind=Segment.Kind.STATIC).first()
    if segment is None:
        return Applied()
    command = segmenting.put_in if action == "add_segment" else segmenting.take_out
    try:
        moved = command(segment, sorted(ids), actor=actor, now=now)
    except Segment.DoesNotExist:
        return Applied()
    return Applied(moved.number, moved.entry_id)
