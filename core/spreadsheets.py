"""Cells of CSV files that spreadsheets open: no cell becomes a formula, and reading gives back what was written."""

import re
from collections.abc import Iterable
from functools import cache

_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # behind apostrophes too, so that undoing is exact
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def safe(text: str) -> str:
    """`text` as a cell: an apostrophe before whatever a spreadsheet would calculate."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """The text that `safe` made this cell of; other cells as they are."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def joined(values: Iterable[str], separators: str = ";") -> str:
    r"""Several values in one cell: `a; b`, with `\;` for a semicolon inside a value, and likewise for what else would
    separate values there."""
    return "; ".join(_escaped(value, separators) for value in values)


def split(cell: str, separators: str = ";") -> list[str]:
    """The values that `joined` put into a cell."""
    if "\\" not in cell and not any(mark in cell for mark in separators):
        return [cell.strip()] if cell.strip() else []
    parts, at, part_of = [], 0, _part_of(separators)
    while at <= len(cell):
        match = part_of.match(cell, at)
        end = match.end() if match else at
        if end < len(cell) and cell[end] == "\\":  # one that escapes nothing
            end += 1
        parts.append(_ESCAPED.sub(r"\1", cell[at:end]).strip())
        at = end + 1
    return [part for part in parts if part]


def _escaped(value: str, separators: str) -> str:
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    for mark in separators:
        if mark in value:
            value = value.replace(mark, f"\\{mark}")
    return value


@cache
def _part_of(separators: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\\.|[^{re.escape(separators)}\\])*", re.DOTALL)
