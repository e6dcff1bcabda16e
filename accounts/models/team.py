from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.triggers import keep_teams_of_choices, keep_teams_of_members, keep_teams_of_teams
from core.json import ExactJSONField
from core.triggers import audited
from properties.models import Definition


class Team(models.Model):
    """Staff who may see the same accounts: all, those of a list, or those whose property meets a rule (3.5).

    Whoever is in no team sees everything; whoever is in several sees what any of them may.
    """

    class Reach(models.TextChoices):
        ALL = "all", "All accounts"
        LIST = "list", "Chosen accounts"
        RULE = "rule", "Accounts by a property"

    class Operator(models.TextChoices):
        IS = "is", "is"
        IS_NOT = "is_not", "is not"
        CONTAINS = "contains", "contains"
        GREATER = "greater", "is greater than"
        LESS = "less", "is less than"
        BEFORE = "before", "is before"
        AFTER = "after", "is after"
        EMPTY = "empty", "is empty"
        NOT_EMPTY = "not_empty", "is not empty"

    name = models.CharField(max_length=100)
    reach = models.CharField(max_length=4, choices=Reach, default=Reach.LIST)
    definition = models.ForeignKey(
        Definition, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="property"
    )
    operator = models.CharField(max_length=10, choices=Operator, blank=True)
    value = ExactJSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint("name", name="accounts_team_name_once"),
            models.CheckConstraint(
                condition=models.Q(reach__in=["all", "list", "rule"]), name="accounts_team_reach_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(reach="rule") | models.Q(definition__isnull=False) & ~models.Q(operator=""),
                name="accounts_team_rule_complete",
            ),
        ]
        triggers = [*keep_teams_of_teams(), *audited()]

    def __str__(self) -> str:
        return self.name


class TeamAccount(models.Model):
    """An account that somebody chose for a team whose reach is a list."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="chosen")
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("team", "account", name="accounts_teamaccount_once")]
        triggers = [*keep_teams_of_choices(), *audited(account="account_id")]

    def __str__(self) -> str:
        return f"{self.account_id} for {self.team_id}"


class TeamMember(models.Model):
    """A member of staff in a team. A team with members cannot be deleted: they would see everything at once."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_members")

    class Meta:
        constraints = [models.UniqueConstraint("user", "team", name="accounts_teammember_once")]
        triggers = [*keep_teams_of_members(), *audited()]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class VisibleAccount(models.Model):
    """That a limited team may view an account: what lists ask. Triggers keep it, at once."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="visible")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.CASCADE, related_name="visible_to_teams", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint("account", "team", name="accounts_visibleaccount_once")]

    objects: ClassVar[models.Manager["VisibleAccount"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.account_id} for {self.team_id}"
