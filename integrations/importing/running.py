"""An import at work: one batch of rows in one transaction, with the progress that belongs to it."""

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog
from django.db import DatabaseError, transaction

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.jobs import JobFailed
from core.retrying import _is_race
from customers.suppressing import IntakeStopped, require_open
from integrations.importing.ahead import Ahead
from integrations.importing.keeping import FileProblem
from integrations.importing.kind import Fault, Kind, Meaning, Outcome, actor_of
from integrations.importing.kinds import kind_of
from integrations.importing.mapping import Plan
from integrations.importing.reading import Layout, Row, rows
from integrations.models import Import, RowError

logger = structlog.get_logger(__name__)

BATCH_ROWS = 1_000
BATCH_BYTES = 8 * 1024 * 1024  # of the file: what memory a batch takes
BATCH_IDENTIFIERS = 1_000  # reliability 2
ERRORS_KEPT = 10_000
ROW_KEPT = 100_000  # characters of a wrong row; beyond, its cells are cut
TURN_SECONDS = 0.0005
_CAREFUL_FROM, _GIVE_UP_FROM = 2, 4  # attempts
_ahead: Ahead[tuple[list[Meaning], bool]] = Ahead()


def run_batch(job: Import, now: datetime) -> bool:
    """The next rows of the file; whether there are more. Raises JobFailed when the file cannot be read."""
    with _undisturbed():
        return _run_batch(job, now)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Looks for no cycles while a batch is at work: its thousands of rows make none, and each search goes through all
    that Django ever loaded (a tenth of the time). And the thread that reads ahead gives the turn back soon: else a
    batch waits for it up to 5 ms after each of its dozens of questions to the database."""
    collecting, turn = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        if collecting:
            gc.enable()


def _run_batch(job: Import, now: datetime) -> bool:
    assert job.source is not None
    kind = kind_at_work(job)
    batch, more = _read(job, kind)
    if not batch:
        return False
    actor = actor_of(job, type(kind), job.source)
    facts = {"import_id": job.pk, "rows": len(batch)}
    with recorded(actor, "import.batch", job, now=now, facts=facts) as entry:
        try:
            require_open()
        except IntakeStopped as stopped:
            raise JobFailed(str(stopped)) from None
        outcomes = write(job, batch, kind, source=job.source, actor=actor, now=entry.at)
        counts = _count(job, batch, outcomes)
        entry.facts |= counts
        Source.objects.filter(pk=job.source.pk).update(last_received_at=entry.at)
        if not counts["created"] and not counts["updated"] and not counts["suppressed"]:
            entry.discard()
    job.done += len(batch)
    job.position, job.row = batch[-1].row.position, batch[-1].row.number
    return more


def record_end(job: Import, now: datetime) -> None:
    assert job.source is not None
    facts = {
        "import_id": job.pk, "created": job.created_count, "updated": job.updated_count,
        "unchanged": job.unchanged_count, "suppressed": job.suppressed_count, "failed": job.failed_count,
    }  # fmt: skip
    with recorded(Actor.of_source(job.source, via="import"), "import.finished", job, now=now, facts=facts):
        pass


def write(
    job: Import, batch: Sequence[Meaning], kind: Kind, *, source: Source, actor: Actor, now: datetime
) -> list[Outcome | list[Fault]]:
    """What became of each row: all at once; if the database refuses that, row by row. In the caller's audit entry."""
    kind.prepare(Layout(**job.layout))
    if job.attempts < _CAREFUL_FROM:
        try:
            with transaction.atomic():
                good = [meaning.item for meaning in batch if not meaning.faults]
                written = iter(kind.write(good, source=source, actor=actor, now=now))
                return [meaning.faults or next(written) for meaning in batch]
        except DatabaseError as error:
            if _is_race(error):
                raise  # the whole batch begins again
            logger.warning("A batch goes row by row.", import_id=job.pk, problem=type(error).__name__)
    return [
        meaning.faults or _write_one(meaning, kind, source=source, actor=actor, now=now, attempts=job.attempts)
        for meaning in batch
    ]


def kind_at_work(job: Import) -> Kind:
    """What reads and writes the rows of this import."""
    plan = Plan.of_json(job.plan)
    return kind_of(plan).ready(plan, job.layout["columns"])


def _read(job: Import, kind: Kind) -> tuple[list[Meaning], bool]:
    """The next batch, and whether there may be more. The one after it is read meanwhile."""
    path, layout = job.path, Layout(**job.layout)

    def at(position: int, number: int) -> Callable[[], tuple[list[Meaning], bool]]:
        return lambda: _batch_at(path, layout, kind, position, number)

    try:
        batch, more = _ahead.take((job.file, job.position), at(job.position, job.row))
    except FileNotFoundError:
        raise JobFailed("The file is not kept any more. Upload it again: rows that came in stay as they are.") from None
    except FileProblem as problem:
        raise JobFailed(str(problem)) from None
    if more:
        last = batch[-1].row
        _ahead.expect((job.file, last.position), at(last.position, last.number))
    return batch, more


def _batch_at(path: Path, layout: Layout, kind: Kind, position: int, number: int) -> tuple[list[Meaning], bool]:
    batch: list[Meaning] = []
    identifiers = 0
    for row in rows(path, layout, position=position, number=number):
        meaning = kind.meaning(row)
        if not meaning.faults:
            identifiers += kind.weigh(meaning.item)
        if batch and identifiers > BATCH_IDENTIFIERS:
            return batch, True
        batch.append(meaning)
        if len(batch) == BATCH_ROWS or row.position - position > BATCH_BYTES:
            return batch, True
    return batch, False


def _write_one(
    meaning: Meaning, kind: Kind, *, source: Source, actor: Actor, now: datetime, attempts: int
) -> Outcome | list[Fault]:
    try:
        with transaction.atomic():
            return kind.write_one(meaning.item, source=source, actor=actor, now=now)
    except DatabaseError as error:
        if _is_race(error) and attempts < _GIVE_UP_FROM:
            raise
        logger.warning("A row could not be stored.", row=meaning.row.number, problem=type(error).__name__)
        return [Fault("", "The database refused this row. Look for unusual characters or lengths in it.")]


def _count(job: Import, batch: Sequence[Meaning], outcomes: Sequence[Outcome | list[Fault]]) -> dict[str, int]:
    """Adds to the job's counts, keeps what was wrong; returns the counts of this batch."""
    counts = Counter({"created": 0, "updated": 0, "unchanged": 0, "suppressed": 0, "failed": 0})
    errors: list[RowError] = []
    for meaning, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Outcome):
            counts[outcome.status] += 1
            continue
        counts["failed"] += 1
        if job.failed_count + counts["failed"] <= ERRORS_KEPT:
            errors += [
                RowError(
                    job=job, row=meaning.row.number, column=fault.column, message=fault.message[:1_000],
                    cells=_kept_cells(meaning.row) if first else [],
                )
                for first, fault in zip([True] + [False] * len(outcome), outcome, strict=False)
            ]  # fmt: skip
    RowError.objects.bulk_create(errors)
    job.created_count += counts["created"]
    job.updated_count += counts["updated"]
    job.unchanged_count += counts["unchanged"]
    job.suppressed_count += counts["suppressed"]
    job.failed_count += counts["failed"]
    return dict(counts)


def _kept_cells(row: Row) -> list[str]:
    """The row as JSON can hold it; a huge one cut."""
    most = ROW_KEPT if sum(map(len, row.cells)) <= ROW_KEPT else 500
    return [cell[:most].replace("\x00", "\u2400") for cell in row.cells[:1_000]]
