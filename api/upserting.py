"""Commands of the API on customers: one made or brought up to date, one changed, many with a verdict each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.reading import NAMES, refusal_of, upsert_of_any
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Customer
from customers.suppressing import Suppressed, among, counting
from customers.upserting import batches, upsert_many
from customers.upserts import Upsert, Upserted
from integrations.answers import Refused
from integrations.deliveries import Verdict, log
from integrations.models import ApiKey, Delivery


@counting
@retrying
def upsert(item: Upsert, *, actor: Actor, key: ApiKey) -> Upserted:
    """One customer. Raises Refused where it is rejected or the customer is deleted, and Suppressed; then nothing is
    written."""
    with recorded(actor, "customer.updated") as entry:
        [done] = upsert_many([item], actor=actor, now=entry.at, viewer=key)
        if done.status == "rejected":
            raise refusal_of(done)
        gone = among(item.every_identity)
        if gone:
            raise Suppressed(min(gone))
        if done.deleted:
            message = "This customer is deleted. Restore it first."
            raise Refused(409, "deleted", message, facts={"id": done.customer_id})
        entry.about(Customer(pk=done.customer_id))
        if done.status == "created":
            entry.verb = "customer.created"
        if done.status == "unchanged":
            entry.discard()
        return done


def upsert_all(values: Sequence[Any], *, actor: Actor, key: ApiKey, took: Any) -> tuple[list[Upserted], Delivery]:
    """Many customers as they were sent, in as many transactions as their identifiers need, and the delivery in the log.

    `took` tells the milliseconds that have passed.
    """
    outcomes: list[Any] = [upsert_of_any(value) for value in values]
    places = [place for place, one in enumerate(outcomes) if isinstance(one, Upsert)]
    runs = list(batches([outcomes[place] for place in places]))
    for run in runs[:-1]:
        found = _run(run, actor=actor, key=key)
        for place, done in zip(places, found, strict=False):
            outcomes[place] = done
        places = places[len(run) :]
    return _last(runs[-1] if runs else [], places, outcomes, values, actor=actor, key=key, took=took)


@retrying
def _run(run: Sequence[Upsert], *, actor: Actor, key: ApiKey) -> list[Upserted]:
    with recorded(actor, "customers.upserted", key.source) as entry:
        found = upsert_many(run, actor=actor, now=entry.at, viewer=key)
        _count(entry, found)
        return found


@retrying
def _last(
    run: Sequence[Upsert], places: Sequence[int], outcomes: list[Any], values: Sequence[Any], *, actor: Actor,
    key: ApiKey, took: Any,
) -> tuple[list[Upserted], Delivery]:  # fmt: skip
    """The last run, with which all of them are logged."""
    with recorded(actor, "customers.upserted", key.source) as entry:
        found = upsert_many(run, actor=actor, now=entry.at, viewer=key) if run else []
        every = list(outcomes)
        for place, done in zip(places, found, strict=True):
            every[place] = done
        _count(entry, found)
        verdicts = [verdict_of(done, value) for done, value in zip(every, values, strict=True)]
        delivery = log(
            verdicts, source=key.source, key=key, via=Delivery.Via.API, now=entry.at, operation="customers",
            took_ms=took(),
        )  # fmt: skip
        return every, delivery


def verdict_of(done: Upserted, value: Any) -> Verdict:
    """As it stands in the log. What names a suppressed person is not kept."""
    ids = value.get("user_ids") if isinstance(value, dict) else None
    known = str(ids[0]) if isinstance(ids, list) and ids and isinstance(ids[0], str | int) else ""
    if done.status == "suppressed":
        return Verdict("suppressed")
    return Verdict(
        done.status, known, done.code, done.message, NAMES.get(done.field, done.field), done.customer_id, body=value
    )


def _count(entry: Any, found: Sequence[Upserted]) -> None:
    changed = [one for one in found if one.status in {"created", "updated"}]
    entry.facts |= {"customers": len(changed)}
    if not changed:
        entry.discard()


def replay(bodies: Sequence[Any], *, actor: Actor, now: datetime) -> list[Verdict]:
    """Sent once more, inside the caller's audit entry."""
    outcomes: list[Any] = [upsert_of_any(value) for value in bodies]
    places = [place for place, one in enumerate(outcomes) if isinstance(one, Upsert)]
    found = upsert_many([outcomes[place] for place in places], actor=actor, now=now)
    for place, done in zip(places, found, strict=True):
        outcomes[place] = done
    return [verdict_of(done, value) for done, value in zip(outcomes, bodies, strict=True)]
