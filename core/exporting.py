"""Lists as CSV files that can be imported again, streamed: a million rows need no more memory than one.

The database writes the lines itself (COPY), so a cell is an expression: `Cell` for text, which no spreadsheet takes for
a formula then, `Joined` for several values, `Moment` for times, `Property` for values of a property. They say what
`core.spreadsheets` says; tests compare the two.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import CharField, F, Func, QuerySet, TextField
from django.http import StreamingHttpResponse

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for something else
PIECE_BYTES = 64 * 1024


def file(columns: Sequence[str], rows: QuerySet[Any], cells: Sequence[Any]) -> Iterator[bytes]:
    """The file in pieces: a line for each of `rows`, of these cells. Reads in a transaction of its own."""
    head = io.StringIO()
    csv.writer(head).writerow(columns)
    yield (BYTE_ORDER_MARK + head.getvalue()).encode()
    try:
        sql, params = _question(rows, cells)
    except EmptyResultSet:  # a filter that nothing can meet
        return
    with transaction.atomic(), connection.cursor() as cursor:
        allow_slow_readers()
        text = cursor.cursor.mogrify(sql, params)
        piece = bytearray()
        # Django wraps what `execute` raises, and not what `copy` does
        with connection.wrap_database_errors, cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)") as copy:
            for line in copy:
                piece += line
                if len(piece) >= PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
        yield bytes(piece)


def _question(rows: QuerySet[Any], cells: Sequence[Any]) -> tuple[str, Any]:
    """The SQL of the lines. What makes several cells is asked for once, and taken apart outside."""
    named = {f"c{place}": F(cell) if isinstance(cell, str) else cell for place, cell in enumerate(cells)}
    sql, params = rows.annotate(**named).values_list(*named).query.get_compiler(using=rows.db).as_sql()
    outside = [
        f"q.{name}[{place}]" if width else f"q.{name}"
        for name, cell in named.items()
        for width in [getattr(cell, "width", 0)]
        for place in range(1, max(width, 1) + 1)
    ]
    return f"SELECT {', '.join(outside)} FROM ({sql} OFFSET 0) q", params  # noqa: S608 - of the ORM


def download(pieces: Iterator[bytes], name: str, now: datetime) -> StreamingHttpResponse:
    """The file for a browser, called `name` and the day."""
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{now:%Y-%m-%d}.csv"'
    response["X-Accel-Buffering"] = "no"
    return response


def allow_slow_readers() -> None:
    """Whoever downloads over a slow line keeps the statement waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '15min'; SET LOCAL statement_timeout = '60min'")


# Cells

SAFE = r"regexp_replace({}, E'^(''*[=+\\-@\\t\\r])', E'''\\1')"
ESCAPED = r"replace(replace({}, '\', '\\'), ';', '\;')"
_SAID = (
    "CASE jsonb_typeof({0}) WHEN 'string' THEN {1}"
    " WHEN 'boolean' THEN CASE {0}::text WHEN 'true' THEN 'yes' ELSE 'no' END ELSE {0} #>> '{{}}' END"
)
_EXPRESSION = "%(expressions)s"


class Cell(Func):
    """A text of which no spreadsheet makes a formula."""

    template = SAFE.format(_EXPRESSION)
    output_field = TextField()


class Escaped(Func):
    """One of several values of a cell."""

    template = ESCAPED.format(_EXPRESSION)
    output_field = CharField()


class EscapedTag(Func):
    """One of several tags of a cell, which commas and bars separate too."""

    template = rf"replace(replace({ESCAPED.format(_EXPRESSION)}, ',', '\,'), '|', '\|')"
    output_field = CharField()


class Joined(Func):
    """Several values, an array of `Escaped` ones, in one cell."""

    template = SAFE.format("array_to_string(%(expressions)s, '; ')")
    output_field = TextField()


class Several(Func):
    """An array of as many cells as its `width`: `question` is the SQL, in which {0} is the first of the columns."""

    output_field = ArrayField(TextField())

    def __init__(self, question: str, width: int, *columns: str) -> None:
        super().__init__(*map(F, columns))
        self.question, self.width = question, width

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return self.question.format(*(compiler.compile(one)[0] for one in self.source_expressions)), []


class Moment(Func):
    template = f"(to_json({_EXPRESSION}) #>> '{{}}')"
    output_field = TextField()


class Property(Func):
    """The values that a JSON column of properties has under a key, as one would type them again."""

    output_field = TextField()

    def __init__(self, key: str, column: str = "properties") -> None:
        super().__init__(F(column))
        held = f"({_EXPRESSION} -> '{key}')"
        one, each = f"({held} -> 0)", "told.value"
        said = _SAID.format(one, SAFE.format(ESCAPED.format(f"({held} ->> 0)")))
        several = _SAID.format(each, ESCAPED.format(f"({each} #>> '{{}}')"))
        listed = (
            f"(SELECT string_agg({several}, '; ' ORDER BY told.place)"  # noqa: S608 - a key has no quotes
            f" FROM jsonb_array_elements({held}) WITH ORDINALITY told (value, place))"
        )
        self.extra["template"] = (
            f"CASE WHEN {held} -> 1 IS NULL THEN {said} ELSE {SAFE.format(listed)} END"  # most have one, or none
        )


def property_columns(definitions: Sequence[Any]) -> list[str]:
    """What the columns of properties are called: the key, and the type where it is not text."""
    return [f"p.{one.key}" if one.type == "text" else f"p.{one.key}:{one.type}" for one in definitions]


def property_cells(definitions: Sequence[Any], column: str = "properties") -> list[Property]:
    return [Property(one.key, column) for one in definitions]
