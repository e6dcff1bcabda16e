"""Feedback that arrives through the API: as by every other way in, and for a key of a team within what it sees."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account
from api.bulk import Sender
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers.matching import LOCKS_LIMIT
from customers.models import Customer
from feedback.models import Document
from feedback.prepared import Kept, Prepared
from feedback.receiving import Received, receive
from feedback.receiving_many import receive_many
from integrations.deliveries import Verdict
from integrations.intake import as_sent, incoming_of
from integrations.models import ApiKey, Delivery
from staff.permissions import teams_of

UNUSABLE = "This cannot be used here; ask an admin."


def received(data: dict[str, Any], *, key: ApiKey, actor: Actor) -> Received:
    """One document. Raises ValidationError by path."""
    try:
        incoming = incoming_of(data)
        if teams_of(key) is not None:
            _require_seen(incoming, key=key, actor=actor)
        return receive(incoming, source=key.source, actor=actor)
    except ValidationError as error:
        raise as_sent(error, data) from None


def _require_seen(incoming: Any, *, key: ApiKey, actor: Actor) -> None:
    """Tries it and takes it back: for a key of a team it may only be about an account and people that the team sees.

    Raises ValidationError by path.
    """
    accounts = Account.objects.visible_to(key).filter(external_id=incoming.account_external_id or None)
    if not accounts.exists():
        raise ValidationError({"account_id": "Name an account: this key sees those of some only."})
    with transaction.atomic():
        tried = receive(incoming, source=key.source, actor=actor)
        document_id, customer_id = tried.document.pk, tried.document.customer_id
        transaction.set_rollback(True)
    if _is_hidden(Customer, customer_id, key):
        raise ValidationError({"author": UNUSABLE})
    if _is_hidden(Document, document_id, key):
        raise ValidationError({"external_id": UNUSABLE})


def _is_hidden(model: Any, pk: int | None, key: ApiKey) -> bool:
    there = model.objects.filter(pk=pk)
    return pk is not None and there.exists() and not model.objects.visible_to(key).filter(pk=pk).exists()


def received_all(values: Sequence[Any], sender: Sender) -> tuple[list[Verdict], Delivery]:
    """Many documents as they were sent, in as many transactions as their identifiers need, and the delivery."""
    told = [_prepared(value) for value in values]
    outcomes: list[Any] = [None if isinstance(one, Prepared) else one for one in told]
    if sender.key is not None and teams_of(sender.key) is not None:
        for place, value in enumerate(values):
            outcomes[place] = outcomes[place] or _one(value, sender, sender.key)
        runs: list[list[int]] = []
    else:
        runs = list(_runs(told))
    for run in runs[:-1]:
        _take(run, told, outcomes, sender)
    return _last(runs[-1] if runs else [], told, outcomes, values, sender)


def replayed(values: Sequence[Any], sender: Sender, now: datetime) -> list[Verdict]:
    """Sent once more, inside the caller's audit entry."""
    told = [_prepared(value) for value in values]
    outcomes: list[Any] = [None if isinstance(one, Prepared) else one for one in told]
    places = [place for place, one in enumerate(told) if isinstance(one, Prepared)]
    _receive(places, told, outcomes, sender, now)
    return [_verdict(one, value) for one, value in zip(outcomes, values, strict=True)]


@retrying
def _take(run: Sequence[int], told: Sequence[Any], outcomes: list[Any], sender: Sender) -> None:
    with recorded(sender.actor, "documents.reported", sender.source) as entry:
        _receive(run, told, outcomes, sender, entry.at)


@retrying
def _last(
    run: Sequence[int], told: Sequence[Any], outcomes: list[Any], values: Sequence[Any], sender: Sender
) -> tuple[list[Verdict], Delivery]:
    """The last run, with which all of them are logged."""
    with recorded(sender.actor, "documents.reported", sender.source) as entry:
        every = list(outcomes)
        _receive(run, told, every, sender, entry.at)
        verdicts = [_verdict(one, value) for one, value in zip(every, values, strict=True)]
        entry.facts |= {"records": len(values)}
        return verdicts, sender.log(verdicts, "documents", entry.at)


def _receive(places: Sequence[int], told: Sequence[Any], outcomes: list[Any], sender: Sender, now: datetime) -> None:
    if not places:
        return
    found = receive_many([told[place] for place in places], source=sender.source, actor=sender.actor, now=now)
    for place, outcome in zip(places, found, strict=True):
        outcomes[place] = outcome


def _prepared(value: Any) -> Prepared | ValidationError:
    if not isinstance(value, dict):
        return ValidationError({"": "Must be an object."})
    try:
        return Prepared.of(incoming_of(value))
    except ValidationError as error:
        return as_sent(error, value)


def _one(value: Any, sender: Sender, key: ApiKey) -> Any:
    try:
        done = received(value, key=key, actor=sender.actor)
    except ValidationError as error:
        return error
    document = done.document
    return Kept(document.pk, done.status, document.customer_id, document.account_id, document.occurred_at)


def _runs(told: Sequence[Any]) -> Iterator[list[int]]:
    """The places of those that can be taken, in runs that name at most 1,000 identifiers."""
    run: list[int] = []
    named = 0
    for place, one in enumerate(told):
        if not isinstance(one, Prepared):
            continue
        number = len(one.identities)
        if run and named + number > LOCKS_LIMIT:
            yield run
            run, named = [], 0
        run.append(place)
        named += number
    if run:
        yield run


def _verdict(outcome: Any, value: Any) -> Verdict:
    if isinstance(outcome, ValidationError):
        if isinstance(value, dict):
            outcome = as_sent(outcome, value)
        path, messages = next(iter(outcome.message_dict.items()))
        return Verdict("rejected", _id_of(value), "invalid", str(messages[0]), path, body=value)
    if outcome.status == "suppressed":
        return Verdict("suppressed", document_id=outcome.document_id)
    return Verdict(
        outcome.status, _id_of(value), customer_id=outcome.customer_id, document_id=outcome.document_id, body=value
    )


def _id_of(value: Any) -> str:
    found = value.get("external_id") if isinstance(value, dict) else None
    return str(found) if isinstance(found, str | int) else ""
