"""What became of an upsert, as imports tell it."""

from typing import Any

from integrations.importing.kind import Fault, Kind, Outcome


def outcome_of(kind: Kind, done: Any) -> Outcome | list[Fault]:
    """`done` is what `upsert_many` or `upsert_accounts` says of one item."""
    if done.status in {"rejected", "skipped"}:
        return [Fault(_column(kind, done.field), done.message or "This row cannot come in.")]
    return Outcome(done.status, getattr(done, "customer_id", None))


def _column(kind: Kind, field: str) -> str:
    """The column that the upsert's field came from: `properties.age`, `emails`, `email`, `name`."""
    for name in (field, field.removeprefix("properties."), f"{field}s", field.removesuffix("s")):
        if name and (column := kind.column_named(name)):
            return column
    return ""
