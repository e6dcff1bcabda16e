"""The figures of the overview (11.1). Counted along indexes alone; the few records that are not active are found by
their own index and taken off, because no index of the others says so."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Avg, Count, Q, QuerySet

from accounts.models import Account
from customers.models import Customer
from customers.search import Condition
from dashboard import limited_figures
from dashboard.keeping import kept
from engagement.models import SurveyResponse
from feedback.listing import NEWEST, find
from feedback.models import Document
from staff.permissions import teams_of

DAYS = 30
NPS_DAYS = 90
TOP_ACCOUNTS = 6

_PER_DAY = """
    SELECT channel, (occurred_at AT TIME ZONE %(zone)s)::date AS day, count(*) FROM feedback_document
    WHERE channel = ANY(%(channels)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s GROUP BY 1, 2
"""
_PER_DAY_NOT_ACTIVE = """
    SELECT channel, (occurred_at AT TIME ZONE %(zone)s)::date AS day, count(*) FROM feedback_document
    WHERE state <> 'active' AND occurred_at >= %(start)s AND occurred_at < %(end)s GROUP BY 1, 2
"""
_FIRST_SEEN = """
    SELECT (first_seen_at AT TIME ZONE %(zone)s)::date AS day, count(*) FROM customers_customer
    WHERE first_seen_at >= %(start)s AND first_seen_at < %(end)s GROUP BY 1
"""
_FIRST_SEEN_NOT_ACTIVE = """
    SELECT (first_seen_at AT TIME ZONE %(zone)s)::date AS day, count(*) FROM customers_customer
    WHERE state <> 'active' AND first_seen_at >= %(start)s AND first_seen_at < %(end)s GROUP BY 1
"""
_UNASSIGNED = """
    WITH gone AS (SELECT count(*) AS number FROM feedback_document WHERE state <> 'active' AND customer_id IS NULL)
    SELECT greatest(count(*) - (SELECT number FROM gone), 0) FROM (
        SELECT 1 FROM feedback_document WHERE customer_id IS NULL
        ORDER BY occurred_at DESC, id DESC LIMIT %(most)s + (SELECT number FROM gone)
    ) few
"""
_TOP_ACCOUNTS = """
    SELECT account_id, count(*) AS documents FROM feedback_document
    WHERE account_id IS NOT NULL AND state = 'active' AND occurred_at >= %(start)s AND occurred_at < %(end)s
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""


@dataclass(frozen=True)
class Period:
    """`DAYS` whole days in the viewer's time zone, the last one included."""

    last: date
    zone: tzinfo
    today: date

    @property
    def first(self) -> date:
        return self.last - timedelta(days=DAYS - 1)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(DAYS)]

    @property
    def is_now(self) -> bool:
        return self.last == self.today

    @property
    def name(self) -> str:
        return f"{self.zone}:{self.last}"

    def bounds(self, *, twice: bool = False) -> dict[str, Any]:
        """For SQL; `twice` begins with as many days before, to compare with."""
        first = self.first - timedelta(days=DAYS if twice else 0)
        end = midnight(self.last + timedelta(days=1), self.zone)
        return {"start": midnight(first, self.zone), "end": end, "zone": str(self.zone)}


@dataclass(frozen=True)
class Nps:
    score: int
    answers: int
    average: float
    before: int | None
    recent: bool


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def period_until(now: datetime, zone: tzinfo, viewer: Any) -> Period:
    """The last days up to today; where nothing came in them, those up to the latest feedback: an old archive too
    shows its own last days instead of emptiness."""
    today = now.astimezone(zone).date()
    until_now = Condition(Q(occurred_at__lte=now), column="occurred_at")
    latest = find(Document.objects.visible_to(viewer).active(), [until_now], NEWEST, shape=_times, size=1).page.rows
    last = latest[0]["occurred_at"].astimezone(zone).date() if latest else today
    return Period(today if last > today - timedelta(days=DAYS) else last, zone, today)


def _times(documents: QuerySet[Any]) -> QuerySet[Any]:
    return documents.values("pk", "occurred_at")


@dataclass(frozen=True)
class PerDay:
    """A number for each day of the period, and how many there were in the same time before."""

    values: list[int]
    before: int

    @property
    def total(self) -> int:
        return sum(self.values)

    @classmethod
    def of(cls, days: "Counter[date]", period: Period) -> "PerDay":
        return cls([days[day] for day in period.days], sum(n for day, n in days.items() if day < period.first))


def feedback_per_day(period: Period, viewer: Any) -> dict[str, PerDay]:
    """Documents by channel; channels without any are left out."""
    teams = teams_of(viewer)

    def count() -> dict[str, PerDay]:
        parameters = {**period.bounds(twice=True), "channels": Document.Channel.values}
        found: dict[str, Counter[date]] = {channel: Counter() for channel in Document.Channel.values}
        if teams is not None:
            for channel, day, number in limited_figures.feedback_per_day(parameters, teams):
                found[channel][day] += number
        else:
            for channel, day, number in _rows(_PER_DAY, parameters):
                found[channel][day] += number
            for channel, day, number in _rows(_PER_DAY_NOT_ACTIVE, parameters):
                found[channel][day] -= number
        return {channel: PerDay.of(days, period) for channel, days in found.items() if any(days.values())}

    return kept(_named(f"feedback:{period.name}", teams), count)


def new_customers_per_day(period: Period, viewer: Any) -> PerDay:
    """Customers by the day they were first seen."""
    teams = teams_of(viewer)

    def count() -> PerDay:
        if teams is not None:
            return PerDay.of(Counter(dict(limited_figures.first_seen(period.bounds(twice=True), teams))), period)
        days = Counter(dict(_rows(_FIRST_SEEN, period.bounds(twice=True))))
        days.subtract(dict(_rows(_FIRST_SEEN_NOT_ACTIVE, period.bounds(twice=True))))
        return PerDay.of(days, period)

    return kept(_named(f"customers:{period.name}", teams), count)


def unassigned(viewer: Any) -> int:
    """Documents without a customer, counted to the cap."""
    teams = teams_of(viewer)
    if teams is not None:
        return kept(_named("unassigned", teams), lambda: limited_figures.unassigned(settings.COUNT_LIMIT + 1, teams))
    return kept("unassigned", lambda: _one(_UNASSIGNED, {"most": settings.COUNT_LIMIT + 1}))


def top_accounts(period: Period, viewer: Any) -> list[tuple[Account, int]]:
    """The accounts with most feedback in the period."""
    teams, parameters = teams_of(viewer), {**period.bounds(), "most": TOP_ACCOUNTS}
    if teams is None:
        found = kept(f"accounts:{period.name}", lambda: list(_rows(_TOP_ACCOUNTS, parameters)))
    else:
        found = kept(_named(f"accounts:{period.name}", teams), lambda: limited_figures.top_accounts(parameters, teams))
    accounts = Account.objects.visible_to(viewer).active().in_bulk([pk for pk, _ in found])
    return [(accounts[pk], number) for pk, number in found if pk in accounts]


def nps(now: datetime, viewer: Any) -> Nps | None:
    """Of the answers of the last NPS_DAYS days, or, without any, of all; None when nobody was ever asked."""
    teams = teams_of(viewer)

    def count() -> tuple[Nps | None]:
        recent = Q(answered_at__gte=now - timedelta(days=NPS_DAYS))
        earlier = Q(answered_at__gte=now - timedelta(days=2 * NPS_DAYS)) & ~recent
        answers = SurveyResponse.objects.visible_to(viewer).filter(survey__kind="nps", answered_at__lt=now)
        found = answers.aggregate(**_parts("ever", Q()), **_parts("recent", recent), **_parts("earlier", earlier))
        which = "recent" if found["recent"] else "ever"
        score = _score(found, which)
        if score is None:
            return (None,)
        average = float(found[f"{which}_average"])
        before = _score(found, "earlier") if which == "recent" else None
        return (Nps(score, found[which], average, before, recent=which == "recent"),)

    return kept(_named("nps", teams), count)[0]


def _named(name: str, teams: list[int] | None) -> str:
    """What a figure is kept under: by itself for those whom nothing limits."""
    return name if teams is None else f"{name}:{'.'.join(map(str, teams))}"


def _parts(name: str, among: Q) -> dict[str, Any]:
    return {
        name: Count("pk", filter=among),
        f"{name}_promoters": Count("pk", filter=among & Q(score__gte=9)),
        f"{name}_detractors": Count("pk", filter=among & Q(score__lte=6)),
        f"{name}_average": Avg("score", filter=among),
    }


def _score(found: dict[str, Any], name: str) -> int | None:
    if not found[name]:
        return None
    return round(100 * (found[f"{name}_promoters"] - found[f"{name}_detractors"]) / found[name])


def nothing_yet() -> bool:
    """Whether Roster has just been started and knows nobody."""
    return not Customer.objects.exists() and not Document.objects.exists()


def _rows(sql: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _one(sql: str, parameters: dict[str, Any]) -> Any:
    return _rows(sql, parameters)[0][0]
