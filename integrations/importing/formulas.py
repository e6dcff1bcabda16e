"""Cells that a spreadsheet would run as a formula: neutralised on the way out, restored on the way in (reliability 22).

An apostrophe goes before a cell that, behind any apostrophes of its own, begins like a formula: round trips are exact.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def neutral(cell: str) -> str:
    """The cell as a spreadsheet shows it and does not run it."""
    return "'" + cell if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """The cell as it was before `neutral`."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell
