"""Calls in parts that one transaction can take: as many as lock no more identifiers than it may (reliability 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from customers.identifying import Identity
from customers.matching import LOCKS_LIMIT
from customers.upserting import Upsert
from integrations.tracking.calls import Call

CALLS = 2_000


@dataclass(slots=True)
class Prepared:
    """A call with whom it names; `said` is what an identify says of them."""

    call: Call
    user: Identity | None
    browser: Identity | None
    said: Upsert | None = None

    @property
    def identities(self) -> set[Identity]:
        named = {one for one in (self.user, self.browser) if one}
        return named if self.said is None else named.union(self.said.identities)


def parts(calls: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    """The calls in their order; an alias, which merges, is a part of its own."""
    part: list[Prepared] = []
    locked = set[Identity]()
    for one in calls:
        identities = one.identities
        alone = one.call.type == "alias" or bool(part and part[-1].call.type == "alias")
        if part and (alone or len(part) >= CALLS or len(locked) + len(identities - locked) > LOCKS_LIMIT):
            yield part
            part, locked = [], set()
        part.append(one)
        locked |= identities
    if part:
        yield part
