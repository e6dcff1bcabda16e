from django.db import models

from accounts.models import Account
from audit.models import Source
from customers.models import Customer
from engagement.triggers import keep_usage_days


class UsageEvent(models.Model):
    """Something that a customer did with the product (3.4). It outlives the person: it stays with the account.

    What systems report by the thousand is not a change that somebody made: the audit log holds that events arrived, how
    many and from whom, and their deletion, but not each event again.
    """

    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="usage", db_index=False
    )
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="usage", db_index=False
    )
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    external_id = models.CharField(max_length=200, null=True, blank=True)
    module = models.CharField(max_length=100)
    activity = models.CharField(max_length=200)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("source", "external_id", name="engagement_usage_once_a_source")]
        indexes = [
            models.Index(
                "account", models.F("occurred_at").desc(), models.F("id").desc(), name="engagement_usage_account"
            ),
            models.Index(
                "customer", models.F("occurred_at").desc(), models.F("id").desc(), name="engagement_usage_customer"
            ),
            models.Index("occurred_at", "id", name="engagement_usage_age"),
        ]

        triggers = keep_usage_days()

    def __str__(self) -> str:
        return f"{self.module}: {self.activity}"


class UsageDay(models.Model):
    """How many events of a module an account had on a day (UTC); without an account, those of nobody's. Kept by
    triggers."""

    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="usage_days", db_index=False)
    on = models.DateField()
    module = models.CharField(max_length=100)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "on", "module"], nulls_distinct=False, name="engagement_usageday_once"
            )
        ]
        indexes = [models.Index("on", name="engagement_usageday_on")]

    def __str__(self) -> str:
        return f"{self.count} of {self.module} on {self.on}"
