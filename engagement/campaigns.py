"""Campaigns: recording how far each got with a customer, and counting it (4.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Customer
from engagement.models import Campaign, Delivery

STEPS = {"sent_at": "Sent", "viewed_at": "Viewed", "engaged_at": "Engaged", "goal_reached_at": "Goal reached"}
NAME_LIMIT = 200


@dataclass(frozen=True)
class Step:
    """A step of the funnel: how many reached it, of all deliveries."""

    label: str
    count: int
    of: int

    @property
    def percent(self) -> int:
        return round(100 * self.count / self.of) if self.of else 0


@dataclass(frozen=True)
class Reached:
    """How far a campaign got with one customer, as a system reports it; a step left out is not known."""

    campaign: str
    customer_id: int
    sent_at: datetime | None = None
    viewed_at: datetime | None = None
    engaged_at: datetime | None = None
    goal_reached_at: datetime | None = None


@retrying
def record(
    reached: Sequence[Reached], *, source: Source | None, actor: Actor, now: datetime | None = None
) -> tuple[int, int]:
    """Writes deliveries; campaigns are made by their first one. A step keeps its earliest moment, so that reports may
    come late, twice and in any order. Returns (written, unchanged)."""
    wanted = _together(reached)
    if not wanted:
        return 0, 0
    with recorded(actor, "campaign.delivered", now=now) as entry:
        campaigns = _campaigns({name for name, _ in wanted})
        rows = [
            (campaigns[name], customer, *(getattr(one, step) for step in STEPS))
            for (name, customer), one in sorted(wanted.items())
        ]
        with connection.cursor() as cursor:
            columns = map(list, zip(*rows, strict=True))
            cursor.execute(_UPSERT, [source.pk if source else None, *columns])
            written = cursor.rowcount
        entry.facts |= {"deliveries": written}
        if not written:
            entry.discard()
        return written, len(wanted) - written


_UPSERT = """
    INSERT INTO engagement_delivery AS d
        (source_id, campaign_id, customer_id, sent_at, viewed_at, engaged_at, goal_reached_at)
    SELECT %s, * FROM unnest(
        %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    ON CONFLICT (campaign_id, customer_id) DO UPDATE SET
        sent_at = least(d.sent_at, excluded.sent_at), viewed_at = least(d.viewed_at, excluded.viewed_at),
        engaged_at = least(d.engaged_at, excluded.engaged_at),
        goal_reached_at = least(d.goal_reached_at, excluded.goal_reached_at)
    WHERE (d.sent_at, d.viewed_at, d.engaged_at, d.goal_reached_at) IS DISTINCT FROM
        (least(d.sent_at, excluded.sent_at), least(d.viewed_at, excluded.viewed_at),
         least(d.engaged_at, excluded.engaged_at), least(d.goal_reached_at, excluded.goal_reached_at))
"""


def _together(reached: Iterable[Reached]) -> dict[tuple[str, int], Reached]:
    """One report for each campaign and customer, with the earliest moment of each step."""
    found: dict[tuple[str, int], Reached] = {}
    for one in reached:
        key = " ".join(one.campaign.split())[:NAME_LIMIT], one.customer_id
        other = found.get(key)
        found[key] = Reached(*key, *(_earliest(getattr(one, step), getattr(other, step, None)) for step in STEPS))
    return found


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _campaigns(names: set[str]) -> dict[str, int]:
    Campaign.objects.bulk_create([Campaign(name=name) for name in sorted(names)], ignore_conflicts=True)
    return dict(Campaign.objects.filter(name__in=names).values_list("name", "pk"))


def seen_by(viewer: Any) -> QuerySet[Delivery]:
    """The deliveries to customers that `viewer` may see, and who are there."""
    return Delivery.objects.filter(customer__in=Customer.objects.visible_to(viewer).active())


def funnel(campaign: Campaign, viewer: Any) -> list[Step]:
    """How many customers reached each step, of all the campaign was meant for. A later step implies the earlier."""
    steps = list(STEPS)
    reached = {
        step: Count("pk", filter=Q(*[(f"{later}__isnull", False) for later in steps[at:]], _connector=Q.OR))
        for at, step in enumerate(steps)
    }
    found = seen_by(viewer).filter(campaign=campaign).aggregate(everybody=Count("pk"), **reached)
    return [Step(label, found[step], found["everybody"]) for step, label in STEPS.items()]


def of_customer(customer: Customer) -> QuerySet[Delivery]:
    """A customer's deliveries, those that moved last first."""
    return Delivery.objects.filter(customer=customer).select_related("campaign").order_by("-pk")
