"""Rows to PostgreSQL by COPY, in its text format."""

import functools
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection

NULL = "\\N"
_CHUNK = 400


def copy(table: str, columns: str, rows: Iterable[str]) -> int:
    """Loads lines of tab-separated values, which `text` and `moment` have made safe. Returns how many there were."""
    source, count = iter(rows), 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as pipe:
        while chunk := list(islice(source, _CHUNK)):
            count += len(chunk)
            pipe.write(("\n".join(chunk) + "\n").encode())
    return count


def text(value: str) -> str:
    """`value` with what separates fields and rows escaped."""
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\n" in value:
        value = value.replace("\n", "\\n")
    return value.replace("\t", "\\t").replace("\r", "\\r")


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_TIMES = tuple(
    f" {hour:02d}:{minute:02d}:{second:02d}+00" for hour in range(24) for minute in range(60) for second in range(60)
)


@functools.lru_cache(maxsize=4_000)
def day(number: int) -> str:
    """The date that is `number` days after 1 January 1970."""
    return datetime.fromtimestamp(number * 86400, UTC).date().isoformat()


def moment(seconds: int | None) -> str:
    return NULL if seconds is None else day(seconds // 86400) + _TIMES[seconds % 86400]


def array(items: Iterable[object]) -> str:
    return "{" + ",".join(map(str, items)) + "}"


def reserve(table: str, count: int) -> int:
    """The first of `count` ids that the table's sequence will not give to anybody else. The table is locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(s, nextval(s) + %s) - %s FROM pg_get_serial_sequence(%s, 'id') s",
            [count - 1, count - 1, table],
        )
        return cursor.fetchone()[0]
