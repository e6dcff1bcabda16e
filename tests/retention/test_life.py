"""A life of customers by chance: whatever is done to them in whatever order, a simple model says what must be there."""

from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import DataObject, booleans, data, sampled_from

from audit.actor import Actor
from audit.models import Entry, Source
from core import clock, jobs
from core.invariants import findings
from customers import ledger
from customers.creating import Taken, create_by_hand
from customers.deleting import delete, restore
from customers.editing import rename
from customers.identifying import identity
from customers.merging import CannotUndo, merge, undo
from customers.models import Customer, Identifier
from customers.suppressing import Suppressed
from feedback import deleting as documents_deleting
from feedback.linking import link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, receive
from retention import purging, running
from retention.models import Policy, Purge, Run
from tests.customers.people import mina
from tests.moving_clock import MovingClock
from tests.retention.life_model import Merged, Model, Person
from tests.retention.test_policies import policy

EMAILS = [f"person{number}@life.test" for number in range(5)]
NAMES = ["Ana", "Bo", "Cy"]


class Life(Model, RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        ledger.path().unlink(missing_ok=True)  # the life before this one is undone, and its erasures with it
        self.clock = MovingClock()
        self.actor = mina()
        self.source = Source.objects.create(name="Desk", kind="feedback")
        self.sync = Actor.of_source(self.source)

    def teardown(self) -> None:
        try:
            broken = [f"{found.rule.name}: {found.first}" for found in findings() if found.broken]
            assert not broken, broken
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    def some(self, drawn: DataObject, **facts: Any) -> int:
        fitting = [pk for pk, one in self.people.items() if all(getattr(one, k) == v for k, v in facts.items())]
        return drawn.draw(sampled_from(sorted(fitting)))

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
            self.people[made.pk] = Person(name, {email}, made.created_at, by_hand=True)

    @rule(email=sampled_from(EMAILS))
    def intake(self, email: str) -> None:
        got = receive(Incoming(body="Help", author={"email": email}), source=self.source, actor=self.sync)
        document = got.document.pk
        self.sent_by[document], self.sent_at[document] = email, got.document.occurred_at
        if email in self.suppressed:
            assert (got.status, got.customer) == ("suppressed", None)
            self.free.add(document)
            self.anonymous.add(document)
            return
        assert got.customer is not None
        if self.owner(email) is None:
            assert got.customer.pk not in self.people
            self.people[got.customer.pk] = Person("", {email}, got.customer.created_at)
        assert got.customer.pk == self.owner(email)
        self.give(document, got.customer.pk)

    @precondition(lambda self: self.has(deleted=False) and self.known_documents())
    @rule(drawn=data())
    def choose(self, drawn: DataObject) -> None:
        """Staff give a document to somebody."""
        pk = drawn.draw(sampled_from(sorted(self.known_documents())))
        to = self.some(drawn, deleted=False)
        link(Document.objects.get(pk=pk), Customer.objects.get(pk=to), actor=self.actor)
        if pk not in self.people[to].documents:  # what they have already is no decision between those merged
            self.take(pk)
            self.give(pk, to)

    @precondition(lambda self: self.known_documents() - self.free)
    @rule(drawn=data())
    def remove(self, drawn: DataObject) -> None:
        pk = drawn.draw(sampled_from(sorted(self.known_documents() - self.free)))
        unlink(Document.objects.get(pk=pk), actor=self.actor)
        self.take(pk)
        self.free.add(pk)

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
        self.people[pk].deleted_at = clock.now()

    @precondition(lambda self: self.has(deleted=True))
    @rule(drawn=data())
    def restore(self, drawn: DataObject) -> None:
        pk = self.some(drawn, deleted=True)
        restore(Customer.objects.get(pk=pk), actor=self.actor)
        self.people[pk].deleted_at = None

    @precondition(lambda self: self.known_documents())
    @rule(drawn=data())
    def throw_away(self, drawn: DataObject) -> None:
        pk = drawn.draw(sampled_from(sorted(self.known_documents())))
        documents_deleting.delete(Document.objects.get(pk=pk), actor=self.actor)
        self.thrown_away[pk] = clock.now()

    @precondition(lambda self: self.thrown_away)
    @rule(drawn=data())
    def fetch_back(self, drawn: DataObject) -> None:
        pk = drawn.draw(sampled_from(sorted(self.thrown_away)))
        documents_deleting.restore(Document.objects.get(pk=pk), actor=self.actor)
        del self.thrown_away[pk]
        for one in self.people.values():
            if pk in one.documents:
                one.linked = clock.now()

    @precondition(lambda self: sum(not one.deleted for one in self.people.values()) > 1)
    @rule(drawn=data())
    def merge(self, drawn: DataObject) -> None:
        survivor = self.some(drawn, deleted=False)
        source = drawn.draw(
            sampled_from(sorted(pk for pk, p in self.people.items() if not p.deleted and pk != survivor))
        )
        before = (deepcopy(self.people[survivor]), deepcopy(self.people[source]))
        row = merge(survivor, [source], actor=self.actor)
        gone = self.people.pop(source)
        kept = self.people[survivor]
        kept.made, kept.by_hand = min(kept.made, gone.made), kept.by_hand or gone.by_hand
        kept.linked = max(filter(None, (kept.linked, gone.linked)), default=None)
        self.merges.append(Merged(row, survivor, source, before, row.undo_until, kept.linked))
        kept.emails |= gone.emails
        kept.documents |= gone.documents
        kept.name = Customer.objects.get(pk=survivor).name
        assert kept.name in {before[0].name, before[1].name}

    @precondition(lambda self: self.merges)
    @rule(drawn=data())
    def take_apart(self, drawn: DataObject) -> None:
        merged = drawn.draw(sampled_from(self.merges))
        latest = [one for one in self.merges if one.survivor == merged.survivor][-1]
        late = clock.now() >= merged.until
        if late or merged is not latest or merged.survivor not in self.people or self.people[merged.survivor].deleted:
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
        kept.made, kept.by_hand = was.made, was.by_hand
        if kept.linked == merged.linked:
            kept.linked = was.linked
        self.people[merged.source] = Person(
            source.name, source.emails, source.made, source.by_hand, source.linked, documents=back
        )

    @precondition(lambda self: self.has(deleted=True))
    @rule(drawn=data(), documents=sampled_from(["delete", "anonymise"]), suppress=booleans())
    def purge(self, drawn: DataObject, documents: str, suppress: bool) -> None:
        pk = self.some(drawn, deleted=True)
        job = purging.start([pk], actor=self.actor, documents=documents, suppress=suppress)
        jobs.run(Purge, job.pk)
        job.refresh_from_db()
        assert (job.status, job.deleted_count) == ("done", 1), job.error
        self.forget(pk, documents=documents, suppress=suppress)

    @rule(days=sampled_from([1, 29, 31, 89, 91, 400, 1_200]))
    def time_passes(self, days: int) -> None:
        self.clock.move(days)

    @rule(kind=sampled_from([*Policy.Kind]))
    def retention_run(self, kind: str) -> None:
        """A run deletes exactly what the model says is due."""
        one = policy(kind, "api" if kind == Policy.Kind.OLD_DOCUMENTS else "")
        due = self.due(kind)
        now = clock.now()
        years_ago = now.replace(year=now.year - 7, day=28 if (now.month, now.day) == (2, 29) else now.day)
        logged = Entry.objects.filter(at__lte=years_ago).count()  # the model writes no log
        run = running.start(one, actor=self.actor)
        assert not run.waits or running.approve(run, actor=self.actor)
        jobs.run(Run, run.pk)
        run.refresh_from_db()
        number = logged if kind == Policy.Kind.AUDIT else len(due)
        assert (run.status, run.deleted, run.skipped) == ("done", number, 0), run.error
        if one.subject == "documents":
            self.forget_documents(due)
        else:
            for pk in due:
                self.forget(pk, documents=one.documents, suppress=one.suppress)

    @invariant()
    def what_is_there_is_what_the_model_says(self) -> None:
        rows = Customer.objects.exclude(state="merged").values_list("pk", "name", "state", "feedback_count")
        there = {pk: (name, state, count) for pk, name, state, count in rows}
        assert there == {
            pk: (one.name, "deleted" if one.deleted else "active", len(one.documents - set(self.thrown_away)))
            for pk, one in self.people.items()
        }
        emails = dict(Identifier.objects.values_list("normalized", "customer_id"))
        assert emails == {email: pk for pk, one in self.people.items() for email in one.emails}
        documents = dict(Document.objects.values_list("pk", "customer_id"))
        expected = {document: pk for pk, one in self.people.items() for document in one.documents}
        assert documents == expected | dict.fromkeys(self.free)
        assert set(Document.objects.filter(state="deleted").values_list("pk", flat=True)) == set(self.thrown_away)


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
