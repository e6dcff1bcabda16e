from django.db import models

from audit.models import Source


class DeliveryHour(models.Model):
    """How much a source delivered in one hour: what is left of its deliveries when they are deleted."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="delivery_hours", db_index=False)
    at = models.DateTimeField("beginning of the hour")
    requests = models.BigIntegerField(default=0)
    refused = models.BigIntegerField("requests refused", default=0)
    records = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField("records rejected", default=0)

    class Meta:
        ordering = ("source", "at")
        constraints = [models.UniqueConstraint("source", "at", name="integrations_deliveryhour_once")]
        indexes = [models.Index("at", name="integrations_deliveryhour_at")]

    def __str__(self) -> str:
        return f"{self.source} {self.at:%Y-%m-%d %H}:00"
