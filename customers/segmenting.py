"""Commands on segments: making, renaming and deleting them, putting customers in and taking them out (2.9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import fold, problem, tidy
from customers.models import Customer, Segment, SegmentMember
from customers.segment_filters import MOST_DYNAMIC, cleaned, meaning
from staff.permissions import may, teams_of

NAME_LIMIT = 100


class NameTaken(Exception):
    """Another segment has this name, in whatever letter case."""


class NotStatic(Exception):
    """Its members follow from a saved filter: nobody is put in or taken out by hand."""


@dataclass(frozen=True)
class Moved:
    """How many customers were put in or taken out, and the audit entry that says who."""

    segment: Segment
    number: int
    entry_id: int


def clean_name(typed: str) -> str:
    """The name as it is kept. Raises ValidationError."""
    fault = problem(typed, limit=NAME_LIMIT)
    if fault:
        raise ValidationError(fault)
    name = tidy(typed)
    if not fold(name):
        raise ValidationError("Enter a name.")
    return name


def clean_query(query: str) -> str:
    """A list's query string as a segment keeps it. Raises ValidationError with why it cannot be saved."""
    fault = problem(query, limit=5_000)
    if fault:
        raise ValidationError(fault)
    kept = cleaned(query)
    fault = meaning(kept, Customer.objects.all()).fault
    if fault:
        raise ValidationError(f"This filter cannot be saved. {fault}")
    return kept


def may_manage(viewer: Any, segment: Segment) -> bool:
    """Whether `viewer` may rename and delete it: what holds others' customers is not for limited staff (3.5)."""
    return may(viewer, "segments.edit") and (teams_of(viewer) is None or segment.created_by_id == viewer.pk)


@retrying
def create(name: str, query: str = "", *, actor: Actor, now: datetime | None = None) -> Segment:
    """A new segment: dynamic with the query string of a list, static without. Raises ValidationError, NameTaken."""
    name, query = clean_name(name), clean_query(query) if query else ""
    with recorded(actor, "segment.created", now=now) as entry:
        _refuse_taken(name)
        if query and Segment.objects.filter(kind=Segment.Kind.DYNAMIC).count() >= MOST_DYNAMIC:
            raise ValidationError(f"There are {MOST_DYNAMIC} dynamic segments, which is all there can be. Delete one.")
        kind = Segment.Kind.DYNAMIC if query else Segment.Kind.STATIC
        segment = Segment.objects.create(name=name, kind=kind, query=query, created_by_id=actor.user_id)
        entry.about(segment)
        return segment


@retrying
def rename(segment: Segment, name: str, *, actor: Actor, now: datetime | None = None) -> Segment:
    """Raises ValidationError, NameTaken, Segment.DoesNotExist."""
    name = clean_name(name)
    with recorded(actor, "segment.renamed", segment, now=now) as entry:
        held = Segment.objects.select_for_update().get(pk=segment.pk)
        _refuse_taken(name, but=held.pk)
        if held.name == name:
            entry.discard()
            return held
        held.name = name
        held.save()
        return held


@retrying
def delete(segment: Segment, *, actor: Actor, now: datetime | None = None) -> None:
    """The segment goes, its customers stay. Raises Segment.DoesNotExist."""
    with recorded(actor, "segment.deleted", segment, now=now):
        Segment.objects.select_for_update().get(pk=segment.pk).delete()


@retrying
def put_in(segment: Segment, customer_ids: Sequence[int], *, actor: Actor, now: datetime | None = None) -> Moved:
    """Puts those active customers in who are not. Raises NotStatic, Segment.DoesNotExist."""
    with recorded(actor, "segment.customers_added", segment, now=now) as entry:
        held = _static(segment)
        active = (
            Customer.objects.active().filter(pk__in=customer_ids)
            .order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
        )  # fmt: skip
        inside = set(
            SegmentMember.objects.filter(segment=held, customer__in=customer_ids).values_list("customer", flat=True)
        )
        lacking = [pk for pk in active if pk not in inside]
        SegmentMember.objects.bulk_create([SegmentMember(segment=held, customer_id=pk) for pk in lacking], 5_000)
        return _moved(entry, held, lacking)


@retrying
def take_out(segment: Segment, customer_ids: Sequence[int], *, actor: Actor, now: datetime | None = None) -> Moved:
    """Takes those out who are in. Raises NotStatic, Segment.DoesNotExist."""
    with recorded(actor, "segment.customers_removed", segment, now=now) as entry:
        held = _static(segment)
        rows = SegmentMember.objects.filter(segment=held, customer__in=customer_ids).order_by("customer")
        inside = list(rows.select_for_update().values_list("customer", flat=True))
        SegmentMember.objects.filter(segment=held, customer__in=inside).delete()
        return _moved(entry, held, inside)


def named(name: str) -> QuerySet[Segment]:
    return Segment.objects.filter(folded=fold(name))


def _static(segment: Segment) -> Segment:
    """The segment, held so that additions and its deletion wait for each other."""
    held = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if held.kind != Segment.Kind.STATIC:
        raise NotStatic
    return held


def _moved(entry: Any, segment: Segment, ids: list[int]) -> Moved:
    entry.facts |= {"customers": len(ids)}
    if not ids:
        entry.discard()
    return Moved(segment, len(ids), entry.pk)


def _refuse_taken(name: str, but: int = 0) -> None:
    if named(name).exclude(pk=but).exists():
        raise NameTaken
