"""Merges against each other, against intake and against the database's death: before or after, nothing between."""

from collections.abc import Callable

import pytest

from customers import merging
from customers.editing import NotActive, rename
from customers.merge_rules import RELATIONS
from customers.models import Customer, Merge
from customers.noting import add_note
from customers.tagging import add_tag
from feedback.linking import link
from feedback.models import Document
from tests.customers.merge_cast import ana, duplicate, state
from tests.customers.people import STAFF
from tests.factories import CustomerFactory, DocumentFactory
from tests.feedback.test_races import intake, race
from tests.killing import at_every_statement

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6


def merge(kept: Customer, source: Customer) -> Callable[[], object]:
    return lambda: merging.merge(kept.pk, [source.pk], actor=STAFF)


def two(round_: int) -> tuple[Customer, Customer]:
    return (
        CustomerFactory.create(email=f"a{round_}@ex.test", phone="+34600111222"),
        CustomerFactory.create(email=f"b{round_}@ex.test", phone="+34600111222"),
    )


def nothing_hangs_on(source: Customer) -> None:
    for relation in RELATIONS.values():
        if relation.label:
            left = relation.model._base_manager.filter(**{relation.field: source.pk})
            assert not left.exists(), f"{relation.key}: {list(left)}"


def test_a_into_b_against_b_into_a_merges_once() -> None:
    for round_ in range(ROUNDS):
        one, other = two(round_)
        outcomes = race(merge(one, other), merge(other, one))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Merge", "Refused"]
        [done] = [outcome for outcome in outcomes if isinstance(outcome, Merge)]
        survivor = Customer.objects.get(pk__in=[one.pk, other.pk], state="active")
        assert survivor.pk == done.survivor_id
        assert survivor.identifiers.count() == 3
        assert Customer.objects.get(pk=done.source_ids[0]).merged_into_id == survivor.pk


def test_a_ring_of_three_leaves_redirects_one_step_deep() -> None:
    for round_ in range(ROUNDS):
        ring = [CustomerFactory.create(email=f"r{round_}-{n}@ex.test") for n in range(3)]
        outcomes = race(*(merge(ring[n], ring[(n + 1) % 3]) for n in range(3)))
        assert not [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, merging.Refused)]
        for customer in Customer.objects.filter(state="merged"):
            assert customer.merged_into is not None
            assert customer.merged_into.is_active


def test_merge_against_intake_with_the_sources_identifiers() -> None:
    for round_ in range(ROUNDS):
        kept, source = two(round_)
        outcomes = race(merge(kept, source), *(intake(f"b{round_}@ex.test", number) for number in range(3)))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        kept.refresh_from_db()
        assert (kept.feedback_count, kept.documents.count()) == (3, 3)
        nothing_hangs_on(source)


def test_undo_against_intake_with_the_sources_identifiers() -> None:
    for round_ in range(ROUNDS):
        kept, source = two(round_)
        done = merging.merge(kept.pk, [source.pk], actor=STAFF)
        contestants = [intake(f"b{round_}@ex.test", number) for number in range(3)]
        outcomes = race(lambda done=done: merging.undo(done, actor=STAFF), *contestants)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        kept.refresh_from_db(), source.refresh_from_db()
        assert (kept.feedback_count, source.feedback_count) == (0, 3)


def test_two_undo_one_merge() -> None:
    kept, source = two(0)
    done = merging.merge(kept.pk, [source.pk], actor=STAFF)
    outcomes = race(*(lambda: merging.undo(done, actor=STAFF) for _ in range(3)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CannotUndo", "CannotUndo", "Merge"]


def test_merge_against_everything_that_staff_do_to_the_source() -> None:
    for round_ in range(ROUNDS):
        kept, source = two(round_)
        paper = DocumentFactory.create()
        outcomes = race(
            merge(kept, source),
            lambda source=source: add_tag([source.pk], "vip", actor=STAFF),
            lambda source=source: add_note(source, "Hello", actor=STAFF),
            lambda source=source, paper=paper: link(paper, source, actor=STAFF),
            lambda source=source: rename(source, "Bo", actor=STAFF),
        )
        wrong = [one for one in outcomes if isinstance(one, Exception)]
        assert all(isinstance(one, NotActive | Customer.DoesNotExist) for one in wrong), wrong
        nothing_hangs_on(source)
        assert Document.objects.filter(customer=source).count() == 0


def test_a_merge_and_its_undo_killed_at_every_statement() -> None:
    kept, source = ana(), duplicate()
    apart = state(kept, source)
    look = lambda: (state(kept, source), Merge.objects.count())  # noqa: E731
    at_every_statement(merge(kept, source), look)
    done = Merge.objects.get()
    together = lambda: (state(kept, source), Merge.objects.get().undone_at)  # noqa: E731
    at_every_statement(lambda: merging.undo(done, actor=STAFF), together)
    assert state(kept, source) == apart
