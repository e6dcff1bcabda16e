"""Merges of customers made by chance, one into another and on, undone in turn: exactly what there was, every time."""

import random

import pytest

from core.invariants import findings
from customers import merging
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.merge_rules import RELATIONS, count_rows
from customers.models import Customer, DuplicateCandidate, Membership, Note
from customers.tagging import add_tag
from tests.customers.merge_cast import at, feedback, state, sync
from tests.customers.people import STAFF
from tests.factories import AccountFactory, DocumentFactory

pytestmark = pytest.mark.django_db

PEOPLE = 5


@pytest.mark.parametrize("seed", range(12))
def test_any_merges_undone_in_turn_leave_what_there_was(seed: int) -> None:
    chance = random.Random(seed)
    people = somebody(chance)
    tables = [state(*people)]
    done = []
    while len(active := list(Customer.objects.active().filter(pk__in=[one.pk for one in people]))) > 1:
        survivor, *sources = chance.sample(active, chance.randint(2, min(3, len(active))))
        plan = merging.preview(survivor.pk, [one.pk for one in sources], viewer=None)
        picks = {one.key: chance.choice(plan.ids) for one in plan.fields if chance.random() < 0.5}
        plan = merging.preview(survivor.pk, [one.pk for one in sources], viewer=None, picks=picks)
        actor = chance.choice([STAFF, sync()])
        done.append(merging.merge(survivor.pk, [one.pk for one in sources], actor=actor, picks=picks))
        assert as_planned(plan)
        assert whole()
        tables.append(state(*people))
    for merge, before in zip(reversed(done), reversed(tables[:-1]), strict=True):
        merging.undo(merge, actor=STAFF)
        now = state(*people)
        for table, rows in before.items():
            assert now[table] == rows, table
        assert whole()


def as_planned(plan: merging.Plan) -> bool:
    now = Customer.objects.get(pk=plan.survivor.pk)
    results = {one.key: one.result for one in plan.fields}
    held = {
        key.partition(":")[2]: value.raw for key, value in results.items() if key.startswith("property:") and value.raw
    }
    assert (now.name, now.primary_email, now.properties) == (
        results["name"].text, results["primary_email"].text, held,
    )  # fmt: skip
    for count in plan.counts:
        assert count_rows([RELATIONS[count.key]], [now.pk])[0][0][now.pk] == count.after, count.label
    return True


def whole() -> bool:
    return not [one.line for one in findings() if one.broken and one.rule.app != "audit"]


def somebody(chance: random.Random) -> list[Customer]:
    """Some customers who share phones, tags, accounts, notes, properties and probable duplicates, as it happens."""
    accounts = [AccountFactory.create() for _ in range(3)]
    people = []
    for number in range(PEOPLE):
        said = [("email", f"p{number}-{n}@ex.test") for n in range(chance.randint(0, 2))]
        said += [("user_id", f"u-{number}")] * chance.randint(0, 1) + [("handle", f"x:p{number}")] * chance.randint(
            0, 1
        )
        said += [("phone", f"+3460011122{n}") for n in chance.sample(range(4), chance.randint(0, 3))]
        properties = {
            key: [chance.choice(["a", "b", "c"])] for key in ("plan", "city", "team") if chance.random() < 0.6
        }
        one = create(
            draft_of(name=chance.choice(["", "Ana", "Bo"]), identities=identities(said), properties=properties),
            actor=chance.choice([STAFF, sync()]), origin=chance.choice(["hand", "document", "sync"]),
        )  # fmt: skip
        people.append(one)
        for name in chance.sample(["vip", "beta", "churn"], chance.randint(0, 3)):
            add_tag([one.pk], name, actor=STAFF)
        for place, account in enumerate(chance.sample(accounts, chance.randint(0, 3))):
            Membership.objects.create(
                customer=one,
                account=account,
                primary=place == 0 and chance.random() < 0.8,
                contact=chance.random() < 0.5,
            )
        for _ in range(chance.randint(0, 3)):
            Note.objects.create(customer=one, body=chance.choice(["Called", "Wrote"]))
        for _ in range(chance.randint(0, 3)):
            DocumentFactory.create(customer=one, link="staff", occurred_at=at(chance.randint(1, 28)))
        if said:
            feedback(f"Number {number}", **{said[0][0]: said[0][1]}) if said[0][0] != "phone" else None
    for first in people:
        for second in people:
            if first.pk < second.pk and chance.random() < 0.4:
                DuplicateCandidate.objects.create(first=first, second=second, score=0.5)
    return people
