"""What limited staff read of the audit log: nothing that tells of an account, a customer or feedback that they may not
see (3.5)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from audit.history import LOADERS, TABLES
from audit.models import Change, Entry
from staff.permissions import teams_of

KINDS = ("customer", "document", "account")


def seen_changes(changes: Sequence[Change], viewer: Any, kind: str, ids: Collection[int]) -> list[Change]:
    """Those of `changes` that `viewer` may read on the page of these records of `kind`, which they may see."""
    if teams_of(viewer) is None:
        return list(changes)
    visible = _visible((named for change in changes for named in _names(change)), viewer)
    visible[kind] |= set(ids)
    return [
        change for change in changes
        if _is_own(change, kind, ids) or all(identity in visible[one] for one, identity in _names(change))
    ]  # fmt: skip


def seen_entries(entries: Sequence[Entry], viewer: Any) -> list[Entry]:
    """Those of `entries` that `viewer` may read without their changes: about a record that they may see."""
    if teams_of(viewer) is None:
        return list(entries)
    about = [(entry.subject_type, entry.subject_id) for entry in entries if entry.subject_id]
    visible = _visible(((kind, identity) for kind, identity in about if identity), viewer)
    return [entry for entry in entries if entry.subject_id in visible[entry.subject_type]]


def _is_own(change: Change, kind: str, ids: Collection[int]) -> bool:
    wording = TABLES.get(change.table)
    return bool(wording and wording.kind == kind and change.row_id in ids)


def _names(change: Change) -> Iterator[tuple[str, int]]:
    """(kind, id) of every record that the change names."""
    for kind in KINDS:
        identity = getattr(change, f"{kind}_id")
        if identity:
            yield kind, identity
    wording = TABLES.get(change.table)
    for column, kind in (wording.refers if wording else {}).items():
        for side in (change.before, change.after):
            if kind in KINDS and side and isinstance(side.get(column), int):
                yield kind, side[column]


def _visible(named: Iterable[tuple[str, int]], viewer: Any) -> dict[str, set[int]]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for kind, identity in named:
        wanted[kind].add(identity)
    found: dict[str, set[int]] = defaultdict(set)
    for kind in KINDS:
        if wanted[kind] and kind in LOADERS:
            found[kind] = set(LOADERS[kind](wanted[kind], viewer))
    return found
