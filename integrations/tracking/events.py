"""track, page and screen become usage events, with a few statements for all (3.4, contracts 3).

A user ID that nobody has makes a customer, as any sync does (2.5); an anonymous ID alone does not: visitors come by the
thousand. Their events, and those of people who were permanently deleted, stay without a person.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core.arrays import AnyOf
from customers.identifying import Identity
from customers.models import Membership
from customers.suppressing import count_kept_out
from customers.upserting import Upsert, Upserted, upsert_many
from engagement import usage
from integrations.deliveries import Verdict
from integrations.tracking.knowing import Known
from integrations.tracking.naming import named
from integrations.tracking.parting import Prepared

HIDDEN = Upserted("rejected", code="identifier_conflict", message="Cannot be used here. Ask an admin.", field="userId")
NOBODY = Upserted("unchanged")
KEPT_OUT = Upserted("suppressed")


def take_events(
    calls: Sequence[Prepared], known: Known, *, source: Source, actor: Actor, viewer: Any, module_from: str,
    now: datetime,
) -> dict[int, Verdict]:  # fmt: skip
    """What became of each event, by its place in the request."""
    whose = _people(calls, known, actor=actor, viewer=viewer, now=now)
    verdicts: dict[int, Verdict] = {}
    taken: list[tuple[Prepared, usage.Event]] = []
    accounts = _Accounts(calls, {one.customer_id for one in whose if one.customer_id}, viewer)
    for one, person in zip(calls, whose, strict=True):
        call = one.call
        if person.status == "rejected":
            verdicts[call.place] = Verdict("rejected", "", person.code, person.message, person.field)
            continue
        module, activity = named(call, module_from)
        account_id = accounts.of(one, person.customer_id)
        event = usage.Event(module, activity, call.at, account_id, person.customer_id, call.message_id or None)
        taken.append((one, event))
        status = "suppressed" if person is KEPT_OUT else "created"
        verdicts[call.place] = Verdict(
            status, call.message_id, customer_id=person.customer_id, account_id=event.account_id
        )
    new = usage.record([event for _, event in taken], source=source, actor=actor, now=now).new
    seen = set[str]()
    for one, event in taken:
        if event.external_id and (event.external_id not in new or event.external_id in seen):
            verdicts[one.call.place] = Verdict("unchanged", event.external_id, "repeated")
        seen.add(event.external_id or "")
    return verdicts


def _people(
    calls: Sequence[Prepared], known: Known, *, actor: Actor, viewer: Any, now: datetime
) -> list[Upserted]:  # fmt: skip
    """Who did each of these, made or given the browser's ID where that is news."""
    found: list[Upserted | tuple[Identity, ...]] = [_person(one, known) for one in calls]
    news = list(dict.fromkeys(one for one in found if isinstance(one, tuple)))
    upserts = [Upsert(identities=list(names)) for names in news]
    made = dict(zip(news, upsert_many(upserts, actor=actor, now=now, viewer=viewer) if news else [], strict=True))
    out = [name for one in calls for name in (one.user, one.browser) if name in known.suppressed]
    if out:
        count_kept_out([name for name in out if name], now)
    return [made[one] if isinstance(one, tuple) else one for one in found]


def _person(one: Prepared, known: Known) -> Upserted | tuple[Identity, ...]:
    """Who did it; or the names that somebody must be given first."""
    first = one.user or one.browser
    if first in known.suppressed:
        return KEPT_OUT
    names = tuple(name for name in known.known_as(one.user, one.browser) if name not in known.suppressed)
    owners = [known.owner(name) for name in names]
    if known.is_hidden(owners[0]):
        return HIDDEN
    if one.user is None:
        return Upserted("unchanged", customer_id=owners[0]) if owners[0] else NOBODY
    return names if None in owners else Upserted("unchanged", customer_id=owners[0])


class _Accounts:
    """The account of each event: the one that its context names, else the person's primary one."""

    def __init__(self, calls: Sequence[Prepared], customer_ids: set[int], viewer: Any) -> None:
        named = {group for one in calls if (group := _group(one))}
        rows = Account.objects.readable() if viewer is None else Account.objects.visible_to(viewer).readable()
        wanted = rows.filter(AnyOf("external_id", sorted(named)))
        self._named = dict(wanted.values_list("external_id", "pk")) if named else {}
        primary = Membership.objects.filter(AnyOf("customer_id", sorted(customer_ids)), primary=True)
        if viewer is not None:
            primary = primary.filter(account__in=rows)
        self._primary = dict(primary.values_list("customer_id", "account_id")) if customer_ids else {}

    def of(self, one: Prepared, customer_id: int | None) -> int | None:
        return self._named.get(_group(one) or "") or self._primary.get(customer_id or 0)


def _group(one: Prepared) -> str:
    """The account ID in `context.groupId`, where clients put it."""
    context = one.call.body.get("context")
    named = context.get("groupId") if isinstance(context, dict) else None
    named = named if named is not None else one.call.body.get("groupId")
    return str(named).strip() if isinstance(named, str | int) and not isinstance(named, bool) else ""
