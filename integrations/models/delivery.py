from django.db import models
from django.db.models.functions import Now

from audit.models import Source
from core.json import ExactJSONField


class Delivery(models.Model):
    """One request of another system and what became of it (10.8). Counts are of its records."""

    class Via(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        CENSUS = "census", "Census"
        TRACKING = "tracking", "Tracking"
        API = "api", "REST API"
        INTAKE = "intake", "Feedback intake"
        WIDGET = "widget", "Widget"
        EMAIL = "email", "Email"

    class Status(models.TextChoices):
        DONE = "done", "Done"
        PARTLY = "partly", "Some records refused"
        FAILED = "failed", "Every record refused"
        REFUSED = "refused", "Request refused"

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    key = models.ForeignKey(
        "integrations.ApiKey", null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    via = models.CharField(max_length=10, choices=Via)
    operation = models.CharField(max_length=40, blank=True)  # users, sync_batch, identify, …
    status = models.CharField(max_length=8, choices=Status)
    code = models.CharField(max_length=40, blank=True)  # why the request was refused
    message = models.CharField(max_length=500, blank=True)  # holds no values that were sent
    received_at = models.DateTimeField(db_default=Now())
    took_ms = models.PositiveIntegerField("took, milliseconds", default=0)
    record_count = models.PositiveIntegerField(default=0)
    created_count = models.PositiveIntegerField(default=0)
    updated_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    suppressed_count = models.PositiveIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replays")
    facts = models.JSONField(default=dict, blank=True)  # of the protocol, such as the run of a sync
    bodies_gone_at = models.DateTimeField(null=True, blank=True, editable=False)  # when what was sent was forgotten

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ("-id",)
        indexes = [
            models.Index("source", models.F("id").desc(), name="integrations_delivery_newest"),
            models.Index(
                models.F("id").desc(), condition=~models.Q(status="done"), name="integrations_delivery_failed"
            ),
            models.Index("received_at", name="integrations_delivery_age"),
            models.Index(
                "received_at", "id", condition=models.Q(bodies_gone_at=None), name="integrations_delivery_bodies"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What the sender is told, and support finds it by."""
        return f"d_{self.pk:x}"

    @property
    def tone(self) -> str:
        return {"done": "tone-ok", "partly": "tone-warn"}.get(self.status, "tone-bad")

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        """(word, how many) of what became of its records."""
        counts = [(str(one.label).lower(), getattr(self, f"{one.value}_count")) for one in DeliveryRecord.Status]
        return [(word, number) for word, number in counts if number]


class DeliveryRecord(models.Model):
    """What became of one record of a delivery. `body` is what was sent, kept for a while and never past the person."""

    class Status(models.TextChoices):
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        SUPPRESSED = "suppressed", "Suppressed"
        REJECTED = "rejected", "Rejected"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="records", db_index=False)
    place = models.PositiveIntegerField()  # in the request, from 0
    external_id = models.CharField(max_length=320, blank=True)
    status = models.CharField(max_length=10, choices=Status)
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)
    field = models.CharField(max_length=200, blank=True)
    customer_id = models.BigIntegerField(null=True, blank=True)
    account_id = models.BigIntegerField(null=True, blank=True)
    document_id = models.BigIntegerField(null=True, blank=True)
    body = ExactJSONField(null=True, blank=True)
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("delivery", "place")
        constraints = [models.UniqueConstraint("delivery", "place", name="integrations_deliveryrecord_place_once")]
        indexes = [
            models.Index(
                "customer_id",
                condition=models.Q(customer_id__isnull=False),
                name="integrations_record_customer",
            ),
            models.Index("external_id", condition=~models.Q(external_id=""), name="integrations_record_external"),
            models.Index(  # what a permanent deletion has to read
                "id",
                condition=models.Q(customer_id=None, account_id=None, document_id=None)
                & (models.Q(body__isnull=False) | ~models.Q(external_id="")),
                name="integrations_record_of_nobody",
            ),
            models.Index(
                "document_id", condition=models.Q(document_id__isnull=False), name="integrations_record_document"
            ),
            models.Index(
                "account_id", condition=models.Q(account_id__isnull=False), name="integrations_record_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}.{self.place} {self.status}"

    @property
    def tone(self) -> str:
        tones = {"created": "tone-ok", "updated": "tone-ok", "suppressed": "tone-warn", "rejected": "tone-bad"}
        return tones.get(self.status, "tone-none")
