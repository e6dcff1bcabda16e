"""What pages ask again and again, with its SQL made once: the ORM makes the same text each time, in 0.3 to 0.8 ms."""

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from inspect import signature
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
STAND_IN = 700_000_001  # the first of the numbers that stand in the SQL for those that are asked with


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
    """The rows of a query that is the same but for the numbers it is asked with, often none: `values_list` of numbers
    and texts. Who may see them is not asked again: only for what everybody may, or for what belongs to a record that
    was found with `visible_to`.

        TAGS = Kept(lambda: Tag.objects.values_list("pk", "name"))
        NAMES = Kept(lambda customer_id: Note.objects.filter(customer=customer_id).values_list("author__name"))
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build

    @cached_property
    def stand_ins(self) -> range:
        return range(STAND_IN, STAND_IN + len(signature(self.build).parameters))

    @cached_property
    def compiler(self) -> SQLCompiler:
        return self.build(*self.stand_ins).query.get_compiler(DEFAULT_DB_ALIAS)

    @cached_property
    def question(self) -> tuple[str, tuple[Any, ...]]:
        return self.compiler.as_sql()

    def asked(self, *numbers: int) -> tuple[str, list[Any]]:
        """The SQL with these numbers, in the order in which `build` takes them."""
        sql, parameters = self.question
        given = dict(zip(self.stand_ins, numbers, strict=True))
        return sql, [given.get(one, one) if isinstance(one, int) else one for one in parameters]

    def read(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        return rows

    def __call__(self, *numbers: int) -> list[Any]:
        return together((self, *numbers))[0]


class KeptRecords(Kept, Generic[M]):
    """As Kept, with whole records and what they `select_related`; without annotations."""

    def __init__(self, build: Callable[..., QuerySet[M, Any]]) -> None:
        super().__init__(build)

    def __call__(self, *numbers: int) -> list[M]:
        return super().__call__(*numbers)

    def read(self, rows: list[tuple[Any, ...]]) -> list[M]:
        return list(self._records(rows))

    @cached_property
    def _shape(self) -> tuple[Any, ...]:
        compiler = self.compiler
        self.question  # noqa: B018  (sets the compiler up)
        kind, select = compiler.klass_info, compiler.select
        fields = [field[0] for field in select]
        places = kind["select_fields"]
        names = [field.target.attname for field in fields[places[0] : places[-1] + 1]]
        converters = compiler.get_converters(fields)
        related = get_related_populators(kind, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # Django 6 wants more
        return kind["model"], places[0], places[-1] + 1, names, converters, related

    def _records(self, rows: list[tuple[Any, ...]]) -> Iterator[M]:
        model, first, end, names, converters, related = self._shape
        for row in self.compiler.apply_converters(rows, converters) if converters else rows:
            record = model.from_db(DEFAULT_DB_ALIAS, names, row[first:end])
            for one in related:
                one.populate(row, record)
            yield record


def together(*questions: tuple[Any, ...]) -> list[list[Any]]:
    """The answers to (kept, number, …), one after the other, in one message to the database and back."""
    asked = [kept.asked(*numbers) for kept, *numbers in questions]
    answers = []
    with connection.cursor() as cursor:
        cursor.execute(";".join(sql for sql, _ in asked), [one for _, parameters in asked for one in parameters])
        for kept, *_ in questions:
            answers.append(kept.read(cursor.fetchall()))
            cursor.nextset()
    return answers
