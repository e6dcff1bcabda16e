from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from audit.models import Source
from core.jobs import Job, Status
from core.triggers import audited
from staff.permissions import permissions_of

DRAFT = "draft"


class ImportMapping(models.Model):
    """A mapping kept under a name, for the next file of the same kind. `plan` is a `mapping.Plan` as JSON."""

    name = models.CharField(max_length=120)
    plan = models.JSONField()
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint("name", name="integrations_importmapping_name_once")]
        triggers = audited(hidden=("saved_at",))

    def __str__(self) -> str:
        return self.name


class Import(Job):
    """A file on its way into the directory, a batch of rows at a time (10.7).

    A draft until somebody starts it: what was uploaded, waiting for its mapping. `done` and `total` count rows;
    `position` is the byte of the kept file, and `row` the number of the row, up to which everything is committed.
    """

    class Kind(models.TextChoices):
        DOCUMENTS = "documents", "Documents"
        CUSTOMERS = "customers", "Customers"
        ACCOUNTS = "accounts", "Accounts"
        MEMBERSHIPS = "memberships", "Memberships"
        USAGE = "usage", "Usage"
        SURVEYS = "surveys", "Survey answers"

    status = models.CharField(max_length=12, choices=[(DRAFT, "Not started"), *Status.choices], default=DRAFT)
    kind = models.CharField("what its rows are", max_length=12, choices=Kind, default=Kind.DOCUMENTS)
    name = models.CharField("file name", max_length=200)
    file = models.CharField(max_length=100)
    file_bytes = models.BigIntegerField()
    encoding = models.CharField(max_length=20)
    layout = models.JSONField()
    plan = models.JSONField(default=dict)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    position = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=1)
    created_count = models.BigIntegerField("created", default=0)
    updated_count = models.BigIntegerField("updated", default=0)
    unchanged_count = models.BigIntegerField("unchanged", default=0)
    suppressed_count = models.BigIntegerField("kept without the person", default=0, db_default=0)
    failed_count = models.BigIntegerField("rows failed", default=0)
    file_deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta(Job.Meta):
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def visible_to(cls, viewer: Any) -> "models.QuerySet[Import]":
        """The imports that `viewer` may see: every one for staff who may run them."""
        return cls.objects.all() if "imports.run" in permissions_of(viewer) else cls.objects.none()

    def batch(self, now: datetime) -> bool:
        from integrations.importing.running import run_batch

        return run_batch(self, now)

    def after(self, now: datetime) -> None:
        from integrations.importing.running import record_end

        record_end(self, now)

    @property
    def is_draft(self) -> bool:
        return self.status == DRAFT

    @property
    def is_finished(self) -> bool:
        return not self.is_draft and super().is_finished

    @property
    def is_under_way(self) -> bool:
        return self.status in (Status.QUEUED, Status.RUNNING)

    @cached_property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / "imports" / self.file


class RowError(models.Model):
    """Why a row was left out. `cells` is the row as it stands in the file, for the download; huge ones are cut."""

    job = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="errors", db_index=False)
    row = models.BigIntegerField()
    column = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=1_000)
    cells = models.JSONField(default=list)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index("job", "id", name="integrations_rowerror_of_job")]

    def __str__(self) -> str:
        return f"Row {self.row}: {self.message}"
