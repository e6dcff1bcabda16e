from django.conf import settings
from django.db import models

from core.triggers import audited


class DuplicateCandidate(models.Model):
    """Two customers that may be one person, with the evidence (2.10). The lower id always comes first."""

    first = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    evidence = models.JSONField(default=list)
    score = models.FloatField(default=0.0)
    found_at = models.DateTimeField(auto_now_add=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("first", "second", name="customers_duplicatecandidate_once"),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")), name="customers_duplicatecandidate_ordered"
            ),
        ]
        triggers = audited(customer="first_id")

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"
