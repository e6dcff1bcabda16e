"""How feedback follows a merge of customers, and where what arrived since goes when it is undone (7.3)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from customers import merge_relations  # noqa: F401  these rules come first
from customers.identifying import Identity
from customers.matching import match
from customers.merge_rules import Log, Relation, arrived, register
from customers.models import Identifier
from feedback.models import Document
from feedback.receiving import Incoming, author_draft

_RECORD = """
    INSERT INTO audit_change (entry_id, "table", row_id, operation, before, after, customer_id, document_id)
    SELECT (SELECT audit_current_entry()), 'feedback_document', id, 'update',
        jsonb_build_object('customer_id', %(before)s::bigint), jsonb_build_object('customer_id', %(after)s::bigint),
        %(after)s, id
    FROM unnest(%(ids)s::bigint[]) id
"""


class Documents(Relation):
    """All feedback moves. When a merge is undone, what arrived since and was matched goes to whom its author is now."""

    def move(self, survivor_id: int, source_id: int) -> list[int]:
        return _given(survivor_id, source_id, "true", [])

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        _given(source_id, survivor_id, "id = ANY(%s)", [log.get("moved", [])])

    def settle(self, survivor_id: int, source_id: int, *, since: int) -> None:
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


def _given(to_id: int, from_id: int, condition: str, params: list[Any]) -> list[int]:
    """Gives one customer documents of another. The changes that the table's triggers would record are written here: for
    thousands of documents, comparing each with itself column by column takes twice as long as all the rest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('roster.audit_rows', 'off', true)")
        cursor.execute(
            f"UPDATE feedback_document SET customer_id = %s WHERE customer_id = %s AND {condition} RETURNING id",  # noqa: S608
            [to_id, from_id, *params],
        )
        ids = sorted(pk for (pk,) in cursor.fetchall())
        cursor.execute("SELECT set_config('roster.audit_rows', '', true)")
        cursor.execute(_RECORD, {"ids": ids, "before": from_id, "after": to_id})
    return ids


def identities_of(document: Document) -> list[Identity]:
    """Whom the document says that it is from."""
    author: Any = document.author if isinstance(document.author, dict) else {}
    said = {key: value for key, value in author.items() if isinstance(value, str)}
    try:
        return author_draft(Incoming(author=said, metadata=document.metadata)).identities
    except ValidationError:
        return []


register(Documents(Document, "customer", "Feedback"))
