from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower

from accounts.triggers import before_account_update, keep_teams_of_accounts
from core.json import ExactJSONField
from core.text import fold
from core.triggers import audited
from staff.permissions import permissions_of, teams_of


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, viewer: Any) -> Self:
        """The accounts that `viewer` may see: those of the teams for limited staff, every one for others, none for
        who is not staff (3.5)."""
        if not permissions_of(viewer):
            return self.none()
        teams = teams_of(viewer)
        return self if teams is None else self.of_teams(teams)

    def of_teams(self, teams: list[int]) -> Self:
        """The accounts that any of these teams may view."""
        from accounts.models.team import VisibleAccount

        return self.filter(models.Exists(VisibleAccount.objects.filter(account=models.OuterRef("pk"), team__in=teams)))

    def active(self) -> Self:
        return self.filter(state=Account.State.ACTIVE)

    def readable(self) -> Self:
        """Active and deleted ones: what is being permanently deleted has no page."""
        return self.filter(state__in=[Account.State.ACTIVE, Account.State.DELETED])

    def search(self, text: str) -> Self:
        """Those with `text` in their name, or in their account ID in any letter case."""
        named = models.Q(sort_name__contains=fold(text))
        return self.alias(lower_id=Lower("external_id")).filter(named | models.Q(lower_id__contains=text.lower()))


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
    version = models.IntegerField(db_default=1, editable=False)

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
            models.Index("created_at", "id", name="accounts_account_by_created"),
            models.Index("deleted_at", "id", condition=models.Q(state="deleted"), name="accounts_by_deletion"),
            GinIndex(
                OpClass("sort_name", "gin_trgm_ops"),
                OpClass(Lower("external_id"), "gin_trgm_ops"),
                name="accounts_account_search",
            ),
            GinIndex(fields=["properties"], name="accounts_account_properties", opclasses=["jsonb_path_ops"]),
        ]
        triggers = [
            before_account_update(),
            *keep_teams_of_accounts(),
            *audited(hidden=("sort_name", "updated_at", "version"), account="id"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sort_name = fold(self.name)[:300]
        super().save(*args, **kwargs)

    @property
    def is_active(self) -> bool:
        return self.state == Account.State.ACTIVE
