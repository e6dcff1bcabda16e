"""One change to many documents (6.1): how `customers.selecting` changes them."""

from collections.abc import Collection
from datetime import datetime

from audit.actor import Actor
from core.text import fold
from customers.models import Tag
from customers.selecting import TAGGING, Applied, Kind
from feedback import deleting, tagging
from feedback.filters import DocumentFilter
from feedback.models import Document


class Documents(Kind):
    model = Document
    filter_class = DocumentFilter
    noun = "document"
    may_edit = "documents.edit"
    may_delete = "documents.delete"
    gone = {
        Document.State.ACTIVE: "Not deleted",
        Document.State.DELETED: "Deleted",
        Document.State.PURGING: "Being permanently deleted",
    }

    def apply(self, action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
        if action not in TAGGING:
            command = deleting.restore_many if action == "restore" else deleting.delete_many
            done = command(sorted(ids), actor=actor, now=now)
            return Applied(len(done.changed), done.entry_id, done.skipped)
        if action == "add_tag":
            return tagging.add_tag(ids, tag_name, actor=actor, now=now)
        tag = Tag.objects.filter(folded=fold(tag_name)).first()
        return tagging.remove_tag(ids, tag, actor=actor, now=now) if tag else Applied()


DOCUMENTS = Documents()
