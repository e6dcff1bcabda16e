from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.jobs import Job

if TYPE_CHECKING:
    from customers.selecting import Kind


class BulkJob(Job):
    """A change to more rows of a list than one page holds. It goes on in id order after `after_id`; `done` counts them.

    Subclasses say of which `kind` the rows are.
    """

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
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["add_tag", "remove_tag", "delete", "restore"]),
                name="%(app_label)s_%(class)s_action_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {f'“{self.tag_name}”' if self.tag_name else f'{self.kind.noun}s'}"

    @property
    def kind(self) -> "Kind":
        raise NotImplementedError

    def batch(self, now: datetime) -> bool:
        from customers.selecting import next_batch

        return next_batch(self, now)

    def after(self, now: datetime) -> None:
        """A value that was set is about people: it stays with them and not here."""
        from customers.setting_many import key_of

        if self.action == "set_property":
            type(self).objects.filter(pk=self.pk).update(tag_name=key_of(self.tag_name))

    @property
    def unchanged(self) -> int:
        """What was like this before."""
        return self.done - self.changed - self.skipped


class BulkEdit(BulkJob):
    """A change to many customers. `tag_name` may be the name of a segment, or a property and its value."""

    class Action(models.TextChoices):
        ADD_TAG = "add_tag", "Add tag"
        REMOVE_TAG = "remove_tag", "Remove tag"
        ADD_SEGMENT = "add_segment", "Add to segment"
        REMOVE_SEGMENT = "remove_segment", "Remove from segment"
        SET_PROPERTY = "set_property", "Set property"
        REMOVE_PROPERTY = "remove_property", "Remove property"
        DELETE = "delete", "Delete"
        RESTORE = "restore", "Restore"

    action = models.CharField(max_length=20, choices=Action)
    tag_name = models.CharField("name", max_length=1_000, blank=True)

    class Meta(BulkJob.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    action__in=[
                        "add_tag",
                        "remove_tag",
                        "add_segment",
                        "remove_segment",
                        "set_property",
                        "remove_property",
                        "delete",
                        "restore",
                    ]
                ),
                name="customers_bulkedit_action_known",
            )
        ]

    @property
    def kind(self) -> "Kind":
        from customers.bulk import CUSTOMERS

        return CUSTOMERS


class AccountBulkEdit(BulkJob):
    """A change to many accounts. `tag_name` may be a property and its value."""

    class Action(models.TextChoices):
        SET_PROPERTY = "set_property", "Set property"
        REMOVE_PROPERTY = "remove_property", "Remove property"
        DELETE = "delete", "Delete"
        RESTORE = "restore", "Restore"

    action = models.CharField(max_length=20, choices=Action)
    tag_name = models.CharField("name", max_length=1_000, blank=True)

    class Meta(BulkJob.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["set_property", "remove_property", "delete", "restore"]),
                name="customers_accountbulkedit_action_known",
            )
        ]

    @property
    def kind(self) -> "Kind":
        from customers.accounts.bulk import ACCOUNTS

        return ACCOUNTS
