"""The delete batches of a mirror: what has left the data set is deleted so that it can come back (6.1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.models import Account
from audit.actor import Actor
from core.arrays import AnyOf
from customers import deleting
from customers.accounts import deleting as deleting_accounts
from customers.identifying import Identity
from customers.models import Customer, Identifier
from integrations.deliveries import Verdict

HELD = "It is on legal hold, and stays."
SKIPPED = "It is being permanently deleted."


def remove_customers(identities: Sequence[Identity], *, actor: Actor, viewer: Any, now: datetime) -> list[Verdict]:
    """What became of each. Who is not there, or not any more, is as wanted already."""
    seen = Customer.objects.all() if viewer is None else Customer.objects.visible_to(viewer)
    rows = Identifier.objects.filter(
        AnyOf("normalized", sorted({one.normalized for one in identities})), kind__in={one.kind for one in identities},
        customer__in=seen,
    )  # fmt: skip
    owners = {(kind, normalized): pk for kind, normalized, pk in rows.values_list("kind", "normalized", "customer_id")}
    wanted = [owners.get((one.kind, one.normalized)) for one in identities]
    done = deleting.delete_many({pk for pk in wanted if pk}, actor=actor, now=now)
    return [_verdict(pk, done, customer_id=pk) for pk in wanted]


def remove_accounts(external_ids: Sequence[str], *, actor: Actor, viewer: Any, now: datetime) -> list[Verdict]:
    seen = Account.objects.all() if viewer is None else Account.objects.visible_to(viewer)
    rows = seen.filter(AnyOf("external_id", sorted(set(external_ids))))
    known = dict(rows.values_list("external_id", "pk"))
    done = deleting_accounts.delete_many(set(known.values()), actor=actor, now=now)
    return [_verdict(known.get(one), done, account_id=known.get(one)) for one in external_ids]


def _verdict(pk: int | None, done: deleting.Outcome, **about: int | None) -> Verdict:
    if pk is None:
        return Verdict("unchanged", code="not_there")
    if pk in done.changed:
        return Verdict("updated", code="deleted", **about)  # type: ignore[arg-type]
    if pk in done.held:
        return Verdict("rejected", code="held", message=HELD, **about)  # type: ignore[arg-type]
    return Verdict("unchanged", code="not_active", **about)  # type: ignore[arg-type]
