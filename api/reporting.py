"""Usage, survey answers and deliveries of campaigns by the thousand: who each is about, and a verdict for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q
from pydantic import ValidationError as ShapeError

from accounts.models import Account
from api.bulk import Sender
from api.reading import fault_of
from api.schemas.reports import About, DeliveryIn, SurveyIn, UsageIn
from core.arrays import AnyOf
from customers.identifying import Identity, identity
from customers.models import Customer, Identifier
from customers.suppressing import among, count_kept_out
from engagement import answering, campaigns, usage
from engagement.models import SurveyResponse, UsageEvent
from integrations.deliveries import Verdict
from staff.permissions import teams_of

A = TypeVar("A", bound=About)


@dataclass
class Report:
    """One record that is sound, at its `place`, with the customer and the account it is about."""

    place: int
    said: Any
    customer_id: int | None = None
    account_id: int | None = None


def usage_reported(values: Sequence[Any], sender: Sender, now: datetime) -> list[Verdict]:
    def write(reports: Sequence[Report]) -> dict[int, str]:
        events = [
            usage.Event(one.said.module, one.said.activity, one.said.occurred_at, one.account_id, one.customer_id,
                        one.said.external_id)
            for one in reports
        ]  # fmt: skip
        usage.record(events, source=sender.source, actor=sender.actor, now=now)
        return {}

    return _reported(values, UsageIn, sender, now, write, _known_in(UsageEvent, sender))


def answers_reported(values: Sequence[Any], sender: Sender, now: datetime) -> list[Verdict]:
    def write(reports: Sequence[Report]) -> dict[int, str]:
        answers = [
            answering.Answer(one.said.survey, one.said.score, one.said.answered_at, one.customer_id, one.account_id,
                             one.said.comment, one.said.kind, one.said.external_id)
            for one in reports
        ]  # fmt: skip
        return answering.record(answers, source=sender.source, actor=sender.actor, now=now).refused

    return _reported(values, SurveyIn, sender, now, write, _known_in(SurveyResponse, sender))


def deliveries_reported(values: Sequence[Any], sender: Sender, now: datetime) -> list[Verdict]:
    def write(reports: Sequence[Report]) -> dict[int, str]:
        refused = {place: "Name a customer." for place, one in enumerate(reports) if one.customer_id is None}
        reached = [
            campaigns.Reached(one.said.campaign, one.customer_id, one.said.sent_at, one.said.viewed_at,
                              one.said.engaged_at, one.said.goal_reached_at)
            for one in reports if one.customer_id is not None
        ]  # fmt: skip
        campaigns.record(reached, source=sender.source, actor=sender.actor, now=now)
        return refused

    return _reported(values, DeliveryIn, sender, now, write, lambda ids: set())


def _reported(
    values: Sequence[Any], shape: type[About], sender: Sender, now: datetime,
    write: Callable[[Sequence[Report]], dict[int, str]], known: Callable[[set[str]], set[str]],
) -> list[Verdict]:  # fmt: skip
    """Reads, recognises, writes; inside the caller's audit entry."""
    verdicts: dict[int, Verdict] = {}
    read: list[Report] = []
    for place, value in enumerate(values):
        try:
            read.append(Report(place, shape.model_validate(value)))
        except ShapeError as error:
            path, message = fault_of(error)
            verdicts[place] = Verdict("rejected", "", "invalid", message, path, body=value)
    sound = _recognised(read, values, verdicts, sender, now)
    ids = {one.said.external_id for one in sound if getattr(one.said, "external_id", None)}
    seen = known(ids)
    for at, why in (write(sound) if sound else {}).items():
        one = sound[at]
        verdicts[one.place] = Verdict("rejected", "", "invalid", why, body=values[one.place])
    for one in sound:
        external_id = getattr(one.said, "external_id", None) or ""
        status = "unchanged" if external_id and external_id in seen else "created"
        seen |= {external_id} if external_id else set()
        verdicts.setdefault(
            one.place, Verdict(status, external_id, customer_id=one.customer_id, account_id=one.account_id)
        )
    return [verdicts[place] for place in range(len(values))]


def _known_in(model: Any, sender: Sender) -> Callable[[set[str]], set[str]]:
    def known(ids: set[str]) -> set[str]:
        rows = model.objects.filter(AnyOf("external_id", ids), source=sender.source)
        return set(rows.values_list("external_id", flat=True)) if ids else set()

    return known


# Whom and what they are about


def _recognised(
    reports: Sequence[Report], values: Sequence[Any], verdicts: dict[int, Verdict], sender: Sender, now: datetime
) -> list[Report]:
    """Those about people and accounts that are there and that the key sees; the others get their verdict."""
    people, gone = _people(reports, sender)
    accounts = _accounts(reports, sender)
    limited = sender.key is not None and teams_of(sender.key) is not None
    sound: list[Report] = []
    kept_out: list[Identity] = []
    for one in reports:
        who, what = _who(one.said), _what(one.said)
        if who in gone:
            kept_out.append(gone[who])
            verdicts[one.place] = Verdict("suppressed")
            continue
        one.customer_id, one.account_id = people.get(who), accounts.get(what)
        fault = ""
        if who and one.customer_id is None:
            fault = "customer"
        elif (what and one.account_id is None) or (limited and not (what or who)):
            fault = "account"
        if fault:
            message = f"There is no such {fault}."
            verdicts[one.place] = Verdict("rejected", "", f"unknown_{fault}", message, fault, body=values[one.place])
        else:
            sound.append(one)
    count_kept_out(kept_out, now)
    return sound


def _who(said: About) -> Any:
    if said.customer_id:
        return said.customer_id
    return ("user_id", said.user_id) if said.user_id else ("email", said.email) if said.email else None


def _what(said: About) -> Any:
    return said.account_id or said.account_external_id or None


def _people(reports: Sequence[Report], sender: Sender) -> tuple[dict[Any, int], dict[Any, Identity]]:
    """Customers by how they are named, merged ones by their survivor; and who was permanently deleted."""
    asked = {who for one in reports if (who := _who(one.said))}
    numbers = {who for who in asked if isinstance(who, int)}
    named: dict[Any, Identity] = {}
    for who in asked - numbers:
        try:
            named[who] = identity(*who)
        except ValidationError:
            continue
    rows = Customer.objects.filter(AnyOf("pk", numbers)).exclude(state=Customer.State.PURGING)
    found: dict[Any, int] = {pk: into or pk for pk, into in rows.values_list("pk", "merged_into_id")}
    held = Identifier.objects.filter(
        AnyOf("normalized", {one.normalized for one in named.values()}), kind__in=["user_id", "email"]
    ).exclude(customer__state=Customer.State.PURGING)
    owners = {(kind, text): pk for kind, text, pk in held.values_list("kind", "normalized", "customer_id")}
    found |= {who: pk for who, one in named.items() if (pk := owners.get((one.kind, one.normalized)))}
    suppressed = among(one for who, one in named.items() if who not in found)
    gone = {who: one for who, one in named.items() if one in suppressed}
    if sender.key is not None and teams_of(sender.key) is not None:
        seen = Customer.objects.visible_to(sender.key).filter(AnyOf("pk", found.values()))
        visible = set(seen.values_list("pk", flat=True))
        found = {who: pk for who, pk in found.items() if pk in visible}
    return found, gone


def _accounts(reports: Sequence[Report], sender: Sender) -> dict[Any, int]:
    asked = {what for one in reports if (what := _what(one.said))}
    numbers = [what for what in asked if isinstance(what, int)]
    names = [what for what in asked if isinstance(what, str)]
    rows = Account.objects.visible_to(sender.key) if sender.key is not None else Account.objects.all()
    named = Q(AnyOf("pk", numbers)) | Q(AnyOf("external_id", names))
    found: dict[Any, int] = {}
    for pk, external_id in rows.filter(named).readable().values_list("pk", "external_id") if asked else ():
        found |= {pk: pk, external_id: pk}
    return found
