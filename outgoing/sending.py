"""Sends what is due to one endpoint: as many at once as it should bear, those of one record in their order (10.9).

State lies in rows (reliability 6): an attempt is written down, with when the next one is due, before it is made, so a
worker killed in the middle leaves a delivery that comes again. Whoever receives knows a repeat by its `webhook-id`.
"""

import random
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from core import clock
from core.retrying import retrying
from outgoing.models import Attempt, Delivery, Endpoint
from outgoing.posting import Outcome, post
from outgoing.signing import body_of, headers_of

AT_ONCE = 8
LEASE_SECONDS = 60  # many times what a batch may take
TURN_SECONDS = 60  # then the worker is others' again
GIVEN_UP_AFTER = timedelta(days=1)
# Seconds until the next attempt, after the first one, the second one, …; the last one for all that follow
WAITS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400)
RESTS = (5, 15, 60, 300, 900)  # of an endpoint to which nothing gets through


@dataclass(frozen=True)
class Sent:
    delivery: Delivery
    outcome: Outcome


def run(endpoint_id: int, *, turn_seconds: float = TURN_SECONDS) -> int:
    """Sends what is due to this endpoint, for one turn; how many attempts there were. None of it waits for another
    worker that has the endpoint already."""
    token = claim(endpoint_id, clock.now())
    if token is None:
        return 0
    ends_at, attempts = clock.now() + timedelta(seconds=turn_seconds), 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        while batch := begin(endpoint_id, token, clock.now()):
            endpoint = batch[0].endpoint
            outcomes = list(pool.map(_send, [endpoint] * len(batch), batch))
            sent = [Sent(*pair) for pair in zip(batch, outcomes, strict=True)]
            attempts += len(sent)
            goes_on = finish(endpoint_id, token, sent, clock.now())
            if not goes_on or clock.now() > ends_at:
                break
    Endpoint.objects.filter(pk=endpoint_id, lease_token=token).update(lease_token=None, lease_until=None)
    return attempts


def claim(endpoint_id: int, now: datetime) -> uuid.UUID | None:
    """A lease on the endpoint, None where another worker has it, or it rests or is paused."""
    token = uuid.uuid4()
    lease = {"lease_token": token, "lease_until": now + timedelta(seconds=LEASE_SECONDS)}
    return token if Endpoint.objects.idle(now).filter(pk=endpoint_id).update(**lease) else None


def due(endpoint_id: int, now: datetime) -> QuerySet[Delivery]:
    """What may be sent now: of each record the oldest that waits, when its time has come."""
    pending = Delivery.objects.pending().filter(endpoint=endpoint_id)
    earlier = pending.filter(subject=OuterRef("subject"), subject_id=OuterRef("subject_id"), pk__lt=OuterRef("pk"))
    return pending.filter(~Exists(earlier), next_attempt_at__lte=now).order_by("pk")


@retrying
def begin(endpoint_id: int, token: uuid.UUID, now: datetime) -> list[Delivery]:
    """The next deliveries, each with this attempt counted; one alone while nothing gets through."""
    with transaction.atomic():
        endpoint = _held(endpoint_id, token)
        if endpoint is None or endpoint.paused_at:
            return []
        rows = list(due(endpoint_id, now)[: 1 if endpoint.failures else AT_ONCE])
        for row in rows:
            row.endpoint = endpoint
            row.attempt_count += 1
            row.retry_since = row.retry_since or now
            row.next_attempt_at = _next(row, now)
        Delivery.objects.bulk_update(rows, ["attempt_count", "retry_since", "next_attempt_at"])
        endpoint.lease_until = now + timedelta(seconds=LEASE_SECONDS)
        endpoint.save(update_fields=["lease_until"])
        return rows


@retrying
def finish(endpoint_id: int, token: uuid.UUID, sent: Sequence[Sent], now: datetime) -> bool:
    """Writes down how it went; whether more may be sent at once. Nothing, when the lease was lost meanwhile."""
    with transaction.atomic():
        endpoint = _held(endpoint_id, token)
        if endpoint is None:
            return False
        Attempt.objects.bulk_create(
            Attempt(
                delivery=one.delivery, at=now - timedelta(milliseconds=one.outcome.took_ms),
                took_ms=one.outcome.took_ms, code=one.outcome.code, problem=one.outcome.problem,
            )
            for one in sent
        )  # fmt: skip
        delivered = [one.delivery.pk for one in sent if one.outcome.delivered]
        given_up = [one.delivery.pk for one in sent if not one.outcome.delivered and _is_over(one.delivery, now)]
        pending = Delivery.objects.pending()
        pending.filter(pk__in=delivered).update(status=Delivery.Status.DELIVERED, finished_at=now)
        pending.filter(pk__in=given_up).update(status=Delivery.Status.FAILED, finished_at=now)
        if delivered:
            _recovered(endpoint, now)
        else:
            endpoint.failures += 1
            endpoint.resting_until = now + timedelta(seconds=RESTS[min(endpoint.failures, len(RESTS)) - 1])
        if given_up:
            endpoint.failing_since = endpoint.failing_since or now
        endpoint.save(update_fields=["failures", "resting_until", "failing_since", "delivered_at"])
        return bool(delivered)


def _recovered(endpoint: Endpoint, now: datetime) -> None:
    """Something got through. After a time in which nothing did, all that waited is due at once."""
    if endpoint.failures:
        Delivery.objects.pending().filter(endpoint=endpoint, next_attempt_at__gt=now).update(next_attempt_at=now)
    endpoint.failures, endpoint.resting_until, endpoint.failing_since, endpoint.delivered_at = 0, None, None, now


def _send(endpoint: Endpoint, delivery: Delivery) -> Outcome:
    """In a thread of its own, without the database."""
    body = body_of(delivery)
    return post(endpoint.url, body, headers_of(delivery, endpoint, body, _wall_clock()))


def _wall_clock() -> datetime:
    """For the timestamp of a signature, which receivers compare with their own clocks."""
    return timezone.now()


def _held(endpoint_id: int, token: uuid.UUID) -> Endpoint | None:
    return Endpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id, lease_token=token).first()


def _next(row: Delivery, now: datetime) -> datetime:
    """When the attempt after this one is due: later each time, with a little chance; the last a day after the first."""
    wait = WAITS[min(row.attempt_count, len(WAITS)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311
    last = (row.retry_since or now) + GIVEN_UP_AFTER
    later = now + timedelta(seconds=wait)
    return later if now >= last else min(later, last)


def _is_over(row: Delivery, now: datetime) -> bool:
    return row.retry_since is not None and now >= row.retry_since + GIVEN_UP_AFTER


def with_work(now: datetime) -> list[int]:
    """The endpoints to which something is due."""
    waiting = Delivery.objects.pending().filter(endpoint=OuterRef("pk"), next_attempt_at__lte=now)
    return list(Endpoint.objects.idle(now).filter(Exists(waiting)).order_by("pk").values_list("pk", flat=True))
