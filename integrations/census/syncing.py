"""A batch of a sync carried out, with a verdict for each record (10.3, 10.8)."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from accounts.upserting import upsert_accounts
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers.matching import LOCKS_LIMIT
from customers.suppressing import require_open
from customers.upserting import upsert_many
from integrations.census.fields import ACCOUNT
from integrations.census.plans import SyncPlan, plan_of
from integrations.census.records import Bad, account_id_of, account_of, customer_of, identity_of, named
from integrations.census.removing import remove_accounts, remove_customers
from integrations.deliveries import Verdict, log
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration
from integrations.replaying import replayer

VIA = Delivery.Via.CENSUS
RECORDS = 250  # a transaction


def sync(plan: SyncPlan, records: Sequence[Any], *, key: ApiKey, now: datetime) -> list[Verdict]:
    """What became of each record, in order. A part that is committed stays: sent again, it changes nothing.

    Raises IntakeStopped.
    """
    require_open()
    verdicts: list[Verdict] = []
    for part in _parts(plan, records) if records else [[]]:
        verdicts += _sync_part(plan, part, key=key, now=now)
    return verdicts


@replayer(VIA)
def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]:
    """The same once more, inside the caller's audit entry: each body holds the plan that it came with."""
    actor = Actor.of_source(integration.source, via=VIA)
    verdicts = []
    for record in records:
        body = record.body if isinstance(record.body, dict) else {}
        plan = plan_of(body, integration.mapping)
        verdicts += carry_out(plan, [body.get("record")], actor=actor, viewer=None, now=now)
    return verdicts


def carry_out(
    plan: SyncPlan, records: Sequence[Any], *, actor: Actor, viewer: Any, now: datetime
) -> list[Verdict]:  # fmt: skip
    """What became of each, inside the caller's audit entry."""
    verdicts: dict[int, Verdict] = {}
    good: list[tuple[int, Any]] = []
    for place, record in enumerate(records):
        try:
            good.append((place, _READ[plan.kind == ACCOUNT, plan.operation == "delete"](record, plan)))
        except Bad as bad:
            verdicts[place] = Verdict("rejected", code=bad.code, message=bad.message, field=bad.field)
    told = [said for _, said in good]
    for (place, _), verdict in zip(good, _write(plan, told, actor, viewer, now), strict=True):
        verdicts[place] = verdict
    done = [verdicts[place] for place in range(len(records))]
    for verdict, record in zip(done, records, strict=True):
        verdict.external_id = str(named(record, plan) or "")
        if verdict.status != DeliveryRecord.Status.UNCHANGED:  # what is as it was is in the directory
            verdict.body = {"sync_plan": _plan_again(plan), "record": record}
    return done


@retrying
def _sync_part(plan: SyncPlan, records: Sequence[Any], *, key: ApiKey, now: datetime) -> list[Verdict]:
    began = time.monotonic()
    actor = Actor.of_source(key.source, via=VIA)
    viewer = None if key.team_ids is None else key
    with recorded(actor, "census.synced", key.source, now=now) as entry:
        done = carry_out(plan, records, actor=actor, viewer=viewer, now=now)
        delivery = log(
            done, source=key.source, key=key, via=VIA, now=now, operation=f"{plan.kind} {plan.operation}",
            took_ms=int((time.monotonic() - began) * 1000), facts=plan.facts,
        )  # fmt: skip
        entry.facts |= {"records": len(records), "delivery_id": delivery.pk, **plan.facts}
        entry.discard()  # unless something was changed
        return done


def _write(plan: SyncPlan, told: list[Any], actor: Actor, viewer: Any, now: datetime) -> list[Verdict]:
    if not told:
        return []
    options = {"actor": actor, "viewer": viewer, "now": now}
    if plan.operation == "delete":
        return (remove_accounts if plan.kind == ACCOUNT else remove_customers)(told, **options)
    if plan.kind == ACCOUNT:
        return [_verdict(one, account_id=one.account_id) for one in upsert_accounts(told, **options)]
    return [_verdict(one, customer_id=one.customer_id) for one in upsert_many(told, **options)]


def _verdict(done: Any, **about: int | None) -> Verdict:
    if done.status == "skipped":
        return Verdict("unchanged", code="skipped", **about)  # type: ignore[arg-type]
    return Verdict(done.status, code=done.code, message=done.message, field=done.field, **about)  # type: ignore[arg-type]


def _parts(plan: SyncPlan, records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Runs of records that together name no more identifiers than a transaction may lock."""
    part: list[Any] = []
    named = 0
    for record in records:
        number = _number(record)
        if part and (len(part) >= RECORDS or named + number > LOCKS_LIMIT):
            yield part
            part, named = [], 0
        part.append(record)
        named += number
    yield part


def _number(record: Any) -> int:
    """No fewer than the identifiers in the record."""
    values = record.values() if isinstance(record, dict) else ()
    return min(3, len(values)) + sum(len(value) for value in values if isinstance(value, list))


def _plan_again(plan: SyncPlan) -> dict[str, Any]:
    """As much of the plan as a replay needs."""
    back = {"boolean": "boolean", "number": "decimal", "date": "date_time", "text": "string"}
    schema: dict[str, dict[str, Any]] = {
        key: {"field": {"type": back[type_]}} for key, type_ in plan.types.items() if type_ != "text"
    }
    schema[plan.identifier] = {"active_identifier": True}
    return {"object": {"object_api_name": plan.kind}, "operation": plan.operation, "schema": schema, **plan.facts}


_READ = {
    (False, False): customer_of, (False, True): identity_of, (True, False): account_of, (True, True): account_id_of,
}  # fmt: skip
