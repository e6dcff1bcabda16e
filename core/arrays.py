"""Conditions on hundreds of values as one array: an IN list is compiled and parsed value by value."""

from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, F, Func


class AnyOf(Func):
    """Whether the column holds one of the values; they go to the database as the driver takes them."""

    output_field = BooleanField()

    def __init__(self, column: str, values: Iterable[Any]) -> None:
        super().__init__(F(column))
        self.values = list(values)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s)", [*params, self.values]
