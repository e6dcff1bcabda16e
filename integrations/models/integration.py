from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit.models import Source
from core.triggers import audited


class Integration(models.Model):
    """A way in as an admin set it up (10.1): whose keys open it, what its fields mean, where it may come from.

    `mapping` is what the adapter of the source's kind makes of it, such as which attribute carries the email.
    `site_key` is public, on the pages that embed the widget; `inbox_hash` is the SHA-256 of the secret address that
    takes emails.
    """

    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="integration")
    mapping = models.JSONField(default=dict, blank=True)
    allowed_origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    site_key = models.CharField(max_length=40, null=True, unique=True, editable=False)
    inbox_hash = models.BinaryField(max_length=32, null=True, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        triggers = audited(hidden=("inbox_hash",))

    def __str__(self) -> str:
        return self.source.name
