"""How feedback follows a merge of customers, and where what arrived since goes when it is undone (7.3)."""

from typing import Any

from django.core.exceptions import ValidationError

from customers import merge_relations  # noqa: F401  these rules come first
from customers.identifying import Identity
from customers.matching import match
from customers.merge_rules import Log, Relation, arrived, register
from customers.models import Identifier
from feedback.models import Document
from feedback.receiving import Incoming, author_draft


class Documents(Relation):
    """All feedback moves. When a merge is undone, what arrived since and was matched goes to whom its author is now."""

    def bring_back(self, survivor_id: int, source_id: int, log: Log, *, since: int) -> None:
        super().bring_back(survivor_id, source_id, log, since=since)
        new = Document.objects.filter(
            pk__in=arrived(Document, survivor_id, since), link=Document.Link.MATCHED,
            customer_id__in=[survivor_id, source_id],
        )  # fmt: skip
        theirs: set[tuple[str, str]] = set()
        others: set[tuple[str, str]] = set()
        for document in new.order_by("pk"):
            author = identities_of(document)
            goes = document.customer_id == source_id or match(author).customer_id == source_id
            (theirs if goes else others).update((one.kind, one.normalized) for one in author)
            if goes and document.customer_id != source_id:
                Document.objects.filter(pk=document.pk).update(customer_id=source_id)
        self._bring_identifiers(survivor_id, source_id, theirs - others, since)

    def _bring_identifiers(self, survivor_id: int, source_id: int, learned: set[tuple[str, str]], since: int) -> None:
        """What such feedback taught about its author since, and nothing else says of the survivor, goes with it."""
        rows = Identifier.objects.filter(
            pk__in=arrived(Identifier, survivor_id, since), customer_id=survivor_id, source__isnull=False
        )
        for row in rows:
            if (row.kind, row.normalized) in learned:
                ranked = row.kind in Identifier.RANKED
                first = (
                    ranked
                    and not Identifier.objects.filter(customer_id=source_id, kind=row.kind, primary=True).exists()
                )
                Identifier.objects.filter(pk=row.pk).update(customer_id=source_id, primary=first)


def identities_of(document: Document) -> list[Identity]:
    """Whom the document says that it is from."""
    author: Any = document.author if isinstance(document.author, dict) else {}
    said = {key: value for key, value in author.items() if isinstance(value, str)}
    try:
        return author_draft(Incoming(author=said, metadata=document.metadata)).identities
    except ValidationError:
        return []


register(Documents(Document, "customer", "Feedback"))
