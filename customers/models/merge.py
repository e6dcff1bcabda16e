from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.json import ExactJSONField


class Merge(models.Model):
    """One merge of customers into `survivor`, with what undoing it needs (7.3).

    `snapshot` holds what the merge moved, removed and replaced (`customers.merging` writes and reads it); it is emptied
    when the merge is undone or has become permanent. `moved` are counts by label, for people.
    """

    survivor = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="merges")
    source_ids = ArrayField(models.BigIntegerField())
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    merged_at = models.DateTimeField()
    undo_until = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    moved = models.JSONField(default=dict)
    snapshot = ExactJSONField(default=dict)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.source_ids))} into {self.survivor_id}"

    def can_be_undone(self, now: datetime) -> bool:
        """Whether the window is open; `customers.merging` knows what else may stand against it."""
        return self.undone_at is None and now < self.undo_until
