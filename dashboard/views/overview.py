from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from audit.reading import recent
from core import clock
from core.charts import Count, Series, counts, spark, stacked_bars
from core.htmx import page
from core.ui import day_text, number_text
from dashboard import figures
from dashboard.figures import PerDay, Period
from feedback.appearance import CHANNEL_LABELS, CHANNEL_TONES
from staff.permissions import requires


@dataclass(frozen=True)
class Compared:
    """A number with the difference to the same time before, in words."""

    text: str
    note: str
    url: str
    spark: SafeString = SafeString()  # noqa: RUF009


@requires("overview.view", "customers.view", "documents.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """How things stand (11.1). Every figure links to the list behind it."""
    now = clock.now()
    period = figures.period_until(now, timezone.get_current_timezone(), request.user)
    channels = figures.feedback_per_day(period, request.user)
    context = {
        "nothing_yet": not channels and figures.nothing_yet(),
        "period": period,
        "span": _span(period),
        "feedback": _feedback(channels, period),
        "chart": _chart(channels, period) if channels else "",
        "customers": _customers(period, request.user),
        "unassigned": figures.unassigned(request.user),
        "accounts": _accounts(period, request.user),
        "nps": figures.nps(now, request.user),
        "activity": recent(request.user),
    }
    return page(request, "dashboard/overview.html", context)


def _span(period: Period) -> str:
    if period.is_now:
        return f"last {figures.DAYS} days"
    return f"{figures.DAYS} days to {period.last.day} {period.last:%b %Y}"


def _feedback(channels: dict[str, PerDay], period: Period) -> Compared:
    days = [sum(one.values[at] for one in channels.values()) for at in range(figures.DAYS)]
    together = PerDay(days, sum(one.before for one in channels.values()))
    return Compared(number_text(together.total), _difference(together), _documents(period), spark(days))


def _customers(period: Period, viewer: Any) -> Compared:
    new = figures.new_customers_per_day(period, viewer)
    query = {"first_seen_from": period.first, "first_seen_to": period.last, "sort": "-first_seen"}
    address = f"{reverse('customers:list')}?{urlencode(query)}"
    return Compared(number_text(new.total), _difference(new), address, spark(new.values))


def _difference(per_day: PerDay) -> str:
    if not per_day.before:
        return f"none in the {figures.DAYS} days before" if per_day.total else "none before either"
    change = round(100 * (per_day.total - per_day.before) / per_day.before)
    word = "as many as" if not change else f"{abs(change):,} % {'more' if change > 0 else 'fewer'} than"
    return f"{word} in the {figures.DAYS} days before ({number_text(per_day.before)})"


def _chart(channels: dict[str, PerDay], period: Period) -> SafeString:
    known = [channel for channel in CHANNEL_LABELS if channel in channels]
    series = [
        Series(CHANNEL_LABELS[one], CHANNEL_TONES[one], channels[one].values, _documents(period, channel=one))  # type: ignore[index]
        for one in known
    ]
    return stacked_bars([_day(day, period) for day in period.days], series, "Feedback per day", unit="documents")


def _accounts(period: Period, viewer: Any) -> SafeString:
    rows = [
        Count(account.name, number, _documents(period, account=account.pk))
        for account, number in figures.top_accounts(period, viewer)
    ]
    return counts(rows, "Accounts by feedback", label="Account") if rows else SafeString()


def _documents(period: Period, **more: Any) -> str:
    query = {**more, "time_from": period.first, "time_to": period.last}
    return f"{reverse('documents:list')}?{urlencode(query)}"


def _day(day: date, period: Period) -> str:
    return day_text(figures.midnight(day, period.zone), figures.midnight(period.today, period.zone))
