"""Recording answers to surveys by the thousand, as systems report them (4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from engagement.models import Survey

NAME_LIMIT, ID_LIMIT = 200, 200
RANGES: dict[str, tuple[int, int]] = {
    Survey.Kind.NPS: (0, 10), Survey.Kind.CSAT: (1, 5), Survey.Kind.OTHER: (-999_999, 999_999),
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What somebody answered. `kind` counts for a survey's first answer; `external_id` makes a repeat harmless."""

    survey: str
    score: Decimal
    answered_at: datetime
    customer_id: int | None = None
    account_id: int | None = None
    comment: str = ""
    kind: str = Survey.Kind.OTHER
    external_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How many answers were written, how many this source had reported before, and by place why one was refused."""

    recorded: int = 0
    repeated: int = 0
    refused: dict[int, str] = field(default_factory=dict)


@retrying
def record(answers: Sequence[Answer], *, source: Source, actor: Actor, now: datetime | None = None) -> Outcome:
    """Writes the answers that this source has not reported before, in one statement. Those that cannot be are refused,
    the others are written all the same. Raises IntegrityError for a customer or an account that is not there."""
    refused: dict[int, str] = {}
    sound: dict[int, Answer] = {}
    for place, one in enumerate(answers):
        if fault := _fault(one):
            refused[place] = fault
        else:
            sound[place] = one
    with recorded(actor, "answers.recorded", now=now) as entry:
        surveys = _surveys(list(sound.values()))
        for place, one in list(sound.items()):
            least, most = RANGES[surveys[_name(one)].kind]
            if not least <= one.score <= most:
                refused[place] = f"A score of this survey is from {least:,} to {most:,}."
                del sound[place]
        rows = [_row(one, surveys) for one in sound.values()]
        written = _insert(source, rows) if rows else 0
        entry.about(source, answers=written, repeated=len(rows) - written)
        if not written:
            entry.discard()
        return Outcome(written, len(rows) - written, refused)


def _fault(one: Answer) -> str:
    """Why it cannot be written whatever its survey is, if so."""
    if not _name(one):
        return "Name the survey."
    if one.kind not in RANGES:
        return f"A survey is of the kind {', '.join(RANGES)}."
    return "" if one.score.is_finite() else "A score is a number."


def _surveys(answers: Sequence[Answer]) -> dict[str, Survey]:
    """By name; one that nobody answered before is made, of the kind that its first answer says."""
    first: dict[str, str] = {}
    for one in answers:
        first.setdefault(_name(one), one.kind)
    known = {one.name: one for one in Survey.objects.filter(name__in=first)}
    new = [Survey(name=name, kind=kind) for name, kind in sorted(first.items()) if name not in known]
    if new:
        Survey.objects.bulk_create(new, ignore_conflicts=True)
        known = {one.name: one for one in Survey.objects.filter(name__in=first)}
    return known


def _name(one: Answer) -> str:
    return " ".join(one.survey.split())[:NAME_LIMIT]


def _row(one: Answer, surveys: dict[str, Survey]) -> tuple[Any, ...]:
    return (
        surveys[_name(one)].pk, one.customer_id, one.account_id, one.external_id and one.external_id[:ID_LIMIT],
        one.score, one.comment, one.answered_at,
    )  # fmt: skip


_INSERT = """
    INSERT INTO engagement_surveyresponse
        (source_id, survey_id, customer_id, account_id, external_id, score, comment, answered_at)
    SELECT %s, * FROM unnest(
        %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::numeric[], %s::text[], %s::timestamptz[])
    ON CONFLICT DO NOTHING
"""


def _insert(source: Source, rows: Sequence[tuple[Any, ...]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [source.pk, *map(list, zip(*rows, strict=True))])
        return cursor.rowcount
