"""The calls of a request carried out, a part at a time, each with its verdicts in the delivery log (10.4, 10.8)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from customers.matching import lock
from customers.suppressing import require_open
from engagement import messages
from integrations.deliveries import Verdict, log
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration
from integrations.replaying import replayer
from integrations.tracking.aliasing import alias
from integrations.tracking.calls import Call, Wrong, call_of
from integrations.tracking.describing import person_of
from integrations.tracking.events import take_events
from integrations.tracking.knowing import Identities, Known
from integrations.tracking.parting import Prepared, parts
from integrations.tracking.people import rejected, take_people

VIA = Delivery.Via.TRACKING


@dataclass(slots=True)
class Taken:
    """What became of each call, in order, and the deliveries that say so."""

    verdicts: list[Verdict]
    references: list[str] = field(default_factory=list)


def take(bodies: Sequence[Any], *, key: ApiKey, operation: str, now: datetime) -> Taken:
    """Carries out the calls as sent. A part that is committed stays: sent again, it changes nothing.

    Raises IntakeStopped.
    """
    require_open()
    integration = Integration.objects.filter(source=key.source).first()
    module_from = _module_from(integration)
    prepared, verdicts = _prepared(bodies, now)
    taken = Taken([])
    for part in list(parts(prepared)) or [[]]:
        refused = [] if taken.references else list(verdicts.values())
        done, delivery = _take_part(
            part, refused, key=key, module_from=module_from, operation=operation, now=now,
        )  # fmt: skip
        verdicts |= done
        taken.references.append(delivery.reference)
    taken.verdicts = [verdicts[place] for place in range(len(bodies))]
    return taken


@replayer(VIA)
def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]:
    """The same once more, inside the caller's audit entry."""
    prepared, verdicts = _prepared([record.body for record in records], now)
    actor = Actor.of_source(integration.source, via=VIA)
    for part in parts(prepared):
        verdicts |= receive(
            part, source=integration.source, actor=actor, viewer=None, module_from=_module_from(integration), now=now
        )
    return [verdicts[place] for place in range(len(records))]


def receive(
    part: Sequence[Prepared], *, source: Source, actor: Actor, viewer: Any, module_from: str, now: datetime
) -> dict[int, Verdict]:
    """What became of each call, by its place; inside the caller's audit entry. Who the events are of is known last."""
    fresh, verdicts = _without_repeats([one for one in part if not one.call.is_event], source=source, now=now)
    events = [one for one in part if one.call.is_event]
    if part[0].call.type == "alias":
        for one in fresh:
            try:
                verdicts[one.call.place] = alias(one, actor=actor, viewer=viewer, now=now)
            except Wrong as wrong:
                verdicts[one.call.place] = rejected(one, wrong)
    else:
        identities = {name for one in [*fresh, *events] for name in one.identities}
        lock(identities)
        known = Known((name for one in part for name in (one.user, one.browser) if name), viewer)
        if fresh:
            verdicts |= take_people(fresh, known, actor=actor, viewer=viewer, now=now)
            known.look()
        if events:
            verdicts |= take_events(
                events, known, source=source, actor=actor, viewer=viewer, module_from=module_from, now=now
            )
    failed = [one for one in fresh if verdicts[one.call.place].status == DeliveryRecord.Status.REJECTED]
    messages.forget((one.call.message_id for one in failed if one.call.message_id), source_id=source.pk)
    for one in part:
        _complete(verdicts[one.call.place], one.call, now)
    return verdicts


@retrying
def _take_part(
    part: Sequence[Prepared], refused: Sequence[Verdict], *, key: ApiKey, module_from: str, operation: str,
    now: datetime,
) -> tuple[dict[int, Verdict], Delivery]:  # fmt: skip
    began = time.monotonic()
    actor = Actor.of_source(key.source, via=VIA)
    with recorded(actor, "tracking.received", key.source, now=now) as entry:
        done = receive(
            part, source=key.source, actor=actor, viewer=None if key.team_ids is None else key,
            module_from=module_from, now=now,
        ) if part else {}  # fmt: skip
        delivery = log(
            [*refused, *done.values()], source=key.source, key=key, via=VIA, now=now, operation=operation,
            took_ms=int((time.monotonic() - began) * 1000),
        )  # fmt: skip
        entry.facts |= {"calls": len(part), "delivery_id": delivery.pk}
        entry.discard()  # unless somebody was changed: usage has an entry of its own
        return done, delivery


def _prepared(bodies: Sequence[Any], now: datetime) -> tuple[list[Prepared], dict[int, Verdict]]:
    """The calls that can be carried out, and what is wrong with the others, by place."""
    make = Identities()
    prepared: list[Prepared] = []
    wrong: dict[int, Verdict] = {}
    for place, body in enumerate(bodies):
        try:
            call = call_of(body, place, now)
            user, browser = (None, None) if call.type == "alias" else make.of(call)
            said = person_of(call, []) if call.type == "identify" else None
            prepared.append(Prepared(call, user, browser, said))
        except Wrong as fault:
            message_id = body.get("messageId") if isinstance(body, dict) else ""
            wrong[place] = Verdict(
                "rejected", message_id if isinstance(message_id, str) else "", fault.code, fault.message, fault.field,
                body=_kept(body, now),
            )  # fmt: skip
    return prepared, wrong


def _without_repeats(
    calls: Sequence[Prepared], *, source: Source, now: datetime
) -> tuple[list[Prepared], dict[int, Verdict]]:
    """The calls that this source has not sent before, and the verdicts on the others."""
    new = messages.new_among(
        (one.call.message_id for one in calls if one.call.message_id), source_id=source.pk, now=now
    )
    fresh: list[Prepared] = []
    repeated: dict[int, Verdict] = {}
    for one in calls:
        if one.call.message_id and one.call.message_id not in new:
            repeated[one.call.place] = Verdict("unchanged", code="repeated")
            continue
        new.discard(one.call.message_id)
        fresh.append(one)
    return fresh, repeated


def _complete(verdict: Verdict, call: Call, now: datetime) -> None:
    """What the log keeps: of events that were taken no body, for they are there themselves."""
    if not call.is_event and not verdict.external_id:
        verdict.external_id = call.user_id or call.anonymous_id
    if verdict.status == "skipped":
        verdict.status = "unchanged"
    if not (call.is_event or verdict.code == "repeated") or verdict.status == DeliveryRecord.Status.REJECTED:
        verdict.external_id = verdict.external_id or call.message_id
        verdict.body = _kept(call.body, now)


def _kept(body: Any, now: datetime) -> Any:
    """The body with the moment from which its clock is corrected, for a replay."""
    return {"receivedAt": now.isoformat(), **body} if isinstance(body, dict) else body


def _module_from(integration: Integration | None) -> str:
    named = integration.mapping.get("module") if integration else None
    return named if isinstance(named, str) and named else "module"
