"""Tags on customers: many rows of one kind, so few statements whatever their number."""

from collections.abc import Sequence
from datetime import datetime

from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Customer, CustomerTag, Tag


@retrying
def add_tag(customer_ids: Sequence[int], name: str, *, actor: Actor, now: datetime | None = None) -> tuple[Tag, int]:
    """Puts the tag of this name, made if need be, on active customers. Returns it and how many did not have it."""
    with recorded(actor, "customer.tagged", now=now) as entry:
        tag = Tag.objects.named(name)
        lacking = list(
            Customer.objects.active().filter(pk__in=customer_ids).exclude(tag_ids__contains=[tag.pk])
            .order_by("pk").values_list("pk", flat=True)
        )  # fmt: skip
        CustomerTag.objects.bulk_create(
            [CustomerTag(customer_id=pk, tag=tag) for pk in lacking], ignore_conflicts=True, batch_size=5_000
        )
        _describe(entry, lacking, tag)
        return tag, len(lacking)


@retrying
def remove_tag(customer_ids: Sequence[int], tag: Tag, *, actor: Actor, now: datetime | None = None) -> int:
    """Takes the tag off active customers. Returns how many had it."""
    with recorded(actor, "customer.untagged", now=now) as entry:
        having = list(
            Customer.objects.active().filter(pk__in=customer_ids, tag_ids__contains=[tag.pk]).order_by("pk")
            .values_list("pk", flat=True)
        )  # fmt: skip
        CustomerTag.objects.filter(customer_id__in=having, tag=tag).delete()
        _describe(entry, having, tag)
        return len(having)


def _describe(entry: Entry, ids: list[int], tag: Tag) -> None:
    if not ids:
        entry.discard()
    elif len(ids) == 1:
        entry.about(Customer(pk=ids[0]), tag_id=tag.pk)
    else:
        entry.facts |= {"customers": len(ids), "tag_id": tag.pk}
