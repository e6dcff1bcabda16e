"""Work that outlives a request: a row that says what is done, which Celery only pokes (reliability 6 and 7).

A kind of job is a model that inherits `Job` and says what one batch does. A batch is one transaction that first checks
its lease, so a worker that was given up for dead changes nothing; what it has done and how far the job is are
committed together.
"""

import time
import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Self

import structlog
from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from kombu.exceptions import OperationalError as BrokerAway

from core import clock
from core.retrying import retrying

logger = structlog.get_logger(__name__)

LEASE_SECONDS = 30
MOST_ATTEMPTS = 5
TURN_SECONDS = 240  # a task gives its worker back after this, and the job goes on in another
ENQUEUED_AGAIN_AFTER_SECONDS = 300  # one that waits in the broker's queue, or was lost there
MOST_REST_SECONDS = 2.0
TRIED_AGAIN_AFTER_SECONDS = 20  # one whose last attempt failed, times the attempts so far


class LeaseLost(Exception):
    """Somebody else has the job now, or it was cancelled: this worker stops without a word."""


class JobFailed(Exception):
    """The job can never succeed; the message is shown to people and holds no values of theirs."""


class Status(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    QUARANTINED = "quarantined", "Set aside after five attempts"


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> Self:
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def claimable(self, now: datetime) -> Self:
        """Waiting, or left by a worker whose lease ran out."""
        return self.filter(Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now))

    def overdue(self, now: datetime) -> Self:
        """What no worker has and no task in the broker is likely to bring to one."""
        waited = now - timedelta(seconds=ENQUEUED_AGAIN_AFTER_SECONDS)
        return self.claimable(now).filter(
            Q(enqueue_at__isnull=True, enqueued_at__isnull=True)
            | Q(enqueue_at__lte=now)
            | Q(enqueue_at__isnull=True, enqueued_at__lt=waited)
            | Q(status=Status.RUNNING)
        )


class Job(models.Model):
    """A row of work. Subclasses define `batch()`, and create rows followed by `enqueue()`.

    `rest` is how long the machine is left to others after a batch, in times that batch took: for what nobody waits for.
    """

    rest: ClassVar[float] = 0.0

    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    done = models.BigIntegerField("units done", default=0)
    total = models.BigIntegerField("units in all", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    enqueue_at = models.DateTimeField("not enqueued before", null=True, editable=False)
    enqueued_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["enqueued_at"], condition=Q(status__in=["queued", "running"]), name="%(class)s_due")
        ]

    # What a kind of job says

    def batch(self, now: datetime) -> bool:
        """Does the next piece of work in the current transaction, counts it in `done`; whether there is more."""
        raise NotImplementedError

    def after(self, now: datetime) -> None:
        """Called once, in the transaction that finishes the job."""

    # What the rest of Roster asks

    @property
    def is_finished(self) -> bool:
        return self.status not in (Status.QUEUED, Status.RUNNING)

    @property
    def percent(self) -> int | None:
        """How far it is, 0 to 100; None while nobody knows how much there is."""
        if self.status == Status.DONE:
            return 100
        return None if not self.total else min(99, 100 * self.done // self.total)

    def enqueue(self) -> None:
        """Tells a worker after the commit. Without a broker the sweep does so later."""
        transaction.on_commit(lambda: poke(self._meta.label, [self.pk]))

    def cancel(self, now: datetime) -> bool:
        """Stops the job before its next batch; False when it had ended before."""
        return self.end(Status.CANCELLED, now, of=type(self).objects.filter(pk=self.pk).unfinished())

    def again(self) -> bool:
        """Puts a job that failed or was set aside back into the queue."""
        stuck = type(self).objects.filter(pk=self.pk, status__in=[Status.FAILED, Status.QUARANTINED])
        if not stuck.update(status=Status.QUEUED, attempts=0, error="", finished_at=None, enqueued_at=None):
            return False
        self.enqueue()
        return True

    # The lease

    @classmethod
    def claim(cls, pk: int, now: datetime) -> Self | None:
        """The job with a new lease; None when another worker has it, or there is nothing to do."""
        with transaction.atomic():
            job = cls.objects.claimable(now).select_for_update(skip_locked=True).filter(pk=pk).first()
            if job is None or (job.enqueue_at is not None and job.enqueue_at > now):
                return None
            if job.attempts >= MOST_ATTEMPTS:
                problem = job.error or "Its workers died. Look at the logs before trying again."
                job.end(Status.QUARANTINED, now, error=problem)
                return None
            cls.objects.filter(pk=pk).update(
                status=Status.RUNNING,
                attempts=F("attempts") + 1,
                lease_token=uuid.uuid4(),
                lease_until=now + timedelta(seconds=LEASE_SECONDS),
                started_at=Coalesce("started_at", now),
                enqueue_at=None,
            )
            return cls.objects.get(pk=pk)

    def renew(self, now: datetime) -> Self:
        """The row as it is now, locked until the transaction ends, its lease longer. Raises LeaseLost."""
        mine = type(self).objects.select_for_update(no_key=True).filter(pk=self.pk, **self.held)
        job = mine.first()
        if job is None:
            raise LeaseLost
        job.lease_until = now + timedelta(seconds=LEASE_SECONDS)
        job.save(update_fields=["lease_until"])
        return job

    def finish(self, now: datetime) -> bool:
        return self.end(Status.DONE, now)

    def release(self, now: datetime, *, error: str = "", wait_seconds: float = 0) -> bool:
        """Gives the job back to the queue, for a later turn or another attempt."""
        mine = type(self).objects.filter(pk=self.pk, **self.held)
        later = now + timedelta(seconds=wait_seconds)
        free = {"lease_token": None, "lease_until": None, "enqueue_at": later, "enqueued_at": None}
        return bool(mine.update(status=Status.QUEUED, error=error, **free))

    def end(self, status: Status, now: datetime, *, error: str = "", of: "JobQuerySet | None" = None) -> bool:
        """Compare-and-set of the last status: on the row that this lease holds, or on those that `of` finds."""
        rows = of if of is not None else type(self).objects.filter(pk=self.pk, **self.held)
        free = {"lease_token": None, "lease_until": None, "enqueue_at": None}
        return bool(rows.update(status=status, finished_at=now, error=error, **free))

    @property
    def held(self) -> dict[str, object]:
        """What the row looks like while this object's claim on it stands."""
        return {"status": self.status, "lease_token": self.lease_token}


def run(job_class: type[Job], pk: int, *, turn_seconds: float = TURN_SECONDS) -> None:
    """Works on a job for one turn: batch after batch, until it ends, fails, or somebody else has it."""
    job = job_class.claim(pk, clock.now())
    if job is None:
        return
    turn_ends_at = clock.now() + timedelta(seconds=turn_seconds)
    try:
        began = time.monotonic()
        while one_batch(job):
            if (now := clock.now()) >= turn_ends_at:
                job.release(now)
                job.enqueue()
                return
            time.sleep(min((time.monotonic() - began) * job.rest, MOST_REST_SECONDS))
            began = time.monotonic()
    except LeaseLost:
        logger.info("The job has another worker now, or was cancelled.", job=job._meta.label, pk=pk)
    except JobFailed as problem:
        job.end(Status.FAILED, clock.now(), error=str(problem))
    except Exception as problem:
        logger.exception("A batch failed.", job=job._meta.label, pk=pk, attempt=job.attempts)
        wait_seconds = TRIED_AGAIN_AFTER_SECONDS * job.attempts
        job.release(
            clock.now(), error=f"The last attempt ended with {type(problem).__name__}.", wait_seconds=wait_seconds
        )


@retrying
def one_batch(job: Job) -> bool:
    """One batch in one transaction, together with the job's progress; whether there is more."""
    with transaction.atomic():
        now = clock.now()
        held = job.renew(now)
        more = held.batch(now)
        held.attempts = 1  # whoever gets further is not stuck
        held.lease_until = clock.now() + timedelta(seconds=LEASE_SECONDS)
        held.save()
        if not more:
            held.after(now)
            held.finish(clock.now())
    return more


def kinds() -> list[type[Job]]:
    return [model for model in apps.get_models() if issubclass(model, Job)]


def sweep(now: datetime, *, most: int = 1000) -> int:
    """Enqueues what was never enqueued, whose lease ran out, or whose next attempt is due; how many."""
    found = 0
    for kind in kinds():
        with transaction.atomic():
            overdue = kind.objects.overdue(now).order_by("pk").select_for_update(skip_locked=True)
            pks = list(overdue.values_list("pk", flat=True)[:most])
            kind.objects.filter(pk__in=pks).update(enqueued_at=now, enqueue_at=None)
        if pks and not poke(kind._meta.label, pks):
            kind.objects.filter(pk__in=pks, enqueued_at=now).update(enqueued_at=None)
        found += len(pks)
    return found


def poke(label: str, pks: list[int]) -> bool:
    """Sends a task for each job; False when there is no broker: the rows stay, and the sweep comes again."""
    from core.tasks import run_job

    try:
        for pk in pks:
            run_job.delay(label, pk)
    except (BrokerAway, OSError) as problem:
        logger.warning("The broker is away: jobs wait.", job=label, problem=type(problem).__name__)
        return False
    apps.get_model(label).objects.filter(pk__in=pks, enqueued_at=None).update(enqueued_at=clock.now())
    return True
