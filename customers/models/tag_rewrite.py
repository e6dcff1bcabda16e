from datetime import datetime

from django.conf import settings
from django.db import models

from audit.actor import Actor
from audit.recording import recorded
from core.jobs import Job, JobFailed
from customers.models.tag import Tag


class TagRewrite(Job):
    """Takes a tag off everything, or puts another in its place, in the background; then the tag is gone (2.8).

    Each batch takes the next records that have the tag, until none has it: also those that got it meanwhile. `done`
    counts them, `total` how many there were at first.
    """

    BATCH = 1_000

    tag = models.ForeignKey(Tag, null=True, on_delete=models.SET_NULL, related_name="rewrites")
    merging = models.BooleanField(default=False)
    into = models.ForeignKey(Tag, null=True, on_delete=models.SET_NULL, related_name="rewrites_into")
    name = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    customers = models.BigIntegerField(default=0)
    documents = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{'Merge' if self.merging else 'Delete'} {self.name}"

    def batch(self, now: datetime) -> bool:
        """The next records, in one audit entry of whoever asked for it."""
        from customers import tag_admin

        if self.tag is None or (self.merging and self.into is None):
            raise JobFailed("The tag is gone.")
        if self.total is None:
            self.total = tag_admin.records_of(self.tag)
        verb = "tag.replaced" if self.merging else "tag.taken_off"
        with recorded(self._actor, verb, self.tag, now=now) as entry:
            reach = tag_admin.take_off(self.tag, self.into, most=self.BATCH)
            entry.facts |= {"customers": reach.customers, "documents": reach.documents}
            if reach.nothing:
                entry.discard()
        self.customers += reach.customers
        self.documents += reach.documents
        self.done += reach.records
        return not reach.nothing

    def after(self, now: datetime) -> None:
        from customers import tag_admin

        if self.tag is not None:
            tag_admin.finish(self.tag, self.into, tag_admin.Reach(self.customers, self.documents), self._actor, now)

    @property
    def _actor(self) -> Actor:
        """Whoever asked for it, through a worker."""
        return Actor(via="task", rank="staff", user_id=self.actor_id)
