"""How much each source delivers, by the hour: what the list of integrations says without counting a long log (10.1)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncHour

from integrations.models import Delivery, DeliveryHour

HOURS_SHOWN = 24
_LATE = timedelta(hours=1)  # a request may be written down some time after it began
_COUNT = """
    INSERT INTO integrations_deliveryhour AS h (source_id, at, requests, refused, records, rejected)
    SELECT source_id, date_trunc('hour', received_at, 'UTC'), count(*), count(*) FILTER (WHERE status = 'refused'),
        sum(record_count), sum(rejected_count)
    FROM integrations_delivery WHERE received_at >= %s AND received_at < %s GROUP BY 1, 2
    ON CONFLICT (source_id, at) DO UPDATE SET requests = greatest(h.requests, excluded.requests),
        refused = greatest(h.refused, excluded.refused), records = greatest(h.records, excluded.records),
        rejected = greatest(h.rejected, excluded.rejected)
"""  # greatest: by the second time, a policy may have deleted some of them


@dataclass(slots=True)
class Received:
    """What a source delivered: in all, and within the last 24 hours; `hours` are records an hour, oldest first."""

    total: int = 0
    day: int = 0
    errors: int = 0
    day_errors: int = 0
    hours: list[int] = field(default_factory=lambda: [0] * HOURS_SHOWN)


def count_hours(now: datetime) -> None:
    """Counts the hours that have ended since it last did, and the last of those again for what was late."""
    until = _hour(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE integrations_deliveryhour IN SHARE ROW EXCLUSIVE MODE")  # one at a time
        counted = DeliveryHour.objects.aggregate(newest=Max("at"))["newest"]
        since = counted - _LATE if counted else datetime.min.replace(tzinfo=now.tzinfo, year=1970)
        cursor.execute(_COUNT, [since, until])


def received(now: datetime) -> dict[int, Received]:
    """What each source delivered, by its id: the hours that are counted, and the log since."""
    found: dict[int, Received] = {}
    counted = DeliveryHour.objects.aggregate(newest=Max("at"))["newest"]
    since, day_ago = _hour(now) - timedelta(hours=HOURS_SHOWN - 1), now - timedelta(hours=HOURS_SHOWN)
    open_from = counted + timedelta(hours=1) if counted else None
    totals = DeliveryHour.objects.values("source_id").annotate(r=Sum("records"), e=Sum("rejected") + Sum("refused"))
    for row in totals.order_by():
        one = found.setdefault(row["source_id"], Received())
        one.total, one.errors = row["r"], row["e"]
    live = Delivery.objects.filter(received_at__gte=open_from) if open_from else Delivery.objects.all()
    for row in live.values("source_id").annotate(r=Sum("record_count"), e=_ERRORS).order_by():
        one = found.setdefault(row["source_id"], Received())
        one.total += row["r"]
        one.errors += row["e"]
    recent = DeliveryHour.objects.filter(at__gte=since).values_list("source_id", "at", "records", "rejected", "refused")
    for source_id, at, records, rejected, refused in recent:
        _add(found[source_id], at, since, records, rejected + refused)
    hours = (
        live.filter(received_at__gt=day_ago)
        .annotate(hour=TruncHour("received_at", tzinfo=UTC))
        .values("source_id", "hour")
    )
    for row in hours.annotate(r=Sum("record_count"), e=_ERRORS).order_by():
        _add(found[row["source_id"]], row["hour"], since, row["r"], row["e"])
    return found


_ERRORS = Sum("rejected_count") + Count("pk", filter=Q(status=Delivery.Status.REFUSED))


def _add(one: Received, at: datetime, since: datetime, records: int, errors: int) -> None:
    place = int((at - since).total_seconds() // 3600)
    if 0 <= place < HOURS_SHOWN:
        one.hours[place] += records
        one.day += records
        one.day_errors += errors


def _hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
