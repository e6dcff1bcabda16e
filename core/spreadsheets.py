"""Cells of CSV files that spreadsheets open: no cell becomes a formula, and reading gives back what was written."""

import re
from collections.abc import Iterable

_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # behind apostrophes too, so that undoing is exact
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PARTS = re.compile(r"(?:\\.|[^;\\])*", re.DOTALL)


def safe(text: str) -> str:
    """`text` as a cell: an apostrophe before whatever a spreadsheet would calculate."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """The text that `safe` made this cell of; other cells as they are."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def joined(values: Iterable[str]) -> str:
    r"""Several values in one cell: `a; b`, with `\;` for a semicolon inside a value."""
    return "; ".join(value.replace("\\", "\\\\").replace(";", "\\;") for value in values)


def split(cell: str) -> list[str]:
    """The values that `joined` put into a cell."""
    parts, at = [], 0
    while at <= len(cell):
        match = _PARTS.match(cell, at)
        end = match.end() if match else at
        if end < len(cell) and cell[end] == "\\":  # one that escapes nothing
            end += 1
        parts.append(_ESCAPED.sub(r"\1", cell[at:end]).strip())
        at = end + 1
    return [part for part in parts if part]
