"""Usage, answers and deliveries as other systems write them down: one JSON object a line (3.4, 4.1, 4.2).

Accounts are named by account ID, customers by user ID or email. Nobody is made by a report: whoever it names must be
there already. A line that cannot be is left out with its reason; the others come in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from django.utils.dateparse import parse_datetime

from audit.actor import Actor
from audit.models import Source
from core.json import loads
from core.text import problem
from engagement import answering, campaigns, usage
from engagement.known import Known
from engagement.models import Survey

BATCH = 1_000
LINE_LIMIT = 32_768  # characters
TEXT_LIMIT = 2_000
KINDS = ("usage", "answers", "deliveries")


@dataclass
class Report:
    """How many lines were written and how many changed nothing; why each of the others was left out, by line."""

    written: int = 0
    unchanged: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def take(kind: str, lines: Iterable[str], *, source: Source, actor: Actor, now: datetime) -> Report:
    """Brings in `lines`, a thousand at a time, each batch in a transaction of its own."""
    report = Report()
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while batch := list(islice(numbered, BATCH)):
        read: dict[int, dict[str, Any]] = {}
        for number, line in batch:
            try:
                read[number] = _object(line)
            except ValueError as fault:
                report.refused[number] = str(fault)
        _TAKERS[kind](Known(read.values()), read, report, source=source, actor=actor, now=now)
    return report


def _usage(known: Known, rows: dict[int, dict[str, Any]], report: Report, **who: Any) -> None:
    def event(row: dict[str, Any]) -> usage.Event:
        return usage.Event(
            _text(row, "module", needed=True), _text(row, "activity", needed=True), _moment(row, "occurred_at", who),
            known.account(row), known.customer(row), _text(row, "external_id") or None,
        )  # fmt: skip

    events = _each(rows, event, report)
    if events:
        done = usage.record(list(events.values()), source=who["source"], actor=who["actor"], now=who["now"])
        report.written += done.recorded
        report.unchanged += done.repeated


def _answers(known: Known, rows: dict[int, dict[str, Any]], report: Report, **who: Any) -> None:
    def answer(row: dict[str, Any]) -> answering.Answer:
        return answering.Answer(
            _text(row, "survey", needed=True), _score(row), _moment(row, "answered_at", who), known.customer(row),
            known.account(row), _text(row, "comment"), _text(row, "kind") or Survey.Kind.OTHER,
            _text(row, "external_id") or None,
        )  # fmt: skip

    answers = _each(rows, answer, report)
    if answers:
        done = answering.record(list(answers.values()), source=who["source"], actor=who["actor"], now=who["now"])
        numbers = list(answers)
        report.refused |= {numbers[place]: why for place, why in done.refused.items()}
        report.written += done.recorded
        report.unchanged += done.repeated


def _deliveries(known: Known, rows: dict[int, dict[str, Any]], report: Report, **who: Any) -> None:
    def reached(row: dict[str, Any]) -> campaigns.Reached:
        customer = known.customer(row, needed=True)
        steps = {step: _moment(row, step, who) for step in campaigns.STEPS if row.get(step)}
        return campaigns.Reached(_text(row, "campaign", needed=True), customer or 0, **steps)

    deliveries = _each(rows, reached, report)
    if deliveries:
        done = campaigns.record(list(deliveries.values()), source=who["source"], actor=who["actor"], now=who["now"])
        report.written += done[0]
        report.unchanged += done[1]


_TAKERS: dict[str, Callable[..., None]] = {"usage": _usage, "answers": _answers, "deliveries": _deliveries}


def _each(rows: dict[int, dict[str, Any]], make: Callable[[dict[str, Any]], Any], report: Report) -> dict[int, Any]:
    """What `make` makes of each row, by line; what it cannot be made of is left out with the reason."""
    made: dict[int, Any] = {}
    for number, row in rows.items():
        try:
            made[number] = make(row)
        except ValueError as fault:
            report.refused[number] = str(fault)
    return made


def _object(line: str) -> dict[str, Any]:
    if len(line) > LINE_LIMIT:
        raise ValueError(f"A line has at most {LINE_LIMIT:,} characters.")
    try:
        row = loads(line)
    except (ValueError, RecursionError):
        raise ValueError("The line is not JSON.") from None
    if not isinstance(row, dict):
        raise ValueError("The line is not a JSON object.")
    return row


def _text(row: dict[str, Any], name: str, *, needed: bool = False) -> str:
    value = row.get(name)
    text = "" if value is None else str(value).strip() if isinstance(value, str | int | Decimal) else None
    if text is None or problem(text, limit=TEXT_LIMIT):
        raise ValueError(f"{name} is not text that can be kept.")
    if needed and not text:
        raise ValueError(f"{name} is missing.")
    return text


def _score(row: dict[str, Any]) -> Decimal:
    try:
        return Decimal(str(row.get("score")))
    except InvalidOperation:
        raise ValueError("score is not a number.") from None


def _moment(row: dict[str, Any], name: str, who: dict[str, Any]) -> datetime:
    """ISO 8601, or seconds since 1970; 13 digits are milliseconds. Left out: now."""
    value = row.get(name)
    if value in (None, ""):
        moment: datetime = who["now"]
        return moment
    try:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value) / (1000 if value > 10**11 else 1), UTC)
        found = parse_datetime(str(value))
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        raise ValueError(f"{name} is not a moment such as 2026-11-22T14:00:00Z.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def lines_of(file: Any) -> Iterator[str]:
    """The lines of an open text file, none longer in memory than it may be."""
    while line := file.readline(LINE_LIMIT + 2):
        yield line
        while len(line) > LINE_LIMIT and not line.endswith("\n"):  # the rest of a line that is refused anyway
            line = file.readline(LINE_LIMIT + 2)
