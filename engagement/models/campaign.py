from django.db import models

from audit.models import Source
from core.triggers import audited
from customers.models import Customer


class Campaign(models.Model):
    """Messages to many customers with a goal (4.2)."""

    name = models.CharField(max_length=200)
    goal = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("name", name="engagement_campaign_name_once")]
        triggers = audited()

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """How far a campaign got with one customer. Each step has its moment, or none yet."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="deliveries")
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    viewed_at = models.DateTimeField(null=True, blank=True)
    engaged_at = models.DateTimeField(null=True, blank=True)
    goal_reached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("campaign", "customer", name="engagement_delivery_once")]
        triggers = audited(customer="customer_id")

    def __str__(self) -> str:
        return f"{self.campaign_id} to {self.customer_id}"
