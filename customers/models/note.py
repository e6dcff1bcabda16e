from django.conf import settings
from django.db import models

from core.triggers import audited


class Note(models.Model):
    """What the team writes about a customer for itself."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    body = models.TextField(max_length=20_000)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pinned", "-id")
        triggers = audited(customer="customer_id")

    def __str__(self) -> str:
        return self.body[:60]
