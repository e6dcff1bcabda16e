from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.jobs import Job
from retention.policy_models import Policy, Run
from staff.permissions import permissions_of

__all__ = ["Policy", "Purge", "Run"]


class Purge(Job):
    """A permanent deletion at work, and afterwards its receipt: what, when, why, by whom, and nothing personal (6.5).

    `ids` are of customers, documents or accounts, as `subject` says; the first `position` have been looked at. `done`
    counts what is through: deleted, or skipped for the reason in `skipped_why`. `counts` are rows by what they were.
    """

    class Subject(models.TextChoices):
        CUSTOMER = "customer", "Customers"
        DOCUMENT = "document", "Documents"
        ACCOUNT = "account", "Accounts"

    class Documents(models.TextChoices):
        DELETE = "delete", "Deleted with the customer"
        ANONYMISE = "anonymise", "Kept, anonymised"

    class Reason(models.TextChoices):
        HAND = "hand", "Decided by a colleague"
        REQUEST = "request", "Asked for by the person"
        POLICY = "policy", "A retention policy"
        REPLAY = "replay", "Repeated after a restored backup"

    subject = models.CharField(max_length=10, choices=Subject, default=Subject.CUSTOMER)
    ids = ArrayField(models.BigIntegerField())
    documents = models.CharField(max_length=10, choices=Documents, default=Documents.DELETE)
    suppress = models.BooleanField("identifiers must not come back", default=True)
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.HAND)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    position = models.BigIntegerField(default=0)
    deleted_count = models.BigIntegerField(default=0)
    skipped_count = models.BigIntegerField(default=0)
    skipped_why = models.JSONField(default=list)
    counts = models.JSONField(default=dict)

    class Meta(Job.Meta):
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(subject__in=["customer", "document", "account"])
                & models.Q(documents__in=["delete", "anonymise"])
                & models.Q(reason__in=["hand", "request", "policy", "replay"]),
                name="retention_purge_words_known",
            )
        ]

    def __str__(self) -> str:
        return f"Permanent deletion {self.pk}"

    @classmethod
    def visible_to(cls, viewer: Any) -> "models.QuerySet[Purge]":
        return cls.objects.all() if "customers.purge" in permissions_of(viewer) else cls.objects.none()

    def batch(self, now: datetime) -> bool:
        from retention.purging import next_batch

        return next_batch(self, now)

    def add(self, **numbers: int) -> None:
        """Adds to the counts, by words."""
        for name, number in numbers.items():
            if number:
                self.counts[name] = self.counts.get(name, 0) + number
