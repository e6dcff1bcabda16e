"""Rows of a kept CSV file, in constant memory, from any row on."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.spreadsheets import plain
from core.text import tidy
from integrations.importing.keeping import FileProblem

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
ROWS_LIMIT = 5_000_000
COLUMNS_LIMIT = 200
HEADER_LIMIT = 200
CELL_LIMIT = 1_000_000
RECORD_LIMIT = 16 * 1024 * 1024  # bytes; what memory a file can take here
DISTINCT_LIMIT = 60  # a column with more different values is no choice
_DISTINCT_LENGTH = 100

csv.field_size_limit(RECORD_LIMIT)


@dataclass(slots=True)
class Row:
    """One row. `number` counts as spreadsheets do: the column names are row 1. `position` is where the next begins.

    `fault` says why the row as such cannot be used, or ''.
    """

    number: int
    cells: list[str]
    position: int
    fault: str = ""


@dataclass(slots=True)
class Layout:
    """How a file is laid out: `start` is where its rows begin, `rows` how many there are below the names.

    `distinct` are the values of columns that have few; `samples` the first values that each column has.
    """

    delimiter: str
    columns: list[str]
    start: int
    rows: int = 0
    distinct: dict[str, list[str]] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)


def layout_of(path: Path) -> Layout:
    """Reads the whole file once. Raises FileProblem."""
    delimiter, skip = _delimiter(path)
    names = next(_records(path, delimiter, skip), None)
    while names and not any(names[0]):  # empty lines above the names
        names = next(_records(path, delimiter, names[1]), None)
    if names is None:
        raise FileProblem("The file is empty. Choose one with a row of column names and at least one row below it.")
    layout = Layout(delimiter, _columns(names[0]), names[1])
    distinct: dict[int, dict[str, None]] = {place: {} for place in range(len(layout.columns))}
    samples: list[list[str]] = [[] for _ in layout.columns]
    for row in rows(path, layout):
        layout.rows += 1
        if row.number > ROWS_LIMIT + 1:
            raise FileProblem(f"The file has over {ROWS_LIMIT:,} rows. Split it into several files.")
        if row.fault:
            continue
        for place in list(distinct):
            cell = row.cells[place]
            if len(cell) > _DISTINCT_LENGTH or len(distinct[place]) > DISTINCT_LIMIT:
                del distinct[place]
            elif cell:
                distinct[place][cell] = None
        if layout.rows <= 500:
            for place, cell in enumerate(row.cells):
                if cell and len(samples[place]) < 20:
                    samples[place].append(cell[:200])
    if not layout.rows:
        raise FileProblem("There are column names and no rows below them. Choose a file with at least one row.")
    layout.samples = {name: samples[place] for place, name in enumerate(layout.columns)}
    layout.distinct = {
        layout.columns[place]: sorted(values) for place, values in distinct.items() if 0 < len(values) <= DISTINCT_LIMIT
    }
    return layout


def rows(path: Path, layout: Layout, *, position: int = 0, number: int = 1) -> Iterator[Row]:
    """The rows from `position` on, of which the one before has `number`. Empty ones are left out, and counted."""
    wanted = len(layout.columns)
    for cells, after in _records(path, layout.delimiter, position or layout.start):
        number += 1
        if not any(cells):
            continue
        yield Row(number, [plain(cell) if cell[:1] == "'" else cell for cell in cells], after, _fault(cells, wanted))


def _fault(cells: list[str], wanted: int) -> str:
    if len(cells) != wanted:
        hint = " A quotation mark may be missing." if any("\n" in cell for cell in cells) else ""
        return f"Has {len(cells):,} cells where the first row names {wanted} columns.{hint}"
    for cell in cells:
        if len(cell) > CELL_LIMIT:
            return f"A cell has {len(cell):,} characters; {CELL_LIMIT:,} are the most."
    return ""


def _records(path: Path, delimiter: str, position: int) -> Iterator[tuple[list[str], int]]:
    """The cells of each record, and where the next one begins. The csv module takes line after line, so the lines
    taken so far are the record's. Raises FileProblem when a record is too long for memory."""
    place = begun = position

    def lines() -> Iterator[str]:
        nonlocal place
        while line := file.readline(RECORD_LIMIT + 1):
            place += len(line)
            if place - begun > RECORD_LIMIT:
                most = RECORD_LIMIT // 1024**2
                raise FileProblem(f"A row has over {most} MB: probably a quotation mark is opened and never closed.")
            yield line.decode("utf-8", "surrogatepass")

    with path.open("rb", buffering=256 * 1024) as file:
        file.seek(position)
        for cells in csv.reader(lines(), delimiter=delimiter):
            yield cells, place
            begun = place


def _columns(cells: list[str]) -> list[str]:
    names = [tidy(plain(cell)) for cell in cells]
    if len(names) > COLUMNS_LIMIT:
        raise FileProblem(f"The file has {len(names):,} columns; {COLUMNS_LIMIT} are the most.")
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if not name:
            raise FileProblem(f"Column {place} has no name in the first row. Name it, or remove the column.")
        if len(name) > HEADER_LIMIT:
            raise FileProblem(f"The name of column {place} has {len(name):,} characters; {HEADER_LIMIT} are the most.")
        if name.casefold() in seen:
            raise FileProblem(f"Columns {seen[name.casefold()]} and {place} are both called '{name}'. Rename one.")
        seen[name.casefold()] = place
    return names


def _delimiter(path: Path) -> tuple[str, int]:
    """The delimiter with which the first rows have the same number of cells, and where to begin to read."""
    with path.open("rb") as file:
        first = file.readline(1_000)
    told = first.strip().lower()
    if told.startswith(b"sep=") and len(told) <= 5:  # Excel's own way to say it
        delimiter = first.strip()[4:].decode("ascii", "ignore") or "\t"
        if delimiter in DELIMITERS:
            return delimiter, len(first)
    best: tuple[Any, ...] = ()
    for preference, delimiter in enumerate(DELIMITERS):
        counts = _widths(path, delimiter)
        if counts[0] < 2:
            continue
        alike = sum(count == counts[0] for count in counts) / len(counts)
        best = max(best, (alike, counts[0], -preference, delimiter))
    return (best[-1] if best else ","), 0


def _widths(path: Path, delimiter: str, most: int = 50) -> list[int]:
    """How many cells each of the first records has."""
    counts: list[int] = []
    try:
        for cells, _ in _records(path, delimiter, 0):
            if cells:
                counts.append(len(cells))
            if len(counts) >= most:
                break
    except FileProblem:
        pass
    return counts or [0]
