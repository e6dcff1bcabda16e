from typing import Self

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from outgoing.models.endpoint import Endpoint


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def pending(self) -> Self:
        return self.filter(status=Delivery.Status.PENDING)

    def failed(self) -> Self:
        return self.filter(status=Delivery.Status.FAILED)


class Delivery(models.Model):
    """One event on its way to one endpoint. Triggers write it in the transaction of the change itself, so that no code
    path forgets it (outgoing/migrations/0002_triggers.py).

    It holds ids and no personal data; what is sent is made of it at the moment of sending. `cause` is the audit entry
    of the change, or less than 0 where there was none: one command tells of a record's update once. `message_id` is the
    same at every attempt; `retry_since` is when the day of attempts began.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=30)
    subject = models.CharField(max_length=10, blank=True, default="", db_default="")  # customer, document
    subject_id = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict, db_default={})
    cause = models.BigIntegerField(null=True)
    message_id = models.UUIDField(db_default=RandomUUID(), editable=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING, db_default=Status.PENDING)
    attempt_count = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    retry_since = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "delivered", "failed"]), name="outgoing_delivery_status_known"
            )
        ]
        indexes = [
            models.Index("endpoint", F("id").desc(), name="outgoing_delivery_newest"),
            models.Index("endpoint", "next_attempt_at", condition=Q(status="pending"), name="outgoing_delivery_due"),
            models.Index("endpoint", "id", condition=Q(status="pending"), name="outgoing_delivery_pending"),
            models.Index("endpoint", "id", condition=Q(status="failed"), name="outgoing_delivery_failed"),
            models.Index(
                "subject_id", "subject", "endpoint", "id", condition=Q(status="pending"),
                name="outgoing_delivery_of_subject",
            ),
            models.Index("created_at", name="outgoing_delivery_age"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.event} {self.subject_id or ''}".strip()

    @property
    def webhook_id(self) -> str:
        """The id by which the receiver knows a repeat."""
        return f"msg_{self.message_id.hex}"


class Attempt(models.Model):
    """One try to deliver: what the endpoint answered, or why there was no answer. What it said is not kept."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField("took, milliseconds")
    code = models.PositiveSmallIntegerField("status code", null=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.code or self.problem)
