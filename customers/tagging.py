"""Tags on customers: many rows of one kind, so few statements whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Customer, CustomerTag, Tag


@dataclass(frozen=True)
class Tagged:
    """On how many customers the tag is new, or gone, and the audit entry that says on which."""

    tag: Tag
    number: int
    entry_id: int


@retrying
def add_tag(customer_ids: Sequence[int], name: str, *, actor: Actor, now: datetime | None = None) -> Tagged:
    """Puts the tag of this name, made if need be, on those active customers who lack it."""
    with recorded(actor, "customer.tagged", now=now) as entry:
        tag = Tag.objects.named(name)
        lacking = list(
            Customer.objects.active().filter(pk__in=customer_ids).exclude(tag_ids__contains=[tag.pk])
            .order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
        )  # fmt: skip
        CustomerTag.objects.bulk_create(
            [CustomerTag(customer_id=pk, tag=tag) for pk in lacking], ignore_conflicts=True, batch_size=5_000
        )
        _describe(entry, lacking, tag)
        return Tagged(tag, len(lacking), entry.pk)


@retrying
def remove_tag(customer_ids: Sequence[int], tag: Tag, *, actor: Actor, now: datetime | None = None) -> Tagged:
    """Takes the tag off those active customers who have it."""
    with recorded(actor, "customer.untagged", now=now) as entry:
        having = list(
            Customer.objects.active().filter(pk__in=customer_ids, tag_ids__contains=[tag.pk]).order_by("pk")
            .values_list("pk", flat=True)
        )  # fmt: skip
        CustomerTag.objects.filter(customer_id__in=having, tag=tag).delete()
        _describe(entry, having, tag)
        return Tagged(tag, len(having), entry.pk)


def _describe(entry: Entry, ids: list[int], tag: Tag) -> None:
    if not ids:
        entry.discard()
    elif len(ids) == 1:
        entry.about(Customer(pk=ids[0]), tag_id=tag.pk)
    else:
        entry.facts |= {"customers": len(ids), "tag_id": tag.pk}
