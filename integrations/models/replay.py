from datetime import datetime

from django.conf import settings
from django.db import models

from core.jobs import Job


class Replay(Job):
    """Everything of an integration, or of one delivery, that was rejected and goes through its door once more (10.8).

    It goes on at `after_id` and ends at `up_to`, both ids of deliveries: what a replay itself makes is newer.
    """

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="replays")
    delivery = models.ForeignKey(
        "integrations.Delivery", null=True, blank=True, on_delete=models.CASCADE, related_name="replay_jobs"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    after_id = models.BigIntegerField(default=0, editable=False)
    up_to = models.BigIntegerField(default=0, editable=False)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField("rejected again", default=0)

    class Meta(Job.Meta):
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Replay {self.pk} of {self.integration}"

    def batch(self, now: datetime) -> bool:
        from integrations.replaying import next_batch

        return next_batch(self, now)
