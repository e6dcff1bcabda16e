"""Conditions on hundreds of values as one array: an IN list is compiled and parsed value by value."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import BooleanField, F, Func


class AnyOf(Func):
    """Whether the column holds one of the values."""

    output_field = BooleanField()

    def __init__(self, column: str, values: Iterable[Any]) -> None:
        super().__init__(F(column))
        self.values = list(values)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s)", [*params, array_of(self.values)]


def array_of(values: Collection[Any]) -> Any:
    """The array as the database reads it, where all values are numbers, words or bytes; others stay as they are.

    The driver would look at each value for itself: at a thousand of them that takes longer than the question they ask.
    """
    kinds = set(map(type, values))
    if not kinds:
        return "{}"
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {str}:
        return f'{{"{_words(values)}"}}'
    if kinds == {bytes}:
        return '{"\\\\x' + '","\\\\x'.join(value.hex() for value in values) + '"}'
    return values


def _words(values: Collection[str]) -> str:
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') > 2 * (len(values) - 1):
        return '","'.join(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return joined
