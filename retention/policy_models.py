"""Retention policies, and the runs that carry them out (6.4)."""

from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.db import models

from core.jobs import Job, Status
from core.triggers import audited

CHANNELS = ["widget", "email", "api", "voice", "chat", "survey", "social", "import"]


class Policy(models.Model):
    """What is permanently deleted when it has been kept for `keep` days or months; `channel` is whose documents.

    `next_run_at` is when it runs next, `checked_at` when the schedule was last looked at: a jump of the clock shows.
    """

    class Kind(models.TextChoices):
        DELETED_CUSTOMERS = "deleted_customers", "Deleted customers"
        DELETED_DOCUMENTS = "deleted_documents", "Deleted documents"
        DELETED_ACCOUNTS = "deleted_accounts", "Deleted accounts"
        ORPHANS = "orphans", "Customers who have lost their last document"
        UNSEEN = "unseen_customers", "Customers not seen for long"
        OLD_DOCUMENTS = "old_documents", "Old documents"
        IMPORT_LOGS = "import_logs", "Import logs"
        DELIVERY_BODIES = "delivery_bodies", "What deliveries held"
        DELIVERIES = "deliveries", "Log of deliveries"
        USAGE = "usage", "Usage events"
        AUDIT = "audit", "Entries of the audit log"

    class Documents(models.TextChoices):
        DELETE = "delete", "Delete them too"
        ANONYMISE = "anonymise", "Keep them, anonymised"

    kind = models.CharField(max_length=20, choices=Kind)
    channel = models.CharField(max_length=20, blank=True)
    enabled = models.BooleanField(default=False)
    keep = models.PositiveIntegerField()
    at = models.TimeField("time of day, UTC", default=time(3))
    suppress = models.BooleanField("block re-import", default=False)
    documents = models.CharField(max_length=10, choices=Documents, default=Documents.DELETE)
    next_run_at = models.DateTimeField(null=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint("kind", "channel", name="retention_policy_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "deleted_customers", "deleted_documents", "orphans", "unseen_customers", "old_documents",
                        "import_logs", "deleted_accounts", "usage", "audit", "delivery_bodies", "deliveries",
                    ],
                    documents__in=["delete", "anonymise"],
                    keep__gte=1,
                ),
                name="retention_policy_words_known",
            ),
        ]  # fmt: skip
        triggers = [*audited(hidden=("next_run_at", "checked_at"))]

    def __str__(self) -> str:
        label = str(self.get_kind_display())
        return f"{label}: {'API' if self.channel == 'api' else self.channel}" if self.channel else label

    @property
    def unit(self) -> str:
        kinds = self.Kind
        in_months = {kinds.UNSEEN, kinds.OLD_DOCUMENTS, kinds.USAGE, kinds.AUDIT}
        return "months" if self.kind in in_months else "days"

    @property
    def offers_suppression(self) -> bool:
        """Who was deleted by a person is always kept out (6.3); the others may be, if somebody says so."""
        return self.kind in {self.Kind.ORPHANS, self.Kind.UNSEEN}

    @property
    def subject(self) -> str:
        """What it deletes, in the plural."""
        others: dict[str, str] = {
            self.Kind.IMPORT_LOGS: "imports", self.Kind.DELETED_ACCOUNTS: "accounts",
            self.Kind.USAGE: "usage events", self.Kind.AUDIT: "audit entries",
            self.Kind.DELIVERY_BODIES: "bodies of deliveries", self.Kind.DELIVERIES: "deliveries",
        }  # fmt: skip
        if self.kind in others:
            return others[self.kind]
        return "documents" if self.kind in {self.Kind.DELETED_DOCUMENTS, self.Kind.OLD_DOCUMENTS} else "customers"

    @property
    def one(self) -> str:
        """What it deletes, in the singular."""
        others: dict[str, str] = {
            self.Kind.AUDIT: "audit entry", self.Kind.DELIVERIES: "delivery",
            self.Kind.DELIVERY_BODIES: "body of a delivery",
        }  # fmt: skip
        return others.get(self.kind, self.subject.removesuffix("s"))

    @property
    def kept_text(self) -> str:
        return f"{self.keep} {self.unit.removesuffix('s') if self.keep == 1 else self.unit}"


class Run(Job):
    """One run of a policy: everything that had been kept long enough at `cutoff`, a batch at a time.

    `done` counts what was looked at, of which some is deleted and some skipped. It goes on after (`after_at`,
    `after_id`); `purge_id` is the permanent deletion at work, which this run drives. With `brake` it waits until
    somebody approves.
    """

    rest = 1.0  # a run in the night is in nobody's hurry, and pages are

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cutoff = models.DateTimeField()
    suppress = models.BooleanField(default=False)
    documents = models.CharField(max_length=10, default=Policy.Documents.DELETE)
    brake = models.CharField("why it waits for approval", max_length=300, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    after_at = models.DateTimeField(null=True, editable=False)
    after_id = models.BigIntegerField(default=0, editable=False)
    purge_id = models.BigIntegerField(null=True, editable=False)
    deleted = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    skipped_why = models.JSONField(default=list)

    class Meta(Job.Meta):
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                "policy", condition=models.Q(status__in=["queued", "running"]), name="retention_run_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} of {self.policy}"

    def batch(self, now: datetime) -> bool:
        from retention.running import next_batch

        return next_batch(self, now)

    @property
    def waits(self) -> bool:
        return bool(self.brake) and self.approved_at is None and not self.is_finished

    @property
    def state(self) -> tuple[str, str]:
        """(words, tone)."""
        if self.waits:
            return "Waits for approval", "tone-warn"
        tones: dict[Any, str] = {
            Status.DONE: "tone-ok", Status.FAILED: "tone-bad", Status.QUARANTINED: "tone-bad",
            Status.CANCELLED: "tone-none",
        }  # fmt: skip
        return str(self.get_status_display()), tones.get(self.status, "tone-info")
