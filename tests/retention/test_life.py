"""A life of customers by chance: whatever is done to them in whatever order, a simple model says what must be there."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import DataObject, booleans, data, sampled_from

from audit.actor import Actor
from audit.models import Source
from core import jobs
from core.invariants import findings
from customers import ledger
from customers.creating import Taken, create_by_hand
from customers.deleting import delete, restore
from customers.editing import rename
from customers.identifying import identity
from customers.merging import CannotUndo, merge, undo
from customers.models import Customer, Identifier, Merge
from customers.suppressing import Suppressed
from feedback.linking import link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, receive
from retention import purging
from retention.models import Purge
from tests.customers.people import mina

EMAILS = [f"person{number}@life.test" for number in range(5)]
NAMES = ["Ana", "Bo", "Cy"]


@dataclass
class Person:
    name: str
    emails: set[str]
    deleted: bool = False
    documents: set[int] = field(default_factory=set)


@dataclass
class Merged:
    """A merge as the model remembers it: both as they were, and what staff decided of documents since."""

    row: Merge
    survivor: int
    source: int
    before: tuple[Person, Person]
    decided: set[int] = field(default_factory=set)
    renamed: bool = False


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        ledger.path().unlink(missing_ok=True)  # the life before this one is undone, and its erasures with it
        self.actor = mina()
        self.source = Source.objects.create(name="Desk", kind="feedback")
        self.sync = Actor.of_source(self.source)
        self.people: dict[int, Person] = {}
        self.free: set[int] = set()  # documents without a customer
        self.anonymous: set[int] = set()
        self.sent_by: dict[int, str] = {}
        self.suppressed: set[str] = set()
        self.merges: list[Merged] = []

    def teardown(self) -> None:
        try:
            broken = [f"{found.rule.name}: {found.first}" for found in findings() if found.broken]
            assert not broken, broken
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    def owner(self, email: str) -> int | None:
        return next((pk for pk, person in self.people.items() if email in person.emails), None)

    def some(self, drawn: DataObject, **facts: Any) -> int:
        fitting = [pk for pk, one in self.people.items() if all(getattr(one, k) == v for k, v in facts.items())]
        return drawn.draw(sampled_from(sorted(fitting)))

    def has(self, **facts: Any) -> bool:
        return any(all(getattr(one, k) == v for k, v in facts.items()) for one in self.people.values())

    @rule(email=sampled_from(EMAILS), name=sampled_from(NAMES))
    def create(self, email: str, name: str) -> None:
        if email in self.suppressed:
            with pytest.raises(Suppressed):
                create_by_hand(name=name, identities=[identity("email", email)], actor=self.actor)
        elif owner := self.owner(email):
            with pytest.raises(Taken) as refused:
                create_by_hand(name=name, identities=[identity("email", email)], actor=self.actor)
            assert refused.value.customer.pk == owner
        else:
            made = create_by_hand(name=name, identities=[identity("email", email)], actor=self.actor)
            self.people[made.pk] = Person(name, {email})

    @rule(email=sampled_from(EMAILS))
    def intake(self, email: str) -> None:
        got = receive(Incoming(body="Help", author={"email": email}), source=self.source, actor=self.sync)
        document = got.document.pk
        self.sent_by[document] = email
        if email in self.suppressed:
            assert (got.status, got.customer) == ("suppressed", None)
            self.free.add(document)
            self.anonymous.add(document)
            return
        assert got.customer is not None
        if self.owner(email) is None:
            assert got.customer.pk not in self.people
            self.people[got.customer.pk] = Person("", {email})
        assert got.customer.pk == self.owner(email)
        self.people[got.customer.pk].documents.add(document)

    @precondition(lambda self: self.has(deleted=False) and self.known_documents())
    @rule(drawn=data())
    def choose(self, drawn: DataObject) -> None:
        """Staff give a document to somebody."""
        pk = drawn.draw(sampled_from(sorted(self.known_documents())))
        to = self.some(drawn, deleted=False)
        link(Document.objects.get(pk=pk), Customer.objects.get(pk=to), actor=self.actor)
        if pk not in self.people[to].documents:  # what they have already is no decision between those merged
            self.take(pk)
            self.people[to].documents.add(pk)

    @precondition(lambda self: any(one.documents for one in self.people.values()))
    @rule(drawn=data())
    def remove(self, drawn: DataObject) -> None:
        pk = drawn.draw(sampled_from(sorted(set().union(*(one.documents for one in self.people.values())))))
        unlink(Document.objects.get(pk=pk), actor=self.actor)
        self.take(pk)
        self.free.add(pk)

    def known_documents(self) -> set[int]:
        return self.free.union(*(one.documents for one in self.people.values())) - self.anonymous

    def take(self, document: int) -> None:
        self.free.discard(document)
        for merged in self.merges:
            merged.decided.add(document)
        for person in self.people.values():
            person.documents.discard(document)

    @precondition(lambda self: self.has(deleted=False))
    @rule(drawn=data(), name=sampled_from(NAMES))
    def call(self, drawn: DataObject, name: str) -> None:
        pk = self.some(drawn, deleted=False)
        rename(Customer.objects.get(pk=pk), name, actor=self.actor)
        for merged in self.merges:
            merged.renamed |= merged.survivor == pk and self.people[pk].name != name
        self.people[pk].name = name

    @precondition(lambda self: self.has(deleted=False))
    @rule(drawn=data())
    def delete(self, drawn: DataObject) -> None:
        pk = self.some(drawn, deleted=False)
        delete(Customer.objects.get(pk=pk), actor=self.actor)
        self.people[pk].deleted = True

    @precondition(lambda self: self.has(deleted=True))
    @rule(drawn=data())
    def restore(self, drawn: DataObject) -> None:
        pk = self.some(drawn, deleted=True)
        restore(Customer.objects.get(pk=pk), actor=self.actor)
        self.people[pk].deleted = False

    @precondition(lambda self: sum(not one.deleted for one in self.people.values()) > 1)
    @rule(drawn=data())
    def merge(self, drawn: DataObject) -> None:
        survivor = self.some(drawn, deleted=False)
        source = drawn.draw(
            sampled_from(sorted(pk for pk, p in self.people.items() if not p.deleted and pk != survivor))
        )
        before = (deepcopy(self.people[survivor]), deepcopy(self.people[source]))
        row = merge(survivor, [source], actor=self.actor)
        self.merges.append(Merged(row, survivor, source, before))
        gone = self.people.pop(source)
        kept = self.people[survivor]
        kept.emails |= gone.emails
        kept.documents |= gone.documents
        kept.name = Customer.objects.get(pk=survivor).name
        assert kept.name in {before[0].name, before[1].name}

    @precondition(lambda self: self.merges)
    @rule(drawn=data())
    def take_apart(self, drawn: DataObject) -> None:
        merged = drawn.draw(sampled_from(self.merges))
        latest = [one for one in self.merges if one.survivor == merged.survivor][-1]
        if merged is not latest or merged.survivor not in self.people or self.people[merged.survivor].deleted:
            with pytest.raises(CannotUndo):
                undo(merged.row, actor=self.actor)
            return
        undo(merged.row, actor=self.actor)
        self.merges.remove(merged)
        kept, (was, source) = self.people[merged.survivor], merged.before
        back = {
            document
            for document in kept.documents - merged.decided
            if document in source.documents
            or (document not in was.documents and self.sent_by[document] in source.emails)
        }
        kept.documents -= back
        kept.emails -= source.emails
        if not merged.renamed:
            kept.name = was.name
        self.people[merged.source] = Person(source.name, source.emails, documents=back)

    @precondition(lambda self: self.has(deleted=True))
    @rule(drawn=data(), documents=sampled_from(["delete", "anonymise"]), suppress=booleans())
    def purge(self, drawn: DataObject, documents: str, suppress: bool) -> None:
        pk = self.some(drawn, deleted=True)
        job = purging.start([pk], actor=self.actor, documents=documents, suppress=suppress)
        jobs.run(Purge, job.pk)
        job.refresh_from_db()
        assert (job.status, job.deleted_count) == ("done", 1), job.error
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

    @invariant()
    def what_is_there_is_what_the_model_says(self) -> None:
        rows = Customer.objects.exclude(state="merged").values_list("pk", "name", "state", "feedback_count")
        there = {pk: (name, state, count) for pk, name, state, count in rows}
        assert there == {
            pk: (one.name, "deleted" if one.deleted else "active", len(one.documents))
            for pk, one in self.people.items()
        }
        emails = dict(Identifier.objects.values_list("normalized", "customer_id"))
        assert emails == {email: pk for pk, one in self.people.items() for email in one.emails}
        documents = dict(Document.objects.values_list("pk", "customer_id"))
        expected = {document: pk for pk, one in self.people.items() for document in one.documents}
        assert documents == expected | dict.fromkeys(self.free)


@pytest.mark.django_db
def test_whatever_happens_in_whatever_order(request: pytest.FixtureRequest) -> None:
    long = request.config.getoption("--long", default=False)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=60 if long else 12, stateful_step_count=30 if long else 20, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
