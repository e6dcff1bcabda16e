from typing import ClassVar

from django.db import models

from customers.models import Customer
from integrations.models import ApiKey


class Answer(models.Model):
    """What a POST with an Idempotency-Key was answered, for a day: the same again is not done again.

    `digest` is of the request, `status` empty while it is being answered. What a body says of a customer goes with the
    customer; no other answer holds personal data.
    """

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=32)
    begun_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("key", "idempotency_key", name="api_answer_once"),
        ]
        indexes: ClassVar = [models.Index("begun_at", name="api_answer_age")]

    def __str__(self) -> str:
        return f"{self.status} to {self.key_id}"
