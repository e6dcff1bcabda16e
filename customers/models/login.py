from django.conf import settings
from django.db import models

from core.triggers import audited


class Login(models.Model):
    """As which user a customer signs in to the portal (9)."""

    customer = models.OneToOneField("customers.Customer", on_delete=models.CASCADE, related_name="login")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = audited(customer="customer_id")

    def __str__(self) -> str:
        return f"Login of {self.customer_id}"
