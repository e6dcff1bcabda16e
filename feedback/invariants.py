"""What must hold of documents, and of customers because of them."""

from audit.invariants import every_row_recorded
from core.invariants import by_sql

every_row_recorded(
    "feedback", "every document was recorded when it was made", "feedback_document", "documents", since="received_at"
)

by_sql(
    "feedback",
    "counts, dates, channels and sources of customers are those of their documents",
    """
    SELECT c.id FROM customers_customer c
    LEFT JOIN (
        SELECT customer_id, count(*) AS number, min(occurred_at) AS first_at, max(occurred_at) AS last_at,
            array_agg(DISTINCT channel::text ORDER BY channel::text) AS channels,
            array_agg(DISTINCT source_id::int ORDER BY source_id::int) FILTER (WHERE source_id IS NOT NULL) AS sources
        FROM feedback_document WHERE customer_id IS NOT NULL AND state = 'active' GROUP BY customer_id
    ) d ON d.customer_id = c.id
    WHERE (c.feedback_count, c.first_seen_at, c.last_seen_at, c.channels::text[], c.source_ids) IS DISTINCT FROM
        (coalesce(d.number, 0), coalesce(d.first_at, c.created_at), coalesce(d.last_at, c.created_at),
         coalesce(d.channels, '{}'), coalesce(d.sources, '{}'))
    """,
)
by_sql(
    "feedback",
    "documents matched by one email are at one customer",
    """
    SELECT min(id) FROM feedback_document
    WHERE link = 'matched' AND author_email <> '' AND coalesce(author ->> 'user_id', '') = ''
    GROUP BY author_email HAVING count(DISTINCT customer_id) > 1
    """,
)
by_sql(
    "feedback",
    "no document waits for a customer whose email is known, unless staff took the customer away",
    """
    SELECT d.id FROM feedback_document d
    JOIN customers_identifier i ON i.kind = 'email' AND i.normalized = d.author_email
    WHERE d.customer_id IS NULL AND d.author_email <> '' AND d.link = 'none'
    """,
)
by_sql(
    "feedback",
    "how a document came to its customer agrees with whether it has one",
    "SELECT id FROM feedback_document WHERE (customer_id IS NULL) <> (link IN ('none', 'removed'))",
)
by_sql(
    "feedback",
    "no document is left at a customer who was merged into another",
    """
    SELECT d.id FROM feedback_document d JOIN customers_customer c ON c.id = d.customer_id WHERE c.state = 'merged'
    """,
)
by_sql(
    "feedback",
    "the tags on the document's row are the document's tags",
    """
    SELECT d.id FROM feedback_document d
    LEFT JOIN (SELECT document_id, array_agg(tag_id::int ORDER BY tag_id) AS ids FROM feedback_documenttag GROUP BY 1) t
        ON t.document_id = d.id
    WHERE d.tag_ids IS DISTINCT FROM coalesce(t.ids, '{}')
    """,
)
by_sql("feedback", "every document can be searched", "SELECT id FROM feedback_document WHERE search_vector IS NULL")
by_sql(
    "feedback",
    "whatever is deleted has been so since a moment, and nothing else",
    """
    SELECT id FROM feedback_document
    WHERE state = 'deleted' AND deleted_at IS NULL OR state = 'active' AND deleted_at IS NOT NULL
    """,
)
by_sql(
    "feedback",
    "a document found by a link rule came through a source, as rules belong to sources",
    "SELECT id FROM feedback_document WHERE link = 'rule' AND source_id IS NULL",
)
