"""Customers as other systems describe them, many at once: found by the one rule, made or brought up to date (2.5, 5.2).

The items are taken one after another, as if each were a command of its own, on a part of the directory held in memory;
what is different then is written with a few statements for all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from audit.actor import Actor
from customers.matching import LOCKS_LIMIT, lock
from customers.suppressing import require_open
from customers.upserting_rows import write
from customers.upserting_rule import Plan
from customers.upserting_unchanged import unchanged
from customers.upserts import Place, Upsert, Upserted

__all__ = ["Place", "Upsert", "Upserted", "batches", "upsert_many"]


def upsert_many(items: Sequence[Upsert], *, actor: Actor, now: datetime, viewer: Any = None) -> list[Upserted]:
    """What became of each, in order. What is the same writes nothing: no row, no audit change.

    Runs inside the caller's audit entry, in a command that is `retrying`. Together the items may name 1,000 identifiers
    (`batches`). An upsert that names two owners is rejected as identifier_conflict. A soft-deleted customer is updated
    and stays deleted. With `viewer`, a key bound to a team, only visible customers are found and changed. Raises
    IntakeStopped.
    """
    require_open()
    outcomes: list[Any] = unchanged(items, actor=actor, viewer=viewer)
    rest = [place for place, outcome in enumerate(outcomes) if outcome is None]
    if not rest:
        return outcomes
    lock({one for place in rest for one in items[place].every_identity})
    left = [items[place] for place in rest]
    while True:
        plan = Plan(left, actor=actor, now=now, viewer=viewer)
        found = plan.run()
        if plan.properties.save() and plan.attributes.save():
            break
    write(plan)
    for place, outcome in zip(rest, found, strict=True):
        outcomes[place] = outcome
    return outcomes


def batches(items: Sequence[Upsert], most: int = LOCKS_LIMIT) -> Iterator[Sequence[Upsert]]:
    """The items in order, in runs that name at most 1,000 identifiers, each for a transaction of its own."""
    start, named = 0, 0
    for place, item in enumerate(items):
        number = len(item.every_identity)
        if place > start and (named + number > LOCKS_LIMIT or place - start >= most):
            yield items[start:place]
            start, named = place, 0
        named += number
    if start < len(items):
        yield items[start:]
