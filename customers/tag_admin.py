"""What admins do with tags: rename, recolour, merge, delete (2.8). Each is one command; what very many records have is
taken off them in the background."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q

from audit.actor import Actor
from audit.recording import recorded
from core import clock
from core.retrying import retrying
from core.text import fold, problem, tidy
from customers.models import CustomerTag, Tag, TagRewrite
from customers.models.tag import hue_of

NAME_LIMIT = 60
AT_ONCE = 1_000  # records; more are done in the background
COLOURS = {1: "Red", 2: "Orange", 3: "Olive", 4: "Green", 5: "Teal", 6: "Blue", 7: "Violet", 8: "Pink"}


@dataclass(frozen=True)
class Reach:
    """How many records have a tag."""

    customers: int = 0
    documents: int = 0

    @property
    def records(self) -> int:
        return self.customers + self.documents

    @property
    def nothing(self) -> bool:
        return not self.records


@dataclass(frozen=True)
class Done:
    """What had a tag that is gone now, or the job that is still at it."""

    reach: Reach = Reach()
    job: TagRewrite | None = None


class Busy(Exception):
    """A tag is still being merged or deleted in the background."""


class NameTaken(Exception):
    """Another tag has this name; `tag` is it."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(f"Tag {tag.pk} has this name")
        self.tag = tag


def clean_name(name: str) -> str:
    """The name as stored. Raises ValidationError."""
    fault = problem(name, limit=NAME_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_name")
    cleaned = tidy(name)
    if not fold(cleaned):
        raise ValidationError("Enter a name with at least one letter, digit or sign.", code="empty")
    if len(fold(cleaned)) > NAME_LIMIT:
        raise ValidationError(f"Must be at most {NAME_LIMIT} characters.", code="too_long")
    return cleaned


def clean_hue(hue: int) -> int:
    if hue not in COLOURS:
        raise ValidationError("Choose one of the colours.", code="unknown_colour")
    return hue


def reach_of(tags: Sequence[Tag], *, cap: int) -> dict[int, Reach]:
    """How many customers and documents have each tag, counted to `cap` + 1: one query a kind of record."""
    ids = [tag.pk for tag in tags]
    found = {name: _counts(links, ids, cap) for name, links in _links().items()}
    return {pk: Reach(**{name: known.get(pk, 0) for name, known in found.items()}) for pk in ids}


@retrying
def create(name: str, hue: int | None = None, *, actor: Actor, now: datetime | None = None) -> Tag:
    """A new tag. Raises ValidationError, NameTaken."""
    cleaned = clean_name(name)
    folded = fold(cleaned)
    chosen = clean_hue(hue) if hue is not None else hue_of(folded)
    with recorded(actor, "tag.created", now=now) as entry:
        _refuse_taken(folded)
        tag = Tag.objects.create(name=cleaned, hue=chosen)
        entry.about(tag)
        return tag


@retrying
def edit(tag: Tag, name: str, hue: int, *, actor: Actor, now: datetime | None = None) -> Tag:
    """Gives the tag another name or colour. Raises ValidationError, NameTaken, Tag.DoesNotExist."""
    cleaned, chosen = clean_name(name), clean_hue(hue)
    with recorded(actor, "tag.edited", tag, now=now) as entry:
        held = Tag.objects.select_for_update().get(pk=tag.pk)
        _refuse_taken(fold(cleaned), but=held)
        if (held.name, held.hue) == (cleaned, chosen):
            entry.discard()
            return held
        held.name, held.hue = cleaned, chosen
        held.save()
        return held


@retrying
def merge(source: Tag, target: Tag, *, actor: Actor, now: datetime | None = None) -> Done:
    """Everything that has `source` has `target` instead, and `source` is gone. Raises Tag.DoesNotExist, Busy."""
    if source.pk == target.pk:
        raise ValidationError("A tag cannot be merged with itself.", code="same")
    return _take_away(source, target, actor=actor, now=now)


@retrying
def delete(tag: Tag, *, actor: Actor, now: datetime | None = None) -> Done:
    """Takes the tag off everything and removes it. Raises Tag.DoesNotExist, Busy."""
    return _take_away(tag, None, actor=actor, now=now)


def take_off(tag: Tag, into: Tag | None, *, most: int) -> Reach:
    """Takes the tag off up to `most` records, which get `into` instead if there is one. Returns how many it was on."""
    reach, left = {}, most
    for name, links in _links().items():
        ids = list(links._default_manager.filter(tag=tag).values_list("pk", flat=True)[:left])
        _move(links, ids, into)
        reach[name] = len(ids)
        left -= len(ids)
    return Reach(**reach)


def finish(tag: Tag, into: Tag | None, reach: Reach, actor: Actor, now: datetime) -> None:
    """Removes the tag, and takes it off whatever got it in the last moment."""
    verb = "tag.merged" if into else "tag.deleted"
    with recorded(actor, verb, into or tag, now=now, facts={"merged_id": tag.pk} if into else {}) as entry:
        held = Tag.objects.select_for_update().get(pk=tag.pk)
        last = take_off(held, into, most=sys.maxsize)
        entry.facts |= {"customers": reach.customers + last.customers, "documents": reach.documents + last.documents}
        held.delete()


def records_of(tag: Tag) -> int:
    """How many records have it, counted to the last."""
    return sum(links._default_manager.filter(tag=tag).count() for links in _links().values())


def _take_away(tag: Tag, into: Tag | None, *, actor: Actor, now: datetime | None) -> Done:
    """At once while it is few records, else by a job. Both tags are locked, and no job is at work on them."""
    ids = [tag.pk, into.pk] if into else [tag.pk]
    with transaction.atomic():
        held = {one.pk: one for one in Tag.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        if len(held) < len(ids):
            raise Tag.DoesNotExist
        if TagRewrite.objects.unfinished().filter(Q(tag__in=ids) | Q(into__in=ids)).exists():
            raise Busy
        reach = reach_of([tag], cap=AT_ONCE)[tag.pk]
        if reach.records <= AT_ONCE:
            finish(held[tag.pk], held[into.pk] if into else None, Reach(), actor, now or clock.now())
            return Done(reach)
        job = TagRewrite.objects.create(
            tag=tag, merging=into is not None, into=into, name=tag.name, actor_id=actor.user_id
        )
        job.enqueue()
        return Done(job=job)


def _links() -> dict[str, type[models.Model]]:
    """The tables that put tags on records; documents stand above this app."""
    return {"customers": CustomerTag, "documents": apps.get_model("feedback", "DocumentTag")}


def _counts(links: type[models.Model], ids: list[int], cap: int) -> dict[int, int]:
    """Along the index of each tag and no further than the cap: a tag of half a million costs what one of 1,000 does."""
    sql = f"""
        SELECT t.id, (SELECT count(*) FROM (SELECT 1 FROM {links._meta.db_table} l WHERE l.tag_id = t.id LIMIT %s) few)
        FROM unnest(%s::bigint[]) AS t(id)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [cap + 1, ids])
        return dict(cursor.fetchall())


def _move(links: type[models.Model], ids: list[int], into: Tag | None) -> None:
    """Points these rows at `into`; those of records that have it already go, as all do without one. Two statements."""
    rows = links._default_manager.filter(pk__in=ids)
    if into is None:
        rows.delete()
        return
    subject = "customer_id" if links is CustomerTag else "document_id"
    rows.filter(**{f"{subject}__in": links._default_manager.filter(tag=into).values(subject)}).delete()
    rows.update(tag=into)


def _refuse_taken(folded: str, but: Tag | None = None) -> None:
    other = Tag.objects.filter(folded=folded).first()
    if other and other != but:
        raise NameTaken(other)
