"""What a job promises, with a kind of job that counts."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps
from kombu.exceptions import OperationalError as BrokerAway

from core import clock, jobs, tasks
from core.jobs import Job, JobFailed, Status

pytestmark = pytest.mark.django_db(transaction=True)

SOON = timedelta(seconds=1)
LATER = timedelta(seconds=jobs.LEASE_SECONDS + 1)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A job that counts to its total, one a batch; `hook` is called in every batch."""
    with isolate_apps("core") as registry:

        class Count(Job):
            counted = models.IntegerField(default=0)
            hook: Any = None

            class Meta(Job.Meta):
                app_label = "core"

            def batch(self, now: datetime) -> bool:
                self.counted += 1
                self.done += 1
                if type(self).hook:
                    type(self).hook(self)
                return self.done < (self.total or 0)

        monkeypatch.setattr(jobs, "apps", registry)
        monkeypatch.setattr(tasks, "apps", registry)
        with connection.schema_editor() as editor:
            editor.create_model(Count)
        yield Count
        with connection.schema_editor() as editor:
            editor.delete_model(Count)


@pytest.fixture
def poked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs that a worker was told of."""
    told: list[int] = []
    monkeypatch.setattr(tasks.run_job, "delay", lambda label, pk: told.append(pk))
    return told


def test_a_job_does_every_batch_once_and_ends(kind: Any) -> None:
    job = kind.objects.create(total=3)

    jobs.run(kind, job.pk)

    job.refresh_from_db()
    assert (job.status, job.done, job.counted, job.percent) == (Status.DONE, 3, 3, 100)
    assert job.started_at < job.finished_at
    assert job.lease_token is None


def test_a_job_that_has_a_worker_is_not_given_to_another(kind: Any) -> None:
    job = kind.objects.create(total=3)
    now = clock.now()

    assert kind.claim(job.pk, now)
    assert kind.claim(job.pk, now + SOON) is None


def test_a_job_whose_lease_ran_out_goes_to_another_worker_and_the_first_changes_nothing(kind: Any) -> None:
    job = kind.objects.create(total=3)
    now = clock.now()
    presumed_dead = kind.claim(job.pk, now)
    second = kind.claim(job.pk, now + LATER)

    assert second is not None
    with pytest.raises(jobs.LeaseLost):
        jobs.one_batch(presumed_dead)
    assert not presumed_dead.finish(now)
    assert not presumed_dead.release(now)
    job.refresh_from_db()
    assert (job.status, job.done, job.lease_token) == (Status.RUNNING, 0, second.lease_token)


def test_a_batch_that_outlasts_its_lease_keeps_the_job(kind: Any) -> None:
    """Its row is locked, so nobody can claim it meanwhile; the batch renews the lease when it ends."""
    job = kind.objects.create(total=2)
    claims: list[object] = []

    def claim_from_another_connection() -> None:
        claims.append(kind.claim(job.pk, clock.now() + LATER))
        connection.close()

    def meanwhile(_job: Job) -> None:
        other = threading.Thread(target=claim_from_another_connection)
        other.start()
        other.join()

    kind.hook = meanwhile
    jobs.run(kind, job.pk)

    job.refresh_from_db()
    assert claims == [None, None]
    assert (job.status, job.done) == (Status.DONE, 2)


def test_two_workers_at_once_do_what_one_does(kind: Any) -> None:
    job = kind.objects.create(total=5)

    def work() -> None:
        jobs.run(kind, job.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    job.refresh_from_db()
    assert (job.status, job.counted) == (Status.DONE, 5)


def test_a_batch_that_fails_leaves_nothing_and_is_tried_again_later(kind: Any, poked: list[int]) -> None:
    job = kind.objects.create(total=3)

    def stumble(job: Any) -> None:
        if job.done == 2:
            raise ValueError("ada@example.com is wrong")

    kind.hook = stumble
    jobs.run(kind, job.pk)

    job.refresh_from_db()
    assert (job.status, job.done) == (Status.QUEUED, 1)
    assert job.error == "The last attempt ended with ValueError."
    assert jobs.sweep(clock.now()) == 0
    assert jobs.sweep(clock.now() + timedelta(minutes=2)) == 1
    assert poked == [job.pk]
    kind.hook = None
    jobs.run(kind, job.pk)
    job.refresh_from_db()
    assert (job.status, job.done, job.error) == (Status.DONE, 3, "")


def test_after_five_attempts_without_progress_a_job_is_set_aside(kind: Any, poked: list[int]) -> None:
    job = kind.objects.create(total=3)

    def fall(_job: Job) -> None:
        raise ValueError

    kind.hook = fall
    for _ in range(7):
        jobs.run(kind, job.pk)
        kind.objects.update(enqueue_at=None)

    job.refresh_from_db()
    assert (job.status, job.attempts, job.done) == (Status.QUARANTINED, 5, 0)
    kind.hook = None
    assert job.again()
    jobs.run(kind, job.pk)
    job.refresh_from_db()
    assert job.status == Status.DONE


def test_a_job_that_can_never_succeed_fails_at_once_and_says_why(kind: Any) -> None:
    job = kind.objects.create(total=3)

    def refuse(_job: Job) -> None:
        raise JobFailed("The file has no columns.")

    kind.hook = refuse
    jobs.run(kind, job.pk)

    job.refresh_from_db()
    assert (job.status, job.error) == (Status.FAILED, "The file has no columns.")


def test_a_cancelled_job_stops_before_its_next_batch(kind: Any) -> None:
    job = kind.objects.create(total=3)
    claimed = kind.claim(job.pk, clock.now())

    assert job.cancel(clock.now())

    with pytest.raises(jobs.LeaseLost):
        jobs.one_batch(claimed)
    assert not job.cancel(clock.now())
    job.refresh_from_db()
    assert (job.status, job.done) == (Status.CANCELLED, 0)


def test_a_long_job_gives_its_worker_back_and_goes_on_in_another_turn(kind: Any, poked: list[int]) -> None:
    job = kind.objects.create(total=3)

    for _ in range(3):
        jobs.run(kind, job.pk, turn_seconds=0)

    job.refresh_from_db()
    assert (job.status, job.done, job.attempts) == (Status.DONE, 3, 1)
    assert poked == [job.pk, job.pk]


def test_a_job_that_nobody_waits_for_leaves_the_machine_to_others_between_batches(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(jobs.time, "sleep", rests.append)
    jobs.run(kind, kind.objects.create(total=3).pk)
    assert rests == [0, 0]
    kind.rest, kind.hook = 2.0, staticmethod(lambda job: connection.cursor().execute("SELECT pg_sleep(0.05)"))
    rests.clear()
    jobs.run(kind, kind.objects.create(total=3).pk)
    assert len(rests) == 2
    assert all(0.1 <= rest <= jobs.MOST_REST_SECONDS for rest in rests)


def test_the_sweep_finds_what_was_never_enqueued_and_what_its_worker_left(kind: Any, poked: list[int]) -> None:
    forgotten = kind.objects.create(total=1)
    left = kind.objects.create(total=1)
    busy = kind.objects.create(total=1)
    ended = kind.objects.create(total=1)
    now = clock.now()
    kind.claim(left.pk, now - LATER)
    kind.claim(busy.pk, now)
    jobs.run(kind, ended.pk)

    assert jobs.sweep(now) == 2
    assert sorted(poked) == [forgotten.pk, left.pk]
    kind.claim(left.pk, now)
    assert jobs.sweep(now + SOON) == 0


def test_without_a_broker_a_job_waits_for_the_sweep(
    kind: Any, monkeypatch: pytest.MonkeyPatch, poked: list[int]
) -> None:
    def refuse(label: str, pk: int) -> None:
        raise BrokerAway("Connection refused")

    with monkeypatch.context() as away:
        away.setattr(tasks.run_job, "delay", refuse)
        job = kind.objects.create(total=1)
        job.enqueue()
        jobs.sweep(clock.now())

    assert jobs.sweep(clock.now()) == 1
    assert poked == [job.pk]
