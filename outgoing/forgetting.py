"""The log of deliveries is kept for a while. It holds no personal data."""

from datetime import datetime, timedelta

from django.conf import settings

from outgoing.models import Delivery

BATCH = 5_000


def forget(now: datetime) -> int:
    """Deletes deliveries older than the setting says, with their attempts; how many."""
    cutoff = now - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    gone = 0
    while ids := list(Delivery.objects.filter(created_at__lt=cutoff).order_by("created_at").values_list("pk")[:BATCH]):
        Delivery.objects.filter(pk__in=[pk for (pk,) in ids]).delete()
        gone += len(ids)
    return gone
