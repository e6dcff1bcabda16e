"""Large work, and the process that does it killed by SIGKILL again and again: it ends as if nobody had touched it.

What an undisturbed worker leaves is found out first, in a transaction that is taken back.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connections, transaction

from audit.models import Change, Entry
from bench import cohort
from core import clock, jobs
from core.invariants import findings
from core.jobs import Job, Status
from customers import ledger, merging, selecting, suppressing
from customers.deleting import delete_many
from customers.models import BulkEdit, Customer, Erasure, Identifier, Merge, Suppression
from feedback.models import Document
from retention import purging, running
from retention.models import Purge, Run
from tests.customers.people import mina, user
from tests.killing import killed_at_random
from tests.retention.test_policies import policy

pytestmark = pytest.mark.django_db(transaction=True)

Look = Callable[[], dict[str, Any]]
WAITS = timedelta(seconds=jobs.LEASE_SECONDS + jobs.TRIED_AGAIN_AFTER_SECONDS * 6)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return 25 if request.config.getoption("--long") else 4


@pytest.fixture
def size(request: pytest.FixtureRequest) -> int:
    """How many times as much there is to do in the thorough form."""
    return 5 if request.config.getoption("--long") else 1


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    seed = time.time_ns() if request.config.getoption("--long") else 7
    print(f"Seed {seed}")  # shown when the test fails
    return Random(seed)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH", 8)
    monkeypatch.setattr(purging, "DOCUMENTS", 20)
    monkeypatch.setattr(selecting, "BATCH", 10)
    monkeypatch.setitem(running.BATCH, "customers", 8)


class Workers:
    """The broker, the sweep and workers in one: `told` is what they know of, `later` how far the clock has moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[str, int]] = []
        self.later = timedelta()
        usual = clock.now
        monkeypatch.setattr(clock, "now", lambda: usual() + self.later)
        monkeypatch.setattr(jobs, "poke", self.poke)

    def poke(self, label: str, pks: list[int]) -> bool:
        self.told += [(label, pk) for pk in pks]
        return True

    def sweep(self) -> None:
        """What the sweep finds once the leases have run out."""
        self.told.clear()
        self.later += WAITS
        jobs.sweep(clock.now())


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    yield Workers(monkeypatch)
    connections.close_all()


def people(number: int, *, documents: int = 3, key: str = "kills") -> list[int]:
    return cohort.people(number, documents=documents, key=key)


def undisturbed(work: Callable[[], object], look: Look) -> tuple[dict[str, Any], float]:
    """What `work` leaves when nobody kills it, and the seconds that it takes. Nothing of it stays."""
    written = ledger.path().read_bytes() if ledger.path().exists() else b""
    with transaction.atomic():
        started = time.monotonic()
        work()
        taken, left = time.monotonic() - started, look()
        transaction.set_rollback(True)
    ledger.path().parent.mkdir(parents=True, exist_ok=True)
    ledger.path().write_bytes(written)
    suppressing.forget_checks()
    return left, taken


def until_done(job: Job, workers: Workers, *, kills: int, within: float, chance: Random) -> int:
    """Kills the workers of the job so many times, then lets the sweep bring it to one that lives. How many died."""
    model, died = type(job), 0
    for _ in range(kills):
        died += not killed_at_random(lambda: jobs.run(model, job.pk), within=within, chance=chance)
        workers.sweep()
        job.refresh_from_db()
        if job.status == Status.QUARANTINED:  # killed five times before a single batch was through
            assert job.again()
        elif job.is_finished:
            break
        else:
            assert (model._meta.label, job.pk) in workers.told, "the sweep finds it"
    for _ in range(3):
        if not job.is_finished:
            jobs.run(model, job.pk)
        job.refresh_from_db()
    assert job.status == Status.DONE, (job.status, job.error)
    return died


def in_good_order() -> None:
    broken = [f"{found.rule.name}: {found.first}" for found in findings() if found.broken]
    assert not broken, broken
    suppressing.forget_checks()
    assert suppressing.intake_problem() == ""


def directory() -> dict[str, Any]:
    """Everything that a customer's life leaves in the database but the moments at which it happened."""
    changes = Change.objects.order_by("table", "row_id", "pk")
    return {
        "customers": list(Customer.objects.order_by("pk").values_list(
            "pk", "name", "state", "merged_into", "feedback_count", "primary_email", "search_text", "properties"
        )),
        "identifiers": list(Identifier.objects.order_by("pk").values_list("pk", "customer", "normalized", "primary")),
        "documents": list(Document.objects.order_by("pk").values_list(
            "pk", "customer", "link", "state", "title", "body", "author", "author_email", "metadata"
        )),
        "suppressed": sorted(bytes(digest) for digest in Suppression.objects.values_list("digest", flat=True)),
        "erased": list(Erasure.objects.order_by("customer_id").values_list("customer_id", "token", "known")),
        "history": [
            (table, row, operation, _timeless(before), _timeless(after))
            for table, row, operation, before, after in changes.values_list(
                "table", "row_id", "operation", "before", "after"
            )
        ],
        "entries": sorted(map(str, Entry.objects.values_list("verb", "subject_id"))),
    }  # fmt: skip


def _timeless(row: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (row or {}).items() if not name.endswith("_at") and name != "snapshot"}


def of_job(job: Job, *names: str) -> dict[str, Any]:
    return type(job)._base_manager.filter(pk=job.pk).values("status", "done", *names).get()


@pytest.mark.parametrize("documents", ["delete", "anonymise"])
def test_permanent_deletion_of_many(
    documents: str, workers: Workers, kills: int, size: int, chance: Random
) -> None:  # fmt: skip
    ids = people(60 * size)
    delete_many(ids, actor=mina())
    purge = purging.start([*ids[:-5], 10**9], actor=mina(), documents=documents)

    def look() -> dict[str, Any]:
        return directory() | of_job(purge, "deleted_count", "skipped_count", "skipped_why", "counts")

    expected, taken = undisturbed(lambda: jobs.run(Purge, purge.pk), look)
    assert until_done(purge, workers, kills=kills, within=taken * 1.2 / kills + 0.1, chance=chance)
    assert look() == expected
    assert Customer.objects.count() == 5
    tokens = {line.token for line in ledger.entries() if isinstance(line, ledger.Erased)}
    assert tokens == {str(token) for _, token, _ in expected["erased"]}
    in_good_order()


def test_a_retention_run(workers: Workers, kills: int, size: int, chance: Random) -> None:
    ids = people(60 * size)
    delete_many(ids[:-5], actor=mina(), now=clock.now() - timedelta(days=40))
    delete_many(ids[-5:], actor=mina())
    run = running.start(policy("deleted_customers"), actor=mina())
    if run.waits:
        assert running.approve(run, actor=mina())

    def look() -> dict[str, Any]:
        counts = Purge.objects.values_list("status", "deleted_count", "done", "counts", "position")
        return directory() | of_job(run, "deleted", "skipped", "total") | {"purges": sorted(map(str, counts))}

    expected, taken = undisturbed(lambda: jobs.run(Run, run.pk), look)
    assert until_done(run, workers, kills=kills, within=taken * 1.2 / kills + 0.1, chance=chance)
    assert look() == expected
    assert Customer.objects.count() == 5
    in_good_order()


@pytest.mark.parametrize("action", ["delete", "restore"])
def test_a_change_to_all_that_match(action: str, workers: Workers, kills: int, size: int, chance: Random) -> None:
    ids = people(120 * size, documents=1)
    others = people(5, documents=0 + 1, key="others")
    Document.objects.filter(customer_id__in=others).update(channel="chat")
    if action == "restore":
        delete_many(ids + others, actor=mina())
    query = "channel=email&deleted=true" if action == "restore" else "channel=email"
    selection = selecting.Selection(query=query, kind=BulkEdit().kind)
    filters = selection.filters(user("support"))
    job = BulkEdit.objects.create(
        actor=user("support"), action=action, query=query, filter_count=sum(1 for _ in filters.active())
    )

    def look() -> dict[str, Any]:
        return directory() | of_job(job, "changed", "skipped", "skipped_why", "total", "after_id")

    expected, taken = undisturbed(lambda: jobs.run(BulkEdit, job.pk), look)
    assert expected["changed"] == len(ids)
    assert until_done(job, workers, kills=kills, within=taken * 1.2 / kills + 0.1, chance=chance)
    assert look() == expected
    in_good_order()


def test_a_merge_of_thousands_of_documents_and_its_undo(kills: int, size: int, chance: Random) -> None:
    kept = people(1, key="kept")[0]
    source = people(1, documents=2_000 * size, key="source")[0]
    actor = mina()
    _one_transaction(lambda: merging.merge(kept, [source], actor=actor), kills, chance)
    assert Customer.objects.get(pk=kept).feedback_count == 2_000 * size + 3
    merged = Merge.objects.get()
    _one_transaction(lambda: merging.undo(merged, actor=actor), kills, chance)
    assert Customer.objects.get(pk=source).feedback_count == 2_000 * size
    in_good_order()


def _one_transaction(command: Callable[[], object], kills: int, chance: Random) -> None:
    """Whenever it is killed there is all of it or nothing; whoever asks again gets it."""
    before = directory()
    after, taken = undisturbed(command, directory)
    died = 0
    for _ in range(kills):
        died += not killed_at_random(command, within=taken, chance=chance)
        left = directory()
        assert left in (before, after)
        if left == after:
            break
    else:
        command()
    assert died
    assert directory() == after
