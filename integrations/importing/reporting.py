"""The rows that an import left out, as a CSV file that can be corrected and imported again."""

import csv
from collections.abc import Iterator
from typing import Any

from core.spreadsheets import safe
from integrations.models import Import


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def error_lines(job: Import) -> Iterator[str]:
    """Lines of CSV: the row's number, what is wrong with it, and the row itself under the file's own column names.

    Cells that a spreadsheet would run are neutralised; an import of the corrected file undoes that.
    """
    writer: Any = csv.writer(_Line())
    columns = job.layout["columns"]
    yield "\ufeff" + writer.writerow(["Row", "Error", *(safe(column) for column in columns)])
    pending: list[Any] = []
    for row, column, message, cells in _errors(job):
        text = f"{column}: {message}" if column else message
        if pending and pending[0] == row:
            pending[1] += " " + text
            continue
        if pending:
            yield _line(writer, pending)
        pending = [row, text, cells]
    if pending:
        yield _line(writer, pending)


def _errors(job: Import) -> Iterator[tuple[int, str, str, list[str]]]:
    return job.errors.order_by("id").values_list("row", "column", "message", "cells").iterator(chunk_size=500)


def _line(writer: Any, pending: list[Any]) -> str:
    row, text, cells = pending
    return str(writer.writerow([row, safe(text), *(safe(cell) for cell in cells)]))
