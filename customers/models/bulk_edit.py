from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.jobs import Job


class BulkEdit(Job):
    """A change to more customers than one page holds. It goes on in id order after `after_id`; `done` counts them."""

    class Action(models.TextChoices):
        ADD_TAG = "add_tag", "Add tag"
        REMOVE_TAG = "remove_tag", "Remove tag"
        DELETE = "delete", "Delete"
        RESTORE = "restore", "Restore"

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=20, choices=Action)
    tag_name = models.CharField(max_length=60, blank=True)
    ids = ArrayField(models.BigIntegerField(), default=list)
    query = models.TextField(null=True)
    filter_count = models.PositiveSmallIntegerField(default=0)
    after_id = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    skipped_why = models.JSONField(default=list)

    class Meta(Job.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["add_tag", "remove_tag", "delete", "restore"]),
                name="customers_bulkedit_action_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {f'“{self.tag_name}”' if self.tag_name else 'customers'}"

    def batch(self, now: datetime) -> bool:
        from customers.bulk import next_batch

        return next_batch(self, now)

    @property
    def unchanged(self) -> int:
        """Who was like this before."""
        return self.done - self.changed - self.skipped
