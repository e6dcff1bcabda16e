"""Deliveries once more: rejected records go back through the door that they came by, as if sent again (10.8).

Each door says in its own module how, which is imported with the addresses:

    @replayer(Delivery.Via.WEBHOOK)
    def replay(integration: Integration, records: list[DeliveryRecord], now: datetime) -> list[Verdict]: ...

The records are of one delivery, in their order, and the verdicts are in the same order. It changes records as the
integration's source (`Actor.of_source`) with the reach of the key that brought them, so that a replay can do no more
than what it repeats. It logs nothing itself.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.db.models import QuerySet

from audit.actor import Actor
from audit.recording import recorded
from core.jobs import JobFailed
from core.retrying import retrying
from customers.suppressing import require_open
from integrations.deliveries import Verdict, log
from integrations.models import Delivery, DeliveryRecord, Integration, Replay

Replayer = Callable[[Integration, list[DeliveryRecord], datetime], list[Verdict]]

REPLAYERS: dict[str, Replayer] = {}
BATCH = 50  # records a transaction: each may lock several identifiers
# A key says how far its records reach; one that is gone, with its team, says so no more
BY_KEY = (Delivery.Via.WEBHOOK, Delivery.Via.CENSUS, Delivery.Via.TRACKING, Delivery.Via.API)
FAILED = (Delivery.Status.PARTLY, Delivery.Status.FAILED)


class NotReplayable(JobFailed):
    """Nothing was replayed; the message says why."""


def replayer(via: str) -> Callable[[Replayer], Replayer]:
    """Registers how records of this way in go through it again."""

    def register(replay: Replayer) -> Replayer:
        REPLAYERS[via] = replay
        return replay

    return register


def replayer_of(via: str) -> Replayer | None:
    """Workers load no addresses, and with them no doors, until somebody asks."""
    import_module(settings.ROOT_URLCONF)
    return REPLAYERS.get(via)


def waiting(records: QuerySet[DeliveryRecord]) -> QuerySet[DeliveryRecord]:
    """Those that were rejected, were not replayed since, and whose body is still kept."""
    return records.filter(status=DeliveryRecord.Status.REJECTED, replayed_at=None, body__isnull=False)


@retrying
def replay(delivery: Delivery, record_ids: Sequence[int], *, actor: Actor, now: datetime | None = None) -> Delivery:
    """Sends these records of `delivery` again; the delivery that it made. Raises NotReplayable, IntakeStopped."""
    require_open()
    began = time.monotonic()
    with recorded(actor, "delivery.replayed", delivery, now=now) as entry:
        integration = _integration_of(delivery)
        again = replayer_of(delivery.via)
        if again is None:
            raise NotReplayable(f"Deliveries by {delivery.get_via_display()} cannot be replayed.")
        if delivery.key_id is None and delivery.via in BY_KEY:
            raise NotReplayable("The key that brought this went with its team. Have the sender send it again.")
        mine = waiting(delivery.records.filter(pk__in=record_ids)).order_by("place").select_for_update()
        records = list(mine)
        if not records:
            raise NotReplayable("These records were replayed meanwhile, or what was sent is not kept any more.")
        verdicts = again(integration, records, entry.at)
        made = log(
            verdicts, source=integration.source, key=delivery.key, via=delivery.via, now=entry.at, replay_of=delivery,
            operation=delivery.operation, took_ms=int((time.monotonic() - began) * 1000),
        )  # fmt: skip
        DeliveryRecord.objects.filter(pk__in=[one.pk for one in records]).update(replayed_at=entry.at)
        entry.facts |= {"records": len(records), "rejected": made.rejected_count}
        return made


@retrying
def replay_all(
    integration: Integration, *, actor: Actor, delivery: Delivery | None = None, now: datetime | None = None
) -> Replay:
    """Begins to replay everything of an integration, or of one delivery, that waits for it; in the background.

    Returns the job that is under way when there is one. Records that fail again meanwhile are not tried a second time.
    """
    with recorded(actor, "replay.started", integration, now=now) as entry:
        Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
        under_way = Replay.objects.unfinished().filter(integration=integration, delivery=delivery).first()
        if under_way:
            entry.discard()
            return under_way
        rows = waiting(DeliveryRecord.objects.filter(delivery__in=_failed(integration, delivery)))
        newest = Delivery.objects.filter(source=integration.source).order_by("-pk").values_list("pk", flat=True).first()
        job = Replay.objects.create(
            integration=integration, delivery=delivery, actor_id=actor.user_id, up_to=newest or 0, total=rows.count()
        )
        entry.facts |= {"replay_id": job.pk, "records": job.total}
        job.enqueue()
        return job


def next_batch(job: Replay, now: datetime) -> bool:
    """Replays the next records that wait, of one delivery; whether there may be more."""
    failed = _failed(job.integration, job.delivery).filter(pk__gte=job.after_id, pk__lte=job.up_to).order_by("pk")
    for delivery in failed.select_related("source")[:BATCH]:
        job.after_id = delivery.pk
        ids = list(waiting(delivery.records.all()).order_by("place").values_list("pk", flat=True)[:BATCH])
        if not ids:
            continue
        actor = Actor(via="task", rank="sync", user_id=job.actor_id)
        made = replay(delivery, ids, actor=actor, now=now)
        job.done += made.record_count
        job.accepted += made.record_count - made.rejected_count
        job.rejected += made.rejected_count
        return True
    return failed.filter(pk__gt=job.after_id).exists()


def _failed(integration: Integration, delivery: Delivery | None) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(source=integration.source, status__in=FAILED).exclude(key=None, via__in=BY_KEY)
    return rows.filter(pk=delivery.pk) if delivery else rows


def _integration_of(delivery: Delivery) -> Integration:
    integration = Integration.objects.select_related("source").filter(source=delivery.source_id).first()
    if integration is None or integration.closed_at is not None:
        raise NotReplayable("The integration is closed. Reopen it first.")
    return integration
