from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from core.json import ExactJSONField
from core.text import fold
from core.triggers import audited
from staff.permissions import permissions_of


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, viewer: Any) -> Self:
        """The accounts that `viewer` may see: every one for staff, none for others."""
        return self if permissions_of(viewer) else self.none()

    def active(self) -> Self:
        return self.filter(state=Account.State.ACTIVE)

    def search(self, text: str) -> Self:
        return self.filter(sort_name__contains=fold(text))


class Account(models.Model):
    """An organisation that customers belong to (3.1)."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        DELETED = "deleted", "Deleted"
        PURGING = "purging", "Being permanently deleted"

    name = models.CharField(max_length=300)
    sort_name = models.CharField(max_length=300, db_collation="C", editable=False)
    external_id = models.CharField("account ID", max_length=200, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    properties = ExactJSONField(default=dict, blank=True)
    provenance = ExactJSONField(default=dict, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    legal_hold = models.CharField("reason of the legal hold", max_length=300, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="accounts_account_external_id_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "deleted", "purging"]), name="accounts_account_state_known"
            ),
        ]
        indexes = [
            models.Index("sort_name", "id", name="accounts_account_by_name"),
            GinIndex(fields=["properties"], name="accounts_account_properties", opclasses=["jsonb_path_ops"]),
        ]
        triggers = audited(hidden=("sort_name", "updated_at"), account="id")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sort_name = fold(self.name)[:300]
        super().save(*args, **kwargs)
