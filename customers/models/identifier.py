from typing import ClassVar

from django.db import models

from audit.models import Source
from core.triggers import audited
from customers.triggers import keep_contact_details, refuse_suppressed


class Identifier(models.Model):
    """What recognises a customer: an email, a phone, a user ID, a handle, an anonymous ID (2.2).

    `value` is as typed, `normalized` what is compared, `digest` its keyed hash; `customers.identifying` computes both.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        PHONE = "phone", "Phone"
        USER_ID = "user_id", "User ID"
        HANDLE = "handle", "Handle"
        ANONYMOUS_ID = "anonymous_id", "Anonymous ID"

    # Those of which a customer has one that comes first
    RANKED: ClassVar[tuple[str, ...]] = ("email", "phone")

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="identifiers", db_index=False
    )
    kind = models.CharField(max_length=12, choices=Kind)
    value = models.CharField(max_length=320)
    normalized = models.CharField(max_length=320, db_collation="C")
    digest = models.BinaryField(max_length=32)
    primary = models.BooleanField(default=False)
    verified = models.BooleanField(default=True)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("kind", "-primary", "id")
        constraints = [
            models.UniqueConstraint(
                "kind", "normalized", condition=~models.Q(kind="phone"), name="customers_identifier_one_owner"
            ),
            models.UniqueConstraint("customer", "kind", "normalized", name="customers_identifier_once_a_customer"),
            models.UniqueConstraint(
                "customer", "kind", condition=models.Q(primary=True), name="customers_identifier_one_primary"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["email", "phone", "user_id", "handle", "anonymous_id"]),
                name="customers_identifier_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(primary=False) | models.Q(kind__in=["email", "phone"]),
                name="customers_identifier_primary_ranked",
            ),
            models.CheckConstraint(condition=~models.Q(normalized=""), name="customers_identifier_not_empty"),
        ]
        indexes = [models.Index("normalized", condition=models.Q(kind="phone"), name="customers_identifier_phone")]
        triggers = [
            *refuse_suppressed(),
            *keep_contact_details(),
            *audited(hidden=("normalized", "digest"), customer="customer_id"),
        ]

    def __str__(self) -> str:
        return self.value
