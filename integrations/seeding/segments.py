"""Named sets of customers, and how many were in them lately."""

from datetime import datetime, timedelta
from random import Random

from django.db import connection

from core.text import fold
from customers.models import Segment, SegmentCount
from customers.segment_counts import DAYS, everybody_in
from integrations.seeding.catalogue import Catalogue

# Name, every how manieth customer is in, and how many at most
STATIC = (("Research panel", 7, 48), ("Beta testers", 11, 120))
DYNAMIC = (
    ("VIPs seen this month", "tag={VIP}&last_seen=30d"),
    ("Enterprise", "p.plan=is%3AEnterprise"),
    ("Silent so far", "feedback=no"),
)


def make(known: Catalogue, seed: int, until: datetime) -> None:
    author = known.authors[0] if known.authors else None
    wanted = [(name, "") for name, _, _ in STATIC] + [(name, query.format(**known.tags)) for name, query in DYNAMIC]
    there = set(Segment.objects.values_list("folded", flat=True))
    made = [
        Segment.objects.create(name=name, kind="dynamic" if query else "static", query=query, created_by_id=author)
        for name, query in wanted if fold(name) not in there
    ]  # fmt: skip
    with connection.cursor() as cursor:
        for segment in made:
            for _, each, most in [one for one in STATIC if one[0] == segment.name]:
                cursor.execute(_MEMBERS, [segment.pk, until, each, most])
    Segment.objects.filter(pk__in=[one.pk for one in made]).update(created_at=until - timedelta(days=DAYS))
    for segment in made:
        SegmentCount.objects.bulk_create(_history(segment, Random(f"{seed} {segment.name}"), until))  # noqa: S311


_MEMBERS = """
    INSERT INTO customers_segmentmember (segment_id, customer_id, added_at)
    SELECT %s, id, %s FROM customers_customer WHERE state = 'active' AND id %% %s = 0 ORDER BY id LIMIT %s
"""


def _history(segment: Segment, random: Random, until: datetime) -> list[SegmentCount]:
    """From less to what is in it on the last day, not every day more than before."""
    count, rows = float(everybody_in(segment, until).count()), []
    for back in range(DAYS // 2):
        rows.append(SegmentCount(segment=segment, on=until.date() - timedelta(days=back), count=round(count)))
        count *= 1 - random.uniform(-0.004, 0.014)
    return rows
