"""Who set a value, and whose values win (2.7): staff over the REST API over sync; within a rank the latest.

Provenance stands beside the values, per key: {"by": "staff"|"api"|"sync", "source_id", "actor_id", "at", "removed",
"synced": what a sync sent last}. Facts other than properties use the keys below, which no property can have.
"""

from datetime import datetime
from typing import Any

from audit.actor import Actor

NAME, PRIMARY_EMAIL, PRIMARY_PHONE = "@name", "@primary_email", "@primary_phone"
CONTACT = "@contact"  # of a membership: whether it is a contact or key contact
MEMBER = "@member"  # of a membership: who placed the customer there

RANKS = {"sync": 1, "api": 2, "staff": 3}

Provenance = dict[str, dict[str, Any]]


def wins(provenance: Provenance, key: str, actor: Actor) -> bool:
    """Whether `actor` may decide the value of `key` now."""
    held = provenance.get(key)
    return held is None or RANKS[actor.rank] >= RANKS[held["by"]]


def is_late(provenance: Provenance, key: str, actor: Actor, at: datetime | None) -> bool:
    """Whether somebody of the same rank has said something newer than what was true at `at`; None is now."""
    held = provenance.get(key)
    return bool(at and held and held["by"] == actor.rank and datetime.fromisoformat(held["at"]) > at)


def put(
    values: dict[str, list[Any]], provenance: Provenance, key: str, new: list[Any], *, actor: Actor, now: datetime,
    at: datetime | None = None,
) -> bool:  # fmt: skip
    """Sets `key` to the list `new` (empty clears it) if `actor` may, in place; what a sync sent is remembered anyway.

    `at` is when it was true at the sender, where that is known: then what arrives late changes nothing, in whatever
    order. Returns whether anything is different now, provenance included.
    """
    held = provenance.get(key)
    if is_late(provenance, key, actor, at):
        return False
    if not wins(provenance, key, actor):
        return _remember_synced(held or {}, new, actor)
    if held is None and not new and key not in values and at is None:
        return False
    if held and held["by"] == actor.rank and values.get(key, []) == new and held.get("source_id") == actor.source_id:
        return _said_again(held, at)
    mark = stamp(actor, at or now, removed=not new)
    synced = new if actor.rank == "sync" else _synced_before(held, values.get(key, []))
    if synced is not None:
        mark["synced"] = synced
    _assign(values, key, new)
    provenance[key] = mark
    return True


def reset(values: dict[str, list[Any]], provenance: Provenance, key: str, *, now: datetime) -> bool:
    """Gives `key` back to the syncs: what they sent last, and the right to change it. Returns whether it could."""
    held = provenance.get(key)
    if not can_reset(provenance, key) or held is None:
        return False
    _assign(values, key, held["synced"])
    provenance[key] = {"by": "sync", "at": now.isoformat(), "removed": not held["synced"], "synced": held["synced"]}
    return True


def can_reset(provenance: Provenance, key: str) -> bool:
    """Whether a person or the API decided `key` although a sync sends it too."""
    held = provenance.get(key)
    return bool(held and held["by"] != "sync" and "synced" in held)


def stamp(actor: Actor, now: datetime, *, removed: bool = False) -> dict[str, Any]:
    mark: dict[str, Any] = {"by": actor.rank, "at": now.isoformat(), "removed": removed}
    if actor.user_id:
        mark["actor_id"] = actor.user_id
    if actor.source_id:
        mark["source_id"] = actor.source_id
    return mark


def _synced_before(held: dict[str, Any] | None, current: list[Any]) -> list[Any] | None:
    if held is None:
        return None
    return held.get("synced", current if held["by"] == "sync" else None)


def _said_again(held: dict[str, Any], at: datetime | None) -> bool:
    """The same value, true at a later moment: what was true in between must not come after it."""
    if at is None or datetime.fromisoformat(held["at"]) >= at:
        return False
    held["at"] = at.isoformat()
    return True


def _remember_synced(held: dict[str, Any], new: list[Any], actor: Actor) -> bool:
    if actor.rank != "sync" or held.get("synced") == new:
        return False
    held["synced"] = new
    return True


def _assign(values: dict[str, list[Any]], key: str, new: list[Any]) -> None:
    if new:
        values[key] = new
    else:
        values.pop(key, None)
