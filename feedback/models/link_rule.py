from datetime import datetime

from django.conf import settings
from django.db import models

from audit.models import Source
from core.jobs import Job
from core.triggers import audited


class LinkRule(models.Model):
    """Where the documents of a source say whose they are (5.5): the field at `path` is matched with what `by` names.

    Rules are asked in the order they were made; the first that leads to exactly one customer, or account, decides.
    """

    class Subject(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        ACCOUNT = "account", "Account"

    class By(models.TextChoices):
        EMAIL = "email", "Email"
        PHONE = "phone", "Phone"
        USER_ID = "user_id", "User ID"
        HANDLE = "handle", "Handle"
        EXTERNAL_ID = "external_id", "Account ID"
        PROPERTY = "property", "Property"

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="link_rules")
    subject = models.CharField(max_length=8, choices=Subject)
    path = models.CharField("field of the document", max_length=200)
    by = models.CharField("matched with", max_length=12, choices=By)
    key = models.CharField("property", max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("subject", "id")
        constraints = [
            models.UniqueConstraint("source", "subject", "path", "by", "key", name="feedback_linkrule_once_a_source"),
            models.CheckConstraint(
                condition=models.Q(subject="customer", by__in=["email", "phone", "user_id", "handle", "property"])
                | models.Q(subject="account", by__in=["external_id", "property"]),
                name="feedback_linkrule_by_suits",
            ),
            models.CheckConstraint(
                condition=models.Q(by="property") & ~models.Q(key="") | ~models.Q(by="property") & models.Q(key=""),
                name="feedback_linkrule_property_named",
            ),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.path} is the {self.get_subject_display().lower()}'s {self.matched_with}"

    @property
    def matched_with(self) -> str:
        if self.by == self.By.PROPERTY:
            return f"property {self.key}"
        return {"user_id": "user ID", "external_id": "ID"}.get(self.by, str(self.by))


class Linking(Job):
    """The rules of a source applied to the documents that are here already, the newest first.

    `done` counts documents looked at; `position` is the time and the id of the last one.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="linkings")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    position_at = models.DateTimeField(null=True, editable=False)
    position_id = models.BigIntegerField(null=True, editable=False)
    linked = models.BigIntegerField("given a customer", default=0)
    moved = models.BigIntegerField("given another customer", default=0)
    filed = models.BigIntegerField("given an account", default=0)

    class Meta(Job.Meta):
        constraints = [
            models.UniqueConstraint(
                "source",
                condition=models.Q(status__in=["queued", "running"]),
                name="feedback_linking_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"Link rules of {self.source.name}"

    def batch(self, now: datetime) -> bool:
        from feedback.applying_rules import next_batch

        return next_batch(self, now)
