"""Reads the audit log of one subject, newest first, a page at a time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef

from audit.history import JOINED, Book, Told, tell, who
from audit.models import Change, Entry
from audit.sight import seen_changes, seen_entries

ENTRIES = 20
RECENT = 100  # commands that are looked at for the latest ones
MOST_CHANGES = 400  # read for one page; a command that did more to one subject goes on in the next


@dataclass(frozen=True)
class Past:
    """A page of history and the cursor of what came before it, "" at the beginning of time."""

    entries: Sequence[Told]
    older: str = ""


def history_of(kind: str, identity: int, viewer: Any, *, cursor: str = "", size: int = ENTRIES) -> Past:
    """What happened to a customer, document or account, told in words with what became part of it. A constant number
    of queries, and two for each such part."""
    below_change, below_entry = _decode(cursor)
    every = [identity, *(JOINED[kind][1](identity, viewer) if kind in JOINED else [])]
    found = _changes(kind, every, below_change)
    seen = {change.pk for change in seen_changes(found, viewer, kind, every)}
    grouped: dict[int, list[Change]] = defaultdict(list)
    for change in found:
        if change.entry_id not in grouped and len(grouped) == size:
            break
        grouped[change.entry_id].append(change)
    taken = sum(map(len, grouped.values()))
    more = taken < len(found) or len(found) == MOST_CHANGES
    lowest = min(grouped, default=0) if more else 0
    silent = _silent(kind, every, below_entry, lowest, size)
    if len(silent) == size:
        lowest, more = silent[-1].pk, True
        grouped = {pk: changes for pk, changes in grouped.items() if pk >= lowest}
    entries = {entry.pk: entry for entry in silent} | Entry.objects.select_related(
        "actor", "source", "on_behalf_of"
    ).in_bulk(grouped)
    told = tell(
        sorted(entries.values(), key=lambda entry: (entry.at, entry.pk), reverse=True),
        {
            pk: sorted((change for change in changes if change.pk in seen), key=lambda change: change.pk)
            for pk, changes in grouped.items()
        },
        Book(viewer, (kind, identity)),
    )
    last = min((change.pk for changes in grouped.values() for change in changes), default=below_change)
    return Past([entry for entry in told if entry.lines or entry.entry_id in {one.pk for one in silent}],
                f"{last}.{lowest}" if more else "")  # fmt: skip


def recent(viewer: Any, *, size: int = 10) -> list[Told]:
    """The latest commands of all, without their details. What the same actor did again and again stands there once,
    with how many times."""
    entries = list(Entry.objects.select_related("actor", "source", "on_behalf_of").order_by("-id")[:RECENT])
    entries = seen_entries(entries, viewer)
    runs = [list(run) for _, run in groupby(entries, key=lambda entry: (who(entry), entry.verb, entry.via))][:size]
    told = tell([run[0] for run in runs], {}, Book(viewer))
    return [replace(one, times=len(run)) for one, run in zip(told, runs, strict=True)]


def _changes(kind: str, ids: Sequence[int], below: int) -> list[Change]:
    """Newest first. Walks along the indexes, merged: one OR of them would use none."""
    older = Change.objects.filter(id__lt=below).order_by("-id")
    found = [change for identity in ids for change in older.of(kind, identity)[:MOST_CHANGES]]
    if kind == "customer":
        found += [change for identity in ids for change in older.left(identity)[:MOST_CHANGES]]
    return sorted({change.pk: change for change in found}.values(), key=lambda change: -change.pk)[:MOST_CHANGES]


def _silent(kind: str, ids: Sequence[int], below: int, lowest: int, size: int) -> list[Entry]:
    """Entries about the subject that changed no row of it, such as an export."""
    about = Entry.objects.filter(subject_type=kind, subject_id__in=ids, pk__lt=below, pk__gte=lowest)
    theirs = Change.objects.filter(entry=OuterRef("pk"), **{f"{kind}_id__in": ids})
    without = about.exclude(Exists(theirs))
    return list(without.select_related("actor", "source", "on_behalf_of").order_by("-id")[:size])


def _decode(cursor: str) -> tuple[int, int]:
    top = 2**63 - 1
    change, _, entry = cursor.partition(".")
    if not (change.isascii() and change.isdigit() and entry.isascii() and entry.isdigit()) or len(cursor) > 40:
        return top, top
    return min(int(change), top), min(int(entry), top)
