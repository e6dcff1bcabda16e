from django.db import models

from accounts.models import Account
from core.json import ExactJSONField
from core.triggers import audited


class Membership(models.Model):
    """A customer's place in one account, with attributes of its own."""

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    primary = models.BooleanField(default=False)
    contact = models.BooleanField(default=False)
    key_contact = models.BooleanField(default=False)
    owner = models.BooleanField(default=False, db_default=False)
    properties = ExactJSONField(default=dict, blank=True)
    provenance = ExactJSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-primary", "id")
        constraints = [
            models.UniqueConstraint("customer", "account", name="customers_membership_once"),
            models.UniqueConstraint(
                "customer", condition=models.Q(primary=True), name="customers_membership_one_primary"
            ),
            models.UniqueConstraint("account", condition=models.Q(owner=True), name="customers_membership_one_owner"),
            models.CheckConstraint(
                condition=models.Q(key_contact=False) | models.Q(contact=True),
                name="customers_membership_key_is_contact",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "customer"], name="customers_members_by_account"),
            models.Index(
                "account",
                models.F("key_contact").desc(),
                "id",
                condition=models.Q(contact=True),
                name="customers_contacts",
            ),
        ]
        triggers = audited(hidden=("provenance",), customer="customer_id", account="account_id")

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.account_id}"
