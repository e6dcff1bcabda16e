"""Two names of one person become one customer: the alias call (contracts 3)."""

from datetime import datetime
from typing import Any

from audit.actor import Actor
from customers import merging
from customers.identifying import Identity
from customers.models import Customer, Identifier
from customers.upserting import Upsert, upsert_many
from integrations.deliveries import Verdict
from integrations.tracking.calls import Wrong
from integrations.tracking.knowing import ANONYMOUS, USER, Identities
from integrations.tracking.parting import Prepared

REFUSED = (
    "The two customers cannot be merged now: one is deleted, on legal hold or asked to be deleted, or both have a"
    " login. Merge them by hand, or replay this later."
)


def alias(one: Prepared, *, actor: Actor, viewer: Any, now: datetime) -> Verdict:
    """Merges the customer of `previousId` into that of `userId`; while there is only one, it gets the other's name.

    What cannot be merged stays as it is, and the verdict says so. Raises Wrong.
    """
    call, make = one.call, Identities()
    user = make.one(USER, call.user_id, "userId")
    previous = [make.one(kind, call.previous_id, "previousId") for kind in (USER, ANONYMOUS)]
    survivor_id = _owner(user)
    owners = {owner: name for name in reversed(previous) if (owner := _owner(name)) is not None}
    sources = sorted(owners.keys() - {survivor_id})
    if survivor_id is None or not sources:
        known_as = owners[sources[0]] if sources else previous[-1]
        names = [name for name in (user, known_as) if name]
        done = upsert_many([Upsert(identities=names, at=call.at)], actor=actor, now=now, viewer=viewer)[0]
        return Verdict(done.status, call.user_id, done.code, done.message, done.field, done.customer_id)
    try:
        merging.merge(survivor_id, sources, actor=actor, viewer=viewer, now=now)
    except (merging.Refused, Customer.DoesNotExist):
        raise Wrong("previousId", REFUSED, "merge_refused") from None
    return Verdict("updated", call.user_id, customer_id=survivor_id)


def _owner(name: Identity | None) -> int | None:
    rows = Identifier.objects.filter(kind=name.kind, normalized=name.normalized) if name else None
    return rows.values_list("customer_id", flat=True).first() if rows is not None else None
