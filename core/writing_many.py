"""Many rows in one statement: COPY for new ones, one UPDATE for changed ones. Triggers fire as for any statement.

Django's `bulk_create` compiles every value of every row (60 to 100 µs a row of twenty columns); this does not.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from core.arrays import array_of
from core.json import dumps

Instances = Sequence[models.Model]


def next_ids(model: type[models.Model], number: int) -> list[int]:
    """Ids for rows that are about to be written."""
    if not number:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(s.name) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) s,"
            " generate_series(1, %s)",
            [model._meta.db_table, number],
        )
        return [pk for (pk,) in cursor.fetchall()]


def insert_many(instances: Instances, names: Sequence[str]) -> None:
    """Writes new rows by COPY with the fields `names`; the others get the database's defaults."""
    if not instances:
        return
    model = type(instances[0])
    readers = [_reader(model._meta.get_field(name)) for name in names]
    insert_rows(model, names, ([read(instance) for read in readers] for instance in instances))


def insert_rows(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """`insert_many` for rows that were never instances: values as the database driver takes them.

    JSON as text, lists as `array_of` them and one moment for all as text cost less than what the driver would make of
    the objects.
    """
    columns = ", ".join(f'"{model._meta.get_field(name).column}"' for name in names)  # type: ignore[union-attr]
    sql = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'
    # Django wraps what `execute` raises, and not what `copy` does
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def update_many(instances: Instances, names: Sequence[str]) -> None:
    """Writes the fields `names` of rows that exist. Columns of lists are not for this: unnest would flatten them."""
    if not instances:
        return
    fields = [instances[0]._meta.get_field(name) for name in ("id", *names)]
    columns = [f'"{field.column}"' for field in fields]  # type: ignore[union-attr]
    readers = [_reader(field) for field in fields]
    arrays = ", ".join(f"%s::{_type(field)}[]" for field in fields)
    sets = ", ".join(f"{column} = v.{column}" for column in columns[1:])
    sql = (
        f'UPDATE "{instances[0]._meta.db_table}" t SET {sets} '  # noqa: S608  (names of our own columns)
        f'FROM unnest({arrays}) AS v({", ".join(columns)}) WHERE t."id" = v."id"'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [array_of([read(instance) for instance in instances]) for read in readers])


def _reader(field: Any) -> Callable[[models.Model], Any]:
    name = field.attname
    if isinstance(field, models.JSONField):
        return lambda instance: dumps(getattr(instance, name))
    if isinstance(field, models.BinaryField):
        return lambda instance: None if getattr(instance, name) is None else bytes(getattr(instance, name))
    if isinstance(field, ArrayField):
        return lambda instance: list(getattr(instance, name))
    return lambda instance: getattr(instance, name)


def _type(field: Any) -> str:
    return field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
