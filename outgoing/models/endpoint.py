import base64
import secrets
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.triggers import audited

EVENTS = {
    "customer.created": "A customer came to exist",
    "customer.updated": "Name, contact details, properties, tags or accounts changed, or the customer was restored",
    "customer.merged": "A customer was merged into another",
    "customer.deleted": "A customer was deleted, and can be restored",
    "customer.purged": "A customer was permanently deleted",
    "document.created": "Feedback came in",
    "document.linked": "Feedback got another customer, or lost its customer",
}
TEST = "webhook.test"
URL_LIMIT = 500


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def idle(self, now: datetime) -> Self:
        """Those to which a worker may send now: not paused, not resting, and no other worker has them."""
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        rested = Q(resting_until=None) | Q(resting_until__lte=now)
        return self.filter(free, rested, paused_at=None)


class Endpoint(models.Model):
    """An address of another system that is told when something changes, and what it wants to know (10.9).

    `secret` signs what is sent; for a while after it was replaced `old_secret` does so, too. `failures` counts tries in
    a row in which nothing got through: the endpoint then rests longer and longer. `failing_since` is when something was
    given up after a day; the next success clears it.
    """

    name = models.CharField(max_length=120)
    url = models.CharField("address", max_length=URL_LIMIT)
    events = ArrayField(models.CharField(max_length=30), default=list)
    secret = models.CharField(max_length=80, editable=False)
    old_secret = models.CharField(max_length=80, blank=True, default="", editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)

    # How it goes
    failures = models.PositiveIntegerField(default=0, editable=False)
    resting_until = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    delivered_at = models.DateTimeField("last delivered", null=True, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        triggers = audited(
            hidden=(
                "secret", "old_secret", "old_secret_until", "failures", "resting_until", "failing_since",
                "delivered_at", "lease_token", "lease_until",
            )
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def standing(self) -> str:
        """paused, failing, retrying or active."""
        if self.paused_at:
            return "paused"
        if self.failing_since:
            return "failing"
        return "retrying" if self.failures else "active"

    def secrets_at(self, now: datetime) -> list[str]:
        """What signs at this moment, the newest first."""
        overlaps = self.old_secret and self.old_secret_until and self.old_secret_until > now
        return [self.secret, self.old_secret] if overlaps else [self.secret]


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
