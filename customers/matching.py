"""Whether incoming identities belong to somebody already known: one rule for every way in (2.5, 5.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q

from core.arrays import AnyOf, array_of
from customers import suppressing
from customers.identifying import MATCHING_ORDER, Identity
from customers.models import Customer, DuplicateCandidate, Identifier

LOCKS_LIMIT = 1_000
_LOCK = """
    SELECT count(CASE WHEN %s OR one LIKE 'phone:%%' THEN pg_advisory_xact_lock(hashtextextended(one, 0))::text
                      ELSE pg_advisory_xact_lock_shared(hashtextextended(one, 0))::text END)
    FROM unnest(%s::text[]) one
"""


@dataclass(slots=True)
class Match:
    """`customer_id` is who the identities belong to, or None; `owners` says whose each known identity is.

    `others` are further customers that some identity points at: probable duplicates, never merged by themselves.
    `claimed` are identities that a customer has by a browser's word only.
    `suppressed` are the identities of people who were permanently deleted; `is_suppressed` says that one of them comes
    first in the order of matching, so that the whole is theirs and must be nobody's.
    """

    customer_id: int | None = None
    owners: dict[Identity, list[int]] = field(default_factory=dict)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    suppressed: set[Identity] = field(default_factory=set)
    is_suppressed: bool = False

    def take(self, one: Identity, owners: list[int]) -> None:
        """Takes the next identity, in the order of matching, into account."""
        self.owners[one] = owners
        if self.customer_id is not None or self.is_suppressed:
            return
        if one in self.suppressed:
            self.is_suppressed = True
        elif len(owners) == 1:
            self.customer_id = owners[0]

    @property
    def others(self) -> set[int]:
        return {owner for owners in self.owners.values() for owner in owners} - {self.customer_id or 0}

    def free(self) -> list[Identity]:
        """The identities that the matched customer can be given: nobody else's, or a phone, which may be shared."""
        return [
            one
            for one, owners in self.owners.items()
            if self.customer_id not in owners
            and one not in self.suppressed
            and (not owners or one.kind == Identifier.Kind.PHONE)
        ]


def lock(identities: Iterable[Identity], *, exclusive: bool = False) -> None:
    """Locks the identities for the rest of the transaction, in the one order (reliability 2).

    Shared, because the database itself refuses a second owner; exclusive for phones, which it cannot make unique, and
    for who takes identities away.
    """
    ordered = sorted({f"{one.kind}:{one.normalized}" for one in identities})
    if len(ordered) > LOCKS_LIMIT:
        raise ValueError(f"At most {LOCKS_LIMIT} identifier locks a transaction")
    if ordered:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [exclusive, array_of(ordered)])


def match(identities: Sequence[Identity]) -> Match:
    """Who owns these identities, in the order user ID, email, handle, phone (only if exactly one customer has it)."""
    found = Match(owners={one: [] for one in identities}, suppressed=suppressing.among(identities))
    if not identities:
        return found
    wanted = Q()
    for one in identities:
        wanted |= Q(kind=one.kind, normalized=one.normalized)
    known: dict[tuple[str, str], list[int]] = {}
    rows = Identifier.objects.filter(wanted).order_by("id").values_list("kind", "normalized", "customer_id", "verified")
    for kind, normalized, customer_id, verified in rows:
        known.setdefault((kind, normalized), []).append(customer_id)
        if not verified:
            found.claimed.add((kind, normalized))
    for one in sorted(identities, key=lambda one: MATCHING_ORDER.index(one.kind)):
        owners = known.get((one.kind, one.normalized), [])
        found.take(one, owners)
    return found


def lock_customers(ids: Iterable[int]) -> list[Customer]:
    """The customers with these ids, locked against merge and delete, in id order."""
    return list(Customer.objects.filter(AnyOf("pk", set(ids))).order_by("pk").select_for_update(no_key=True))


def note_duplicates(match: Match) -> None:
    """Remembers the pairs that identities pointing at different customers suggest (5.2)."""
    if match.customer_id is None:
        return
    strong = {
        owner: one.kind
        for one, owners in match.owners.items()
        for owner in owners
        if owner != match.customer_id and one.kind != Identifier.Kind.PHONE
    }
    DuplicateCandidate.objects.bulk_create(
        [
            DuplicateCandidate(
                first_id=min(owner, match.customer_id), second_id=max(owner, match.customer_id),
                evidence=[{"rule": "arrived_together", "kind": kind}], score=0.9,
            )
            for owner, kind in sorted(strong.items())
        ],
        ignore_conflicts=True,
    )  # fmt: skip
