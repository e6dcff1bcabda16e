"""What the answers to surveys say together: averages, NPS, how scores are spread, month by month (4.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncMonth

from engagement.models import SCALES, Survey, SurveyResponse
from staff.permissions import teams_of

PROMOTERS, DETRACTORS = 9, 7  # from which score on, and below which
RECENT_DAYS = 30
MONTHS = 12
BARS = 12  # of the spread of scores that have no scale
UP, DOWN = Count("pk", filter=Q(score__gte=PROMOTERS)), Count("pk", filter=Q(score__lt=DETRACTORS))


@dataclass(frozen=True)
class Score:
    """`average` is None without answers, `nps` also where the survey does not ask for it."""

    answers: int = 0
    average: Decimal | None = None
    nps: int | None = None
    recent: int = 0


@dataclass(frozen=True)
class Month:
    first: datetime
    score: Score


def surveys_for(viewer: Any) -> QuerySet[Survey]:
    """Every survey; for limited staff those with an answer that they may see (3.5)."""
    if teams_of(viewer) is None:
        return Survey.objects.all()
    seen = SurveyResponse.objects.visible_to(viewer).filter(survey=OuterRef("pk"))
    return Survey.objects.filter(Exists(seen))


def scores_of(surveys: Sequence[Survey], viewer: Any, *, now: datetime) -> dict[int, Score]:
    """By survey, over the answers that `viewer` may see."""
    recent = Count("pk", filter=Q(answered_at__gte=now - timedelta(days=RECENT_DAYS)))
    answers = SurveyResponse.objects.visible_to(viewer).filter(survey__in=surveys)
    found = answers.order_by().values("survey", "survey__kind").annotate(
        number=Count("pk"), average=Avg("score"), up=UP, down=DOWN, recent=recent
    )  # fmt: skip
    known = {row["survey"]: _score(row, row["survey__kind"]) for row in found}
    return {one.pk: known.get(one.pk, Score()) for one in surveys}


def months_of(survey: Survey, viewer: Any, *, now: datetime, zone: tzinfo) -> list[Month]:
    """The last months with answers, oldest first; what `viewer` may see."""
    since = now - timedelta(days=31 * MONTHS)
    answers = SurveyResponse.objects.visible_to(viewer).filter(survey=survey, answered_at__gte=since)
    found = answers.order_by().annotate(month=TruncMonth("answered_at", tzinfo=zone)).values("month").annotate(
        number=Count("pk"), average=Avg("score"), up=UP, down=DOWN
    )  # fmt: skip
    rows = sorted(found, key=lambda row: row["month"])[-MONTHS:]
    return [Month(row["month"], _score(row, survey.kind)) for row in rows]


def spread_of(survey: Survey, viewer: Any) -> list[tuple[str, int, str]]:
    """(scores, answers, tone) of the answers that `viewer` may see, highest scores first."""
    answers = SurveyResponse.objects.visible_to(viewer).filter(survey=survey)
    found: list[tuple[Decimal, int]] = list(
        answers.order_by("-score").values_list("score").annotate(number=Count("pk"))
    )
    scale = SCALES.get(survey.kind, ())
    if len(found) <= BARS:
        return [(f"{score.normalize():f}", number, _tone(score, scale)) for score, number in found]
    lowest, highest = found[-1][0], found[0][0]
    width = (highest - lowest) / BARS
    bars = [0] * BARS
    for score, number in found:
        bars[min(int((score - lowest) / width), BARS - 1)] += number
    edges = [lowest + width * place for place in range(BARS + 1)]
    labels = [f"{edges[place]:.1f} to {edges[place + 1]:.1f}" for place in range(BARS)]
    return [(labels[place], bars[place], "hue-5") for place in reversed(range(BARS))]


def _tone(score: Decimal, scale: Sequence[tuple[int, tuple[str, str]]]) -> str:
    return next((tone for least, (_, tone) in scale if score >= least), "hue-5")


def _score(row: Mapping[str, Any], kind: str) -> Score:
    return Score(row["number"], row["average"], nps_of(row, kind), row.get("recent", 0))


def nps_of(row: Mapping[str, Any], kind: str) -> int | None:
    """Promoters less detractors, of 100, from a `number` of answers with UP and DOWN; None where nobody asked it."""
    if kind != Survey.Kind.NPS or not row["number"]:
        return None
    return round((row["up"] - row["down"]) * 100 / row["number"])
