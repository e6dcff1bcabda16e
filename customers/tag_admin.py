"""What admins do with tags: rename, recolour, merge, delete (2.8). Each is one command; the rows of a tag are few
statements whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import fold, problem, tidy
from customers.models import CustomerTag, Tag
from customers.models.tag import hue_of

NAME_LIMIT = 60
COLOURS = {1: "Red", 2: "Orange", 3: "Olive", 4: "Green", 5: "Teal", 6: "Blue", 7: "Violet", 8: "Pink"}


@dataclass(frozen=True)
class Reach:
    """How many records have a tag."""

    customers: int = 0
    documents: int = 0

    @property
    def nothing(self) -> bool:
        return not (self.customers or self.documents)


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
def merge(source: Tag, target: Tag, *, actor: Actor, now: datetime | None = None) -> Reach:
    """Everything that has `source` has `target` instead, and `source` is gone. Returns how many records had it."""
    if source.pk == target.pk:
        raise ValidationError("A tag cannot be merged with itself.", code="same")
    with recorded(actor, "tag.merged", target, now=now, facts={"merged_id": source.pk}) as entry:
        locked = {
            tag.pk: tag for tag in Tag.objects.select_for_update().filter(pk__in=[source.pk, target.pk]).order_by("pk")
        }
        if len(locked) < 2:
            raise Tag.DoesNotExist
        reach = _reach(source.pk)
        for links in _links().values():
            _move(links, source.pk, target.pk)
        locked[source.pk].delete()
        entry.facts |= {"customers": reach.customers, "documents": reach.documents}
        return reach


@retrying
def delete(tag: Tag, *, actor: Actor, now: datetime | None = None) -> Reach:
    """Takes the tag off everything and removes it. Returns how many records had it."""
    with recorded(actor, "tag.deleted", tag, now=now) as entry:
        held = Tag.objects.select_for_update().get(pk=tag.pk)
        reach = _reach(held.pk)
        entry.facts |= {"customers": reach.customers, "documents": reach.documents}
        for links in _links().values():
            links._default_manager.filter(tag=held).delete()
        held.delete()
        return reach


def _reach(pk: int) -> Reach:
    return Reach(**{name: links._default_manager.filter(tag=pk).count() for name, links in _links().items()})


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


def _move(links: type[models.Model], source: int, target: int) -> None:
    """Points the rows of `source` at `target`; those that have both lose the one. Two statements."""
    subject = "customer_id" if links is CustomerTag else "document_id"
    table = links._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} s USING {table} t "  # noqa: S608  (names of our own columns)
            f"WHERE s.tag_id = %s AND t.tag_id = %s AND t.{subject} = s.{subject}",
            [source, target],
        )
        cursor.execute(f"UPDATE {table} SET tag_id = %s WHERE tag_id = %s", [target, source])  # noqa: S608


def _refuse_taken(folded: str, but: Tag | None = None) -> None:
    other = Tag.objects.filter(folded=folded).first()
    if other and other != but:
        raise NameTaken(other)
