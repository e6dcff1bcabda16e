"""What must be there of people and their feedback, whatever is done to them: the simple model of `test_life`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core import clock
from customers.models import Merge
from retention.models import Policy


@dataclass
class Person:
    """`made` and `linked` are when they came to exist and when feedback last became theirs."""

    name: str
    emails: set[str]
    made: datetime
    by_hand: bool = False
    linked: datetime | None = None
    deleted_at: datetime | None = None
    documents: set[int] = field(default_factory=set)

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None


@dataclass
class Merged:
    """A merge as the model remembers it: both as they were, and what staff decided of documents since."""

    row: Merge
    survivor: int
    source: int
    before: tuple[Person, Person]
    until: datetime
    linked: datetime | None
    decided: set[int] = field(default_factory=set)
    renamed: bool = False


class Model:
    """Everybody and their documents, by id."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[int, Person] = {}
        self.free: set[int] = set()  # documents without a customer
        self.anonymous: set[int] = set()
        self.sent_by: dict[int, str] = {}
        self.sent_at: dict[int, datetime] = {}
        self.thrown_away: dict[int, datetime] = {}  # documents, since when
        self.suppressed: set[str] = set()
        self.merges: list[Merged] = []

    def owner(self, email: str) -> int | None:
        return next((pk for pk, person in self.people.items() if email in person.emails), None)

    def has(self, **facts: Any) -> bool:
        return any(all(getattr(one, k) == v for k, v in facts.items()) for one in self.people.values())

    def known_documents(self) -> set[int]:
        """Those that can be linked and unlinked."""
        every = self.free.union(*(one.documents for one in self.people.values()))
        return every - self.anonymous - set(self.thrown_away)

    def give(self, document: int, pk: int) -> None:
        self.people[pk].documents.add(document)
        self.people[pk].linked = clock.now()

    def take(self, document: int) -> None:
        self.free.discard(document)
        for merged in self.merges:
            merged.decided.add(document)
        for person in self.people.values():
            person.documents.discard(document)

    def forget(self, pk: int, *, documents: str, suppress: bool) -> None:
        """This person was permanently deleted."""
        gone = self.people.pop(pk)
        with_it = {pk}
        for merged in reversed(self.merges):  # whoever was merged into it, and into those
            if merged.survivor in with_it:
                with_it.add(merged.source)
        self.merges = [merged for merged in self.merges if merged.survivor not in with_it]
        if suppress:
            self.suppressed |= gone.emails
        if documents == "anonymise":
            self.free |= gone.documents
            self.anonymous |= gone.documents
        else:
            self.forget_documents(gone.documents)

    def forget_documents(self, documents: set[int]) -> None:
        for pk in documents:
            self.take(pk)
            self.thrown_away.pop(pk, None)

    def due(self, kind: str) -> set[int]:
        now = clock.now()
        month, quarter = now - timedelta(days=30), now - timedelta(days=90)
        years = now.replace(year=now.year - 3, day=28 if (now.month, now.day) == (2, 29) else now.day)
        if kind == Policy.Kind.DELETED_CUSTOMERS:
            return {pk for pk, one in self.people.items() if one.deleted_at and one.deleted_at <= month}
        if kind == Policy.Kind.DELETED_DOCUMENTS:
            return {pk for pk, since in self.thrown_away.items() if since <= month}
        if kind == Policy.Kind.ORPHANS:
            return {
                pk for pk, one in self.people.items() if not (one.deleted or one.by_hand or one.documents)
                and max(one.made, one.linked or one.made) <= quarter
            }  # fmt: skip
        if kind == Policy.Kind.UNSEEN:
            return {pk for pk, one in self.people.items() if not one.deleted and self.seen(one) <= years}
        if kind == Policy.Kind.OLD_DOCUMENTS:
            there = self.free.union(*(one.documents for one in self.people.values()))
            return {pk for pk in there - set(self.thrown_away) if self.sent_at[pk] <= years}
        return set()

    def seen(self, person: Person) -> datetime:
        return max((self.sent_at[pk] for pk in person.documents - set(self.thrown_away)), default=person.made)
