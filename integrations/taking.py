"""Feedback through any of its doors: kept, logged and answered in one shape (contracts 6, 10.8)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse

from audit.actor import Actor
from audit.models import Source
from core import clock
from core.retrying import retrying
from customers.suppressing import IntakeStopped
from feedback.receiving import Received, receive
from integrations.answers import Refused, answer, invalid
from integrations.deliveries import Verdict, log, log_refused
from integrations.intake import as_sent, incoming_of
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration
from integrations.replaying import replayer

UNREADABLE = (400, 413, 415)


def take(
    data: dict[str, Any], *, source: Source, via: str, key: ApiKey | None = None, verified: bool = True
) -> tuple[Received, Delivery]:
    """One document, kept and logged together; one that is wrong is logged too. Raises Refused."""
    began = time.monotonic()
    try:
        return _kept(data, source=source, via=via, key=key, verified=verified, began=began)
    except ValidationError as error:
        named = as_sent(error, data)
        _log([rejected(data, named)], source=source, via=via, key=key, began=began)
        raise invalid(named) from None
    except IntakeStopped as stopped:
        raise Refused(503, "intake_stopped", str(stopped), Retry_After="60") from None


@contextmanager
def logging_refusals(source: Source, via: str, key: ApiKey | None = None) -> Iterator[None]:
    """Writes down that a request of this source was refused whole: malformed, too large, of another type."""
    try:
        yield
    except Refused as refused:
        if refused.status in UNREADABLE:
            log_refused(
                source=source, key=key, via=via, now=clock.now(), operation="feedback", code=refused.code,
                message=refused.message.partition(": ")[2] or refused.message,  # without the path, which may hold names
            )  # fmt: skip
        raise


def answer_to(received: Received, delivery: Delivery) -> HttpResponse:
    """202, with what became of it."""
    customer = received.customer
    body: dict[str, Any] = {
        "id": received.document.pk,
        "status": received.status,
        "customer_id": customer.pk if customer else None,
        "reference": delivery.reference,
    }
    if (customer and not customer.is_active) or not received.document.is_active:
        body["deleted"] = True
    return answer(body, 202)


@retrying
def _kept(
    data: dict[str, Any], *, source: Source, via: str, key: ApiKey | None, verified: bool, began: float
) -> tuple[Received, Delivery]:
    now = clock.now()
    with transaction.atomic():
        received = _receive(data, source=source, via=via, verified=verified, now=now)
        return received, _log([accepted(data, received)], source=source, via=via, key=key, began=began, now=now)


def _receive(data: dict[str, Any], *, source: Source, via: str, verified: bool, now: datetime) -> Received:
    incoming = incoming_of(data, verified=verified)
    return receive(incoming, source=source, actor=Actor.of_source(source, via=via), now=now)


def _log(
    verdicts: list[Verdict], *, source: Source, via: str, key: ApiKey | None, began: float, now: datetime | None = None
) -> Delivery:
    took_ms = int((time.monotonic() - began) * 1000)
    return log(verdicts, source=source, key=key, via=via, now=now or clock.now(), operation="feedback", took_ms=took_ms)


def accepted(data: dict[str, Any], received: Received) -> Verdict:
    document = received.document
    return Verdict(
        status=received.status, external_id=document.external_id or "", document_id=document.pk, body=data,
        customer_id=document.customer_id, account_id=document.account_id, blank=bool(received.suppressed),
    )  # fmt: skip


def rejected(data: dict[str, Any], error: ValidationError) -> Verdict:
    field, messages = next(iter(error.message_dict.items()))
    external_id = data.get("external_id")
    return Verdict(
        status=DeliveryRecord.Status.REJECTED, code="invalid", message=f"{field}: {messages[0]}", field=field,
        external_id=external_id if isinstance(external_id, str) else "", body=data,
    )  # fmt: skip


@replayer(Delivery.Via.INTAKE)
@replayer(Delivery.Via.WIDGET)
@replayer(Delivery.Via.EMAIL)
def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]:
    """What was rejected, once more through the same door; what a browser claimed is still a claim."""
    verdicts = []
    for record in records:
        data, via = record.body, record.delivery.via
        try:
            with transaction.atomic():
                received = _receive(
                    data, source=integration.source, via=via, verified=via != Delivery.Via.WIDGET, now=now
                )
            verdicts.append(accepted(data, received))
        except ValidationError as error:
            verdicts.append(rejected(data, as_sent(error, data)))
    return verdicts
