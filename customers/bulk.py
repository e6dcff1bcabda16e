"""One change to many customers (2.3): those that somebody ticked, or all that a list's address matches."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from audit.actor import Actor
from core.jobs import JobFailed
from core.text import fold, problem, tidy
from customers import deleting, tagging
from customers.filters import BIGGEST_ID, CustomerFilter
from customers.models import Customer, Tag
from staff.models import User
from staff.permissions import may

if TYPE_CHECKING:
    from customers.models import BulkEdit

AT_ONCE = 50  # more than a page is done in the background
BATCH = 500
MOST_TICKED = 10_000
SKIPPED_SHOWN = 200
ACTIONS = {"add_tag": "Add tag", "remove_tag": "Remove tag", "delete": "Delete", "restore": "Restore"}
NEEDS = {
    "add_tag": "customers.edit", "remove_tag": "customers.edit", "delete": "customers.delete",
    "restore": "customers.delete",
}  # fmt: skip
TAGGING = ("add_tag", "remove_tag")
GONE: dict[str, str] = {
    Customer.State.ACTIVE: "Not deleted",
    Customer.State.DELETED: "Deleted",
    Customer.State.PURGING: "Being permanently deleted",
    Customer.State.MERGED: "Merged into another customer",
}


@dataclass(frozen=True)
class Applied:
    """On how many customers something changed, the audit entry that says on which, and who was left out and why."""

    number: int = 0
    entry_id: int = 0
    skipped: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """Customers by `ids`, or everybody that `query`, the query string of a list, matches."""

    ids: tuple[int, ...] = ()
    query: str | None = None

    @classmethod
    def of(cls, posted: QueryDict) -> "Selection":
        """What a form of the list sent. Raises ValidationError."""
        if posted.get("matching") == "true":
            query = posted.get("query", "")
            fault = problem(query, limit=5_000)
            if fault:
                raise ValidationError(fault)
            return cls(query=query)
        texts = posted.getlist("id")
        if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in texts):
            raise ValidationError("The selection cannot be understood. Reload the page and select again.")
        ids = sorted({int(text) for text in texts})
        if not ids:
            raise ValidationError("Select customers first.")
        if len(ids) > MOST_TICKED:
            raise ValidationError(f"Select at most {MOST_TICKED:,} customers one by one, or all that match.")
        return cls(ids=tuple(pk for pk in ids if pk <= BIGGEST_ID))

    def filters(self, viewer: User) -> CustomerFilter:
        """The list's filters. Raises ValidationError where they cannot be understood: never 'everybody' by mistake."""
        filters = CustomerFilter(
            QueryDict(self.query or ""),
            Customer.objects.visible_to(viewer),
            zone=timezone.get_current_timezone(),
        )
        if filters.errors:
            raise ValidationError(next(iter(filters.errors.values()))[0])
        return filters

    def customers(self, viewer: User, now: datetime) -> QuerySet[Customer]:
        """Whom it selects now, of those that `viewer` may see."""
        if self.query is None:
            return Customer.objects.visible_to(viewer).filter(pk__in=self.ids)
        return self.filters(viewer).matching(now=now)


def of_action(action: str) -> str:
    """The state of those whom the action changes."""
    return Customer.State.DELETED if action == "restore" else Customer.State.ACTIVE


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


def apply(action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
    """Changes these customers; nobody when the tag to take off is gone."""
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


def next_batch(job: "BulkEdit", now: datetime) -> bool:
    """Changes the next customers of a bulk edit, in id order so that nobody comes twice; whether there are more."""
    user = job.actor
    if user is None or not may(user, NEEDS[job.action]):
        doing = "edit" if job.action in TAGGING else "delete"
        raise JobFailed(f"Whoever started this may not {doing} customers any more.")
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
        applied = apply(job.action, job.tag_name, meant, actor=Actor.of_staff(user, via="task"), now=now)
        job.changed += applied.number
        _skip(job, applied.skipped)
        job.after_id = ids[-1]
        job.done += len(ids)
    return more


def _still_meant(job: "BulkEdit", user: User) -> QuerySet[Customer]:
    """The customers that the job's query matches. A filter that means nothing any more stops it."""
    selection = Selection(query=job.query)
    try:
        filters = selection.filters(user)
    except ValidationError:
        raise JobFailed(
            "A filter of this selection cannot be understood any more. Nothing further was changed."
        ) from None
    if sum(1 for _ in filters.active()) != job.filter_count:
        raise JobFailed("A property of this selection is gone. Nothing further was changed.")
    return filters.matching(now=job.created_at).filter(state=of_action(job.action))


def _without_those_gone(job: "BulkEdit", user: User, ids: list[int]) -> list[int]:
    """Those of `ids` who can be changed; of the others the job notes why not."""
    states = dict(Customer.objects.visible_to(user).filter(pk__in=ids).values_list("pk", "state"))
    gone = {
        pk: GONE.get(states.get(pk, ""), "No longer there") for pk in ids if states.get(pk) != of_action(job.action)
    }
    _skip(job, gone)
    return [pk for pk in ids if pk not in gone]


def _skip(job: "BulkEdit", why: dict[int, str]) -> None:
    job.skipped += len(why)
    job.skipped_why += [[pk, text] for pk, text in why.items()][: max(SKIPPED_SHOWN - len(job.skipped_why), 0)]
