"""Changes the values that records already hold, when their definition changes: recast, merged into another, removed.

Records of the apps above are reached by the names of their models: all of them have the columns `properties` and
`provenance`. The lines below change one record; `rewrite` does so for many under their locks, in id order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models

from core.writing_many import update_many
from properties.models import Definition
from properties.values import cast

HOLDERS = {
    Definition.Subject.CUSTOMER: "customers.Customer",
    Definition.Subject.ACCOUNT: "accounts.Account",
    Definition.Subject.MEMBERSHIP: "customers.Membership",
}
SAMPLED_ROWS = 20_000


class Action(models.TextChoices):
    RECAST = "recast", "Change the type of"
    MERGE = "merge", "Merge"
    REMOVE = "remove", "Delete"


@dataclass(frozen=True)
class Outcome:
    """How many records were changed, and how many hold a value that did not fit and stayed as it was."""

    changed: int = 0
    unfit: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.changed + other.changed, self.unfit + other.unfit)


def model_of(subject: str) -> type[models.Model]:
    return apps.get_model(HOLDERS[Definition.Subject(subject)])


def holders(definition: Definition, *, most: int) -> list[int]:
    """The ids of up to `most` records that have a value for it, in order."""
    found = model_of(definition.subject)._default_manager.filter(properties__has_key=definition.key)
    return list(found.order_by("pk").values_list("pk", flat=True)[:most])


def coverage(subject: str) -> tuple[dict[str, int], int, bool]:
    """How many records have each key, how many records there are, and whether both are estimates from a sample."""
    table = model_of(subject)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        about = cursor.fetchone()[0]
        sampled = about > SAMPLED_ROWS * 2
        share = f"TABLESAMPLE SYSTEM ({100 * SAMPLED_ROWS / about:.6f}) REPEATABLE (1)" if sampled else ""
        cursor.execute(
            f"""
            WITH looked AS MATERIALIZED (SELECT properties FROM {table} {share})
            SELECT NULL, count(*) FROM looked
            UNION ALL
            (SELECT key, count(*) FROM looked, LATERAL jsonb_object_keys(properties) AS key GROUP BY key)
            """  # noqa: S608
        )
        rows = dict(cursor.fetchall())
    looked = rows.pop(None)
    factor = about / looked if sampled and looked else 1
    return {key: round(number * factor) for key, number in rows.items()}, about if sampled else looked, sampled


def rewrite(ids: Sequence[int], definition: Definition, action: str, into: Definition | None = None) -> Outcome:
    """Does `action` to the records with these ids, in the current transaction and its audit entry."""
    model = model_of(definition.subject)
    rows: Any = model._default_manager.filter(pk__in=ids, properties__has_key=definition.key)
    records = list(rows.select_for_update(no_key=True).order_by("pk"))
    changed, unfit = [], 0
    for record in records:
        before = (dict(record.properties), dict(record.provenance))
        fits = _apply(record, definition, action, into)
        unfit += not fits
        if before != (record.properties, record.provenance):
            changed.append(record)
    update_many(changed, ("properties", "provenance"))
    if definition.subject == Definition.Subject.CUSTOMER and action == Action.RECAST:
        _refresh_ranges([record.pk for record in records])
    return Outcome(len(changed), unfit)


def _apply(record: Any, definition: Definition, action: str, into: Definition | None) -> bool:
    """Changes one record in memory; whether all its values fit."""
    key, values, marks = definition.key, record.properties, record.provenance
    if action == Action.REMOVE:
        values.pop(key, None)
        marks.pop(key, None)
        return True
    if action == Action.RECAST:
        values[key], fits = _recast(values[key], definition.type)
        if "synced" in marks.get(key, {}):
            marks[key] = {**marks[key], "synced": _recast(marks[key]["synced"], definition.type)[0]}
        return fits
    if into is None:
        raise ValueError("Merging needs the definition that remains.")
    moved, fits = _recast(values.pop(key), into.type)
    mark = marks.pop(key, None)
    held = values.get(into.key, [])
    values[into.key] = held + [value for value in moved if not _among(value, held)]
    if mark and into.key not in marks:
        marks[into.key] = mark
    return fits


def _recast(values: Any, type_: str) -> tuple[list[Any], bool]:
    """Each value as the type has it; what does not fit stays what it was."""
    recast: list[Any] = []
    fits = True
    for value in values if isinstance(values, list) else [values]:
        try:
            new = cast(type_, value)
        except ValidationError:
            new, fits = value, False
        if not _among(new, recast):
            recast.append(new)
    return recast, fits


def _among(value: Any, values: Sequence[Any]) -> bool:
    """Whether `value` is one of them; True is not 1."""
    return any(value == known and isinstance(value, bool) == isinstance(known, bool) for known in values)


def _refresh_ranges(ids: list[int]) -> None:
    """What ranges are found by follows the new type, also where the stored value looks the same in both."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_refresh_values(%s::bigint[])", [ids])
