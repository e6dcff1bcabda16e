"""Permanent deletion against what happens at the same time, and against dying: real connections, real transactions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from audit.models import Change, Entry, Source
from core import clock, jobs
from customers import ledger, suppressing
from customers.deleting import NotDeleted, delete, restore
from customers.identifying import identity
from customers.models import Customer, Erasure, Identifier, Note, Suppression
from feedback.models import Document
from retention import purging
from retention.models import Purge
from tests.customers.people import mina
from tests.factories import CustomerFactory, DocumentFactory
from tests.feedback.test_races import intake, race
from tests.killing import Killed, at_every_statement

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


def deleted(number: int = 0, **values: Any) -> Customer:
    customer = CustomerFactory(name=f"Ana Ruiz {number}", email=f"ana{number}@ex.test", **values)
    DocumentFactory(customer=customer, title="Ana Ruiz wrote", author={"email": f"ana{number}@ex.test"}, link="matched")
    delete(customer, actor=mina())
    customer.refresh_from_db()
    return customer


def finish(purge: Purge) -> Callable[[], object]:
    return lambda: jobs.run(Purge, purge.pk)


@pytest.mark.parametrize("documents", ["delete", "anonymise"])
def test_intake_of_the_same_email_meanwhile_brings_nobody_back(documents: str) -> None:
    Source.objects.get_or_create(name="Inbox", kind="feedback")
    for round_ in range(ROUNDS):
        customer = deleted(round_)
        purge = purging.start([customer.pk], actor=mina(), documents=documents)
        outcomes = race(finish(purge), *(intake(f"ana{round_}@ex.test", number) for number in range(3)))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        purge.refresh_from_db()
        assert (purge.status, purge.deleted_count) == ("done", 1)
        assert not Customer.objects.exists()
        assert not Identifier.objects.exists()
        assert suppressing.among([identity("email", f"ana{round_}@ex.test")])
        assert not Document.objects.filter(author_email__contains="ana").exists()
        late = [one for one in outcomes[1:] if one.status == "suppressed"]  # type: ignore[attr-defined]
        kept = Document.objects.filter(external_id__startswith=f"ana{round_}@").count()
        assert kept >= len(late), "what came after the deletion is kept, without the identity"


def test_of_purge_and_restore_exactly_one_wins() -> None:
    won = set[str]()
    for round_ in range(ROUNDS * 2):
        customer = deleted(round_)
        purge = purging.start([customer.pk], actor=mina())
        contestants = [finish(purge), lambda customer=customer: restore(customer, actor=mina())]  # type: ignore[misc]
        outcomes = race(*contestants[:: 1 if round_ % 2 else -1])
        purge.refresh_from_db()
        refused = any(isinstance(outcome, NotDeleted) for outcome in outcomes)
        assert purge.deleted_count == int(refused), outcomes
        left = Customer.objects.filter(pk=customer.pk).values_list("state", flat=True)
        assert list(left) == ([] if refused else ["active"])
        if not refused:
            assert Document.objects.filter(customer_id=customer.pk).count() == 1
            assert Identifier.objects.filter(customer_id=customer.pk).exists()
        won.add("purge" if refused else "restore")
    assert won, "somebody won each time"


def test_two_purges_of_one_customer_delete_once() -> None:
    for round_ in range(ROUNDS):
        customer = deleted(round_)
        purges = [purging.start([customer.pk], actor=mina()) for _ in range(2)]
        race(*map(finish, purges))
        counts = []
        for purge in purges:
            purge.refresh_from_db()
            counts.append(purge.deleted_count)
        assert sorted(counts) == [0, 1]
        assert Erasure.objects.filter(customer_id=customer.pk).count() == 1


def test_killed_at_any_statement_it_is_before_or_after_and_finishes_by_itself() -> None:
    customer = deleted()
    Note.objects.create(customer=customer, body="Ana Ruiz likes mornings")
    purge = purging.start([customer.pk], actor=mina(), documents="anonymise")

    def look() -> tuple[object, ...]:
        return (
            list(Customer.objects.values_list("state", flat=True)), Identifier.objects.count(), Note.objects.count(),
            list(Document.objects.values_list("title", "author", "customer_id")), Suppression.objects.count(),
            Erasure.objects.filter(done_at=None).count(), Entry.objects.count(),
            list(Change.objects.order_by("pk").values_list("before", "after")),
        )  # fmt: skip

    def claim() -> None:
        held = Purge.objects.get(pk=purge.pk)
        jobs.one_batch(held)

    held = Purge.claim(purge.pk, clock.now())
    assert held is not None
    statements = at_every_statement(claim, look)
    assert statements > 10
    assert look()[0] == ["purging"]
    assert at_every_statement(claim, look) > 20
    assert look()[:3] == ([], 0, 0)
    assert Document.objects.get().title == "[removed] wrote"
    connections.close_all()
    assert len({line.token for line in ledger.entries()}) == 1  # type: ignore[union-attr]
    suppressing.forget_checks()
    assert suppressing.intake_problem() == ""


def test_what_died_after_it_wrote_to_the_ledger_does_not_leave_the_intake_stopped() -> None:
    customer = deleted()
    purge = purging.start([customer.pk], actor=mina())

    def die_before_the_commit() -> None:
        purging.next_batch(purge, clock.now())
        purging.next_batch(purge, clock.now())
        raise Killed

    with pytest.raises(Killed), transaction.atomic():
        die_before_the_commit()
    assert len(list(ledger.entries())) == 1
    assert suppressing.intake_problem() == suppressing.OLDER, "until it is known what became of the customer"
    jobs.run(Purge, purge.pk)
    assert not Customer.objects.exists()
    assert suppressing.intake_problem() == ""


def test_a_worker_killed_between_batches_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH", 1)
    people = [deleted(number) for number in range(3)]
    purge = purging.start([one.pk for one in people], actor=mina())
    for _ in range(3):
        held = Purge.claim(purge.pk, clock.now())
        assert held is not None
        assert jobs.one_batch(held)
        Purge.objects.filter(pk=purge.pk).update(lease_until=clock.now() - clock.now().resolution * 10)
    jobs.run(Purge, purge.pk)
    purge.refresh_from_db()
    assert (purge.status, purge.deleted_count, purge.done) == ("done", 3, 3)
    assert not Customer.objects.exists()
