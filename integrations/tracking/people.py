"""identify and group carried out, many at once (contracts 3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.upserting import upsert_accounts
from audit.actor import Actor
from customers.upserting import upsert_many
from integrations.deliveries import Verdict
from integrations.tracking.calls import Wrong
from integrations.tracking.describing import account_of, member_of
from integrations.tracking.knowing import Known
from integrations.tracking.parting import Prepared

_GREATER = ("unchanged", "updated", "created")


def take_people(
    calls: Sequence[Prepared], known: Known, *, actor: Actor, viewer: Any, now: datetime
) -> dict[int, Verdict]:
    """What became of each call, by its place."""
    verdicts: dict[int, Verdict] = {}
    accounts = []
    for one in calls:
        if one.call.type == "group":
            try:
                accounts.append((one, account_of(one.call)))
            except Wrong as wrong:
                verdicts[one.call.place] = rejected(one, wrong)
    done = upsert_accounts([said for _, said in accounts], actor=actor, now=now, viewer=viewer)
    found = {one.call.place: result for (one, _), result in zip(accounts, done, strict=True)}
    for place, account in found.items():
        if account.status == "rejected":
            verdicts[place] = Verdict("rejected", "", account.code, account.message, account.field)
    people = [one for one in calls if one.call.place not in verdicts]
    upserts = []
    for one in people:
        known_as = known.known_as(one.user, one.browser)
        if one.said is None:
            upserts.append(member_of(one.call, known_as))
        else:
            one.said.identities = [*known_as, *(i for i in one.said.identities if i not in (one.user, one.browser))]
            upserts.append(one.said)
    for one, result in zip(people, upsert_many(upserts, actor=actor, now=now, viewer=viewer), strict=True):
        verdict = Verdict(result.status, "", result.code, result.message, result.field, result.customer_id)
        group = found.get(one.call.place)
        if group:
            verdict.account_id = group.account_id
            if verdict.status in _GREATER:
                verdict.status = max(verdict.status, group.status, key=_GREATER.index)
        verdicts[one.call.place] = verdict
    return verdicts


def rejected(one: Prepared, wrong: Wrong) -> Verdict:
    return Verdict("rejected", "", wrong.code, wrong.message, wrong.field)
