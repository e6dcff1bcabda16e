from django.conf import settings
from django.db import models

from core.text import fold
from core.triggers import audited


class Segment(models.Model):
    """A named set of customers: those that were put in (static), or a saved filter (dynamic) (2.9)."""

    class Kind(models.TextChoices):
        STATIC = "static", "Static"
        DYNAMIC = "dynamic", "Dynamic"

    name = models.CharField(max_length=100)
    folded = models.CharField(max_length=100, unique=True, db_collation="C", editable=False)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.STATIC)
    query = models.TextField("filter", blank=True, help_text="As in the address of the customers' list.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("folded",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["static", "dynamic"]), name="customers_segment_kind_known"
            ),
            models.CheckConstraint(condition=~models.Q(folded=""), name="customers_segment_not_empty"),
            models.CheckConstraint(
                condition=models.Q(kind="dynamic") | models.Q(query=""), name="customers_segment_static_has_no_query"
            ),
        ]
        triggers = audited(hidden=("folded",))

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.folded = fold(self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class SegmentMember(models.Model):
    """A customer in a static segment."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="members", db_index=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="segment_members")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("segment", "customer", name="customers_segmentmember_once")]
        triggers = audited(customer="customer_id")

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"


class SegmentCount(models.Model):
    """How many customers a segment had on a day."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="counts", db_index=False)
    on = models.DateField()
    count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("segment", "on", name="customers_segmentcount_once")]

    def __str__(self) -> str:
        return f"{self.count} in {self.segment_id} on {self.on}"
