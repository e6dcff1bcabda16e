"""One change to many rows of a list (2.3): those that somebody ticked, or all that the list's address matches.

A `Kind` says what the rows are and what can be done to them, `Selection` says which, and `next_batch` is a job's work.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from audit.actor import Actor
from core.jobs import JobFailed
from core.text import fold, problem, tidy
from customers.filters import BIGGEST_ID, ListFilter
from customers.models import Tag
from customers.setting_many import SETTING
from staff.models import User
from staff.permissions import may

if TYPE_CHECKING:
    from customers.models.bulk_edit import BulkJob

AT_ONCE = 50  # more than a page is done in the background
BATCH = 500
MOST_TICKED = 10_000
SKIPPED_SHOWN = 200
ACTIONS = {"add_tag": "Add tag", "remove_tag": "Remove tag", "delete": "Delete", "restore": "Restore"}
TAGGING = ("add_tag", "remove_tag")
NOT_THERE = "No longer there"


@dataclass(frozen=True)
class Applied:
    """On how many something changed, the audit entry that says on which, and what was left out and why."""

    number: int = 0
    entry_id: int = 0
    skipped: dict[int, str] = field(default_factory=dict)


class Kind(ABC):
    """What the rows of a list are: how they are called, filtered and changed."""

    model: ClassVar[Any]
    filter_class: ClassVar[type[ListFilter]]
    noun: ClassVar[str]
    gone: ClassVar[Mapping[str, str]]  # by state: why a row cannot be changed
    actions: ClassVar[Collection[str]] = ACTIONS
    may_edit: ClassVar[str]
    may_delete: ClassVar[str]

    @abstractmethod
    def apply(self, action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
        """Changes these; none when the tag to take off is gone."""

    def typed(self, action: str, posted: QueryDict) -> str:
        """What a form says the action is about. Raises ValidationError."""
        return posted.get("tag", "")

    def named(self, action: str, typed: str) -> str:
        """The name that was typed, of a tag or of whatever the action is about, as it can be used; "" for an action
        without one. Raises ValidationError."""
        return tag_named(action, typed)

    def said(self, action: str, name: str, numbers: str) -> str:
        """What was done, as a sentence: the `numbers` of those that changed."""
        if action in TAGGING:
            return f"{'Added' if action == 'add_tag' else 'Removed'} tag “{name}” on {numbers}."
        return f"{'Restored' if action == 'restore' else 'Deleted'} {numbers}."

    def visible_to(self, viewer: User) -> QuerySet[Any]:
        return self.model.objects.visible_to(viewer)

    def needs(self, action: str) -> str:
        return self.may_edit if action in TAGGING or action in SETTING else self.may_delete


def of_action(action: str) -> str:
    """The state of those that the action changes."""
    return "deleted" if action == "restore" else "active"


@dataclass(frozen=True)
class Selection:
    """Rows by `ids`, or everything that `query`, the query string of a list, matches."""

    kind: Kind
    ids: tuple[int, ...] = ()
    query: str | None = None

    @classmethod
    def of(cls, posted: QueryDict, kind: Kind) -> "Selection":
        """What a form of the list sent. Raises ValidationError."""
        if posted.get("matching") == "true":
            query = posted.get("query", "")
            values = [text for _, texts in QueryDict(query).lists() for text in texts]
            fault = next((found for text in [query, *values] if (found := problem(text, limit=5_000))), "")
            if fault:
                raise ValidationError(fault)
            return cls(kind, query=query)
        texts = posted.getlist("id")
        if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in texts):
            raise ValidationError("The selection cannot be understood. Reload the page and select again.")
        ids = sorted({int(text) for text in texts})
        if not ids:
            raise ValidationError(f"Select {kind.noun}s first.")
        if len(ids) > MOST_TICKED:
            raise ValidationError(f"Select at most {MOST_TICKED:,} {kind.noun}s one by one, or all that match.")
        return cls(kind, ids=tuple(pk for pk in ids if pk <= BIGGEST_ID))

    def filters(self, viewer: User) -> ListFilter:
        """The list's filters. Raises ValidationError where they cannot be understood: never 'all' by mistake."""
        filters = self.kind.filter_class(
            QueryDict(self.query or ""), self.kind.visible_to(viewer), zone=timezone.get_current_timezone()
        )
        if filters.errors:
            raise ValidationError(next(iter(filters.errors.values()))[0])
        return filters

    def rows(self, viewer: User, now: datetime) -> QuerySet[Any]:
        """What it selects now, of what `viewer` may see."""
        if self.query is None:
            return self.kind.visible_to(viewer).filter(pk__in=self.ids)
        return self.filters(viewer).matching(now=now)


def tag_named(action: str, name: str) -> str:
    """The tag's name, as the action can use it; "" for one without a tag. Raises ValidationError."""
    if action not in TAGGING:
        return ""
    fault = problem(name, limit=Tag._meta.get_field("name").max_length or 60)
    if fault:
        raise ValidationError(fault)
    name = tidy(name)
    if not fold(name):
        raise ValidationError("Enter the name of a tag.")
    if action == "remove_tag" and not Tag.objects.filter(folded=fold(name)).exists():
        raise ValidationError(f"There is no tag called “{name}”.")
    return name


def next_batch(job: "BulkJob", now: datetime) -> bool:
    """Changes the next rows of a bulk edit, in id order so that none comes twice; whether there are more."""
    kind, user = job.kind, job.actor
    if user is None or not may(user, kind.needs(job.action)):
        doing = "delete" if kind.needs(job.action) == kind.may_delete else "edit"
        raise JobFailed(f"Whoever started this may not {doing} {kind.noun}s any more.")
    if job.query is None:
        ids = job.ids[job.done : job.done + BATCH]
        more = job.done + len(ids) < len(job.ids)
        meant = _without_those_gone(job, user, ids)
    else:
        matching = _still_meant(job, user)
        if job.total is None:
            job.total = matching.count()
        ids = list(matching.filter(pk__gt=job.after_id).order_by("pk").values_list("pk", flat=True)[:BATCH])
        more = len(ids) == BATCH
        meant = ids
    if ids:
        applied = kind.apply(job.action, job.tag_name, meant, actor=Actor.of_staff(user, via="task"), now=now)
        job.changed += applied.number
        _skip(job, applied.skipped)
        job.after_id = ids[-1]
        job.done += len(ids)
    return more


def without_its_search(job: "BulkJob") -> None:
    """Lets a job that is under way go on with the rows it has left, by id: what was searched for must not be kept."""
    try:
        left = _still_meant(job, job.actor).filter(pk__gt=job.after_id) if job.actor else None
        job.ids = [0] * job.done + (list(left.order_by("pk").values_list("pk", flat=True)) if left is not None else [])
        job.query, job.total = None, len(job.ids)
    except JobFailed:
        job.query = ""  # it fails by itself, for the same reason
    job.save(update_fields=["ids", "query", "total"])


def _still_meant(job: "BulkJob", user: User) -> QuerySet[models.Model]:
    """What the job's query matches. A filter that means nothing any more stops it."""
    try:
        filters = Selection(job.kind, query=job.query).filters(user)
    except ValidationError:
        raise JobFailed(
            "A filter of this selection cannot be understood any more. Nothing further was changed."
        ) from None
    if sum(1 for _ in filters.active()) != job.filter_count:
        raise JobFailed("A property of this selection is gone. Nothing further was changed.")
    return filters.matching(now=job.created_at).filter(state=of_action(job.action))


def _without_those_gone(job: "BulkJob", user: User, ids: list[int]) -> list[int]:
    """Those of `ids` that can be changed; of the others the job notes why not."""
    states = dict(job.kind.visible_to(user).filter(pk__in=ids).values_list("pk", "state"))
    gone = {
        pk: job.kind.gone.get(states.get(pk, ""), NOT_THERE) for pk in ids if states.get(pk) != of_action(job.action)
    }
    _skip(job, gone)
    return [pk for pk in ids if pk not in gone]


def _skip(job: "BulkJob", why: dict[int, str]) -> None:
    job.skipped += len(why)
    job.skipped_why += [[pk, text] for pk, text in why.items()][: max(SKIPPED_SHOWN - len(job.skipped_why), 0)]
