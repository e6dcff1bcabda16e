"""How many customers each segment has, day by day (2.9)."""

from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from customers.models import Customer, Segment, SegmentCount
from customers.segment_filters import conditions_of

DAYS = 90


def count_due(now: datetime) -> int:
    """Counts every segment that has no count of this day (UTC) yet; how many there were."""
    today = now.date()
    due = Segment.objects.exclude(pk__in=SegmentCount.objects.filter(on=today).values("segment"))
    number = 0
    for segment in due:
        count = everybody_in(segment, now).count()
        SegmentCount.objects.bulk_create([SegmentCount(segment=segment, on=today, count=count)], ignore_conflicts=True)
        number += 1
    return number


def everybody_in(segment: Segment, now: datetime) -> QuerySet[Customer]:
    customers = Customer.objects.all()
    found = conditions_of([segment.pk], customers, now)
    return customers.active().filter(*[condition.q for condition in found])


def counts_of(segment: Segment, until: date, days: int = DAYS) -> list[tuple[date, int]]:
    """(day, customers) of the days it was counted on, oldest first."""
    rows = SegmentCount.objects.filter(segment=segment, on__gt=until - timedelta(days=days), on__lte=until)
    return list(rows.order_by("on").values_list("on", "count"))
