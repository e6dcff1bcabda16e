from django.db import models
from django.db.models.functions import Now

from audit.models import Source


class Message(models.Model):
    """A call of a tracking client that was taken in and is no usage event, by the ID that its repeats have too.

    Usage events need none: they carry their ID themselves.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", db_index=False)
    message_id = models.CharField(max_length=200)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("source", "message_id", name="engagement_message_once_a_source")]
        indexes = [models.Index("received_at", name="engagement_message_age")]

    def __str__(self) -> str:
        return self.message_id
