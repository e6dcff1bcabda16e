"""The ledger of erasures, outside the database: what a restored backup must not bring back (reliability 14).

One JSON object a line, appended and flushed to the disk before the deletion is committed. It holds digests and numbers.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

TAIL_BYTES = 256 * 1024


@dataclass(frozen=True)
class Erased:
    """One customer: `made_at` tells this customer from another who has the number in an older database.

    `suppressed` are [kind, digest in hexadecimal] pairs; `documents` is 'delete' or 'anonymise'.
    """

    token: str
    customer_id: int
    made_at: str
    at: str
    documents: str
    absorbed_ids: list[int] = field(default_factory=list)
    suppressed: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Lifted:
    digest: str
    at: str


@dataclass(frozen=True)
class ErasedDocuments:
    """Documents deleted by themselves: [number, moment received] pairs, which tell them from others of the number."""

    at: str
    documents: list[list[Any]]


@dataclass(frozen=True)
class ErasedAccount:
    """One account, without its people: `made_at` tells it from another of the number."""

    at: str
    account_id: int
    made_at: str


Entry = Erased | ErasedDocuments | ErasedAccount | Lifted


def path() -> Path:
    return Path(settings.ERASURE_LEDGER)


def append(entries: Iterable[Entry]) -> None:
    """Writes the entries to the disk. Raises OSError; then nothing may be deleted."""
    text = "".join(f"{json.dumps({'kind': type(one).__name__, **asdict(one)})}\n" for one in entries)
    if not text:
        return
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # lines of two workers do not mix
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def state() -> tuple[str, int, int] | None:
    """What changes when the ledger grows; None when there is none."""
    try:
        found = path().stat()
    except FileNotFoundError:
        return None
    return str(path()), found.st_size, found.st_mtime_ns


def latest() -> Iterator[Entry]:
    """The last entries, enough to see whether a database is older."""
    with path().open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().split(b"\n")
    yield from _entries(lines[1:] if size > TAIL_BYTES else lines)


def entries() -> Iterator[Entry]:
    """Every entry, oldest first."""
    if path().exists():
        with path().open("rb") as file:
            yield from _entries(file)


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    kinds: dict[str, type[Entry]] = {kind.__name__: kind for kind in (Erased, ErasedDocuments, ErasedAccount, Lifted)}
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue  # a line cut short by a crash: what it would have said was not committed either
        yield kinds[said.pop("kind")](**said)
