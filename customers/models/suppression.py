from django.db import models

from core.json import ExactJSONField
from customers.models.identifier import Identifier


class Suppression(models.Model):
    """The memory that an identifier was permanently deleted and must not come back (6.3): a keyed hash, never the text.

    A trigger on the identifiers refuses its digest. `kept_out` counts how often a sender or somebody tried.
    """

    digest = models.BinaryField(max_length=32, unique=True)
    kind = models.CharField(max_length=12, choices=Identifier.Kind)
    since = models.DateTimeField()
    kept_out = models.BigIntegerField(default=0)
    last_kept_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["email", "phone", "user_id", "handle", "anonymous_id"]),
                name="customers_suppression_kind_known",
            )
        ]
        indexes = [models.Index(models.F("since").desc(), models.F("id").desc(), name="customers_suppression_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} since {self.since:%Y-%m-%d}"


class KeyProof(models.Model):
    """The one row that proves the suppression key: the digest of a fixed text (reliability 13)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    digest = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="customers_keyproof_one_row")]

    def __str__(self) -> str:
        return f"Key in use since {self.made_at:%Y-%m-%d}"


class Erasure(models.Model):
    """One customer whose permanent deletion has begun; the same `token` stands in the ledger outside the database.

    `known` is what has to be blanked in documents that are still to come; it is emptied when the deletion is done.
    """

    token = models.UUIDField(unique=True)
    customer_id = models.BigIntegerField()
    purge_id = models.BigIntegerField(null=True, blank=True)
    begun_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    known = ExactJSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(done_at=None) | models.Q(known=None), name="customers_erasure_forgets"
            )
        ]
        indexes = [
            models.Index("purge_id", "id", condition=models.Q(done_at=None), name="customers_erasure_open"),
            models.Index("customer_id", name="customers_erasure_customer"),
        ]

    def __str__(self) -> str:
        return f"Customer {self.customer_id}"
