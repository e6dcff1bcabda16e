"""Properties as rows of a page: their values as people read them, where each came from, what it was before (2.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.utils.dateparse import parse_datetime

from properties import provenance
from properties.models import Definition
from properties.values import shown
from staff.models import User

VALUES_SHOWN = 5  # of one property; the others are folded
COMPANY = "company."


@dataclass(frozen=True)
class Origin:
    """Where a value came from: 'Set by Mina Okafor', when, and what stood there before."""

    text: str
    at: datetime | None = None
    was: str = ""


@dataclass(frozen=True)
class Shown:
    """A value as people read it; `url` when it is a link that may be followed."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Fact:
    """A property as one row of the page. `name` is what the row is called, `values` are empty for one without any."""

    definition: Definition
    name: str
    values: list[Shown] = field(default_factory=list)
    origin: Origin | None = None
    synced: str = ""
    can_reset: bool = False

    @property
    def key(self) -> str:
        return self.definition.key

    @property
    def first(self) -> list[Shown]:
        return self.values[:VALUES_SHOWN]

    @property
    def others(self) -> list[Shown]:
        return self.values[VALUES_SHOWN:]


class Known(Protocol):
    """What provenance can name: users by id, names of sources by id. Asked only when there is something to name."""

    @property
    def users(self) -> Mapping[int, User]: ...

    @property
    def sources(self) -> Mapping[int, str]: ...


def fact_of(
    definition: Definition | None, key: str, values: Any, marks: provenance.Provenance, known: Known,
    was: list[Any] | None = None,
) -> Fact:  # fmt: skip
    """The row of one property; `was` are the values before the ones that stand there."""
    definition = definition or Definition(key=key, label=key)
    mark, type_ = marks.get(key), definition.type
    values = values if isinstance(values, list) else [values]
    return Fact(
        definition,
        name=key[len(COMPANY) :] if definition.of_company else definition.label,
        values=[_shown(value, type_) for value in values],
        origin=origin_of(mark, known, was=_joined(was, type_)) if values or was else None,
        synced=_joined(mark.get("synced"), type_) if mark and mark["by"] != "sync" else "",
        can_reset=provenance.can_reset(marks, key),
    )


def origin_of(mark: dict[str, Any] | None, known: Known, *, was: str = "") -> Origin | None:
    if not mark:
        return Origin("Came with the first data", was=was) if was else None
    at = parse_datetime(mark["at"]) if mark.get("at") else None
    source = known.sources.get(mark.get("source_id") or 0)
    done = "Removed" if mark.get("removed") else "Set"
    if mark["by"] == "staff":
        user = known.users.get(mark.get("actor_id") or 0)
        return Origin(f"{done} by {user.name or user.email if user else 'a former colleague'}", at, was)
    through = source or ""
    if mark["by"] == "api":
        return Origin(f"{done} through the REST API{f' ({through})' if through else ''}", at, was)
    return Origin(f"From {through}" if through else "From a sync", at, was)


def values_before(edits: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, list[Any]]:
    """By key, the values before the ones that stand there now, out of (before, after), newest first; a key is absent
    when nothing changed it."""
    found: dict[str, list[Any]] = {}
    for before, after in edits:
        old, new = before.get("properties") or {}, after.get("properties") or {}
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                found.setdefault(key, old.get(key) or [])
    return found


def marked(marks: Iterable[dict[str, Any]], what: str) -> set[int]:
    """The ids of actors or sources that provenance names."""
    return {mark[what] for mark in marks if mark.get(what)}


def _shown(value: Any, type_: str) -> Shown:
    text = shown(value, type_)
    return Shown(text, text if type_ == Definition.Type.URL and text.startswith(("http://", "https://")) else "")


def _joined(values: Any, type_: str) -> str:
    if not isinstance(values, list):
        return ""
    text = ", ".join(shown(value, type_) for value in values[:VALUES_SHOWN])
    return text if len(text) <= 120 else f"{text[:119]}…"
