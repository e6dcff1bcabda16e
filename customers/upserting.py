"""Customers as other systems describe them, many at once: found by the one rule, made or brought up to date (2.5, 5.2).

The items are taken one after another, as if each were a command of its own, on a part of the directory held in memory;
what is different then is written with a few statements for all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from audit.actor import Actor
from customers.matching import LOCKS_LIMIT, lock
from customers.matching_many import Owners, owners_of
from customers.suppressing import require_open
from customers.upserting_rows import write
from customers.upserting_rule import Plan
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
    outcomes: list[Any] = _unchanged(items, actor=actor, now=now, viewer=viewer)
    rest = [place for place, outcome in enumerate(outcomes) if outcome is None]
    if not rest:
        return outcomes
    lock({one for place in rest for one in items[place].every_identity})
    left = [items[place] for place in rest]
    while True:
        plan = Plan(left, actor=actor, now=now, viewer=viewer, locked=True)
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


def _unchanged(items: Sequence[Upsert], *, actor: Actor, now: datetime, viewer: Any) -> list[Upserted | None]:
    """Those that say what is known already, found without a lock; None for each that needs a second look."""
    outcomes: list[Upserted | None] = [None] * len(items)
    owners = owners_of({one for item in items for one in item.every_identity})
    likely = [place for place, item in enumerate(items) if _may_be_known(item, owners)]
    if not likely:
        return outcomes
    plan = Plan([items[place] for place in likely], actor=actor, now=now, viewer=viewer)
    found = plan.run()
    others = {
        owner
        for item in (items[place] for place in sorted(set(range(len(items))) - set(likely)))
        for one in item.every_identity
        for owner in owners.get((one.kind, one.normalized), ())
    }
    touched = plan.touched | others
    for place, outcome in zip(likely, found, strict=True):
        if outcome.status == "unchanged" and outcome.customer_id not in touched:
            outcomes[place] = outcome
    return outcomes


def _may_be_known(item: Upsert, owners: Owners) -> bool:
    """Whether every identity is somebody's already: else there is something to write, or to refuse."""
    known = all((one.kind, one.normalized) in owners for one in item.every_identity)
    return known and bool(item.customer_id or item.every_identity)
