"""What one cell says: times, scores, yes or no. A cell that cannot be that says why."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from core.text import problem
from engagement.answering import RANGES

ID_LIMIT = 200
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_NUMBERS = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?")


class Wrong(Exception):
    """The cell cannot be what its column is for."""


def checked(cell: str, limit: int) -> str:
    """The cell as it is. Raises Wrong when it is too long or cannot be stored."""
    if cell.isascii() and len(cell) <= limit:  # NUL was refused before
        return cell
    if fault := problem(cell, limit=limit):
        raise Wrong(fault)
    return cell


def moment_of(text: str, order: str = "") -> datetime:
    """The moment that `text` names; without a zone it is UTC. `order` is dmy or mdy for dates like 3/2/2026."""
    if text.isdigit() and 9 <= len(text) <= 14:
        seconds = int(text) / (1000 if len(text) >= 13 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _moment_of_numbers(text, order)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment < LATEST:
        raise Wrong("Must be a time between the years 1970 and 2200.")
    return moment.astimezone(UTC)


def _moment_of_numbers(text: str, order: str) -> datetime:
    found = _NUMBERS.fullmatch(text)
    if not found:
        raise Wrong("Must be a time, such as 2026-02-03 14:30 or 2026-02-03T14:30:00Z.")
    first, second, third, hour, minute, second_of_minute, half = found.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(third)
    elif order:
        year = int(third) + (2000 if len(third) == 2 else 0)
        day, month = (int(first), int(second)) if order == "dmy" else (int(second), int(first))
    else:
        raise Wrong("Say whether the day or the month comes first (occurred_at:dmy or :mdy), or write 2026-02-03.")
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    try:
        return datetime(year, month, day, hours, int(minute or 0), int(second_of_minute or 0), tzinfo=UTC)
    except ValueError:
        raise Wrong("Must be a time that exists, such as 2026-02-03 14:30.") from None


def score_of(text: str, kind: str) -> Decimal:
    try:
        score = Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except InvalidOperation:
        raise Wrong("Must be a score, such as 4.") from None
    least, most = RANGES[kind]
    if not score.is_finite() or not least <= score <= most:
        raise Wrong(f"Must be a score from {least:,} to {most:,}.")
    if round(score, 2) != score:
        raise Wrong("Must have at most two decimal places.")
    return round(score, 2)
