"""Whether what triggers keep is what they would have written."""

from django.db import connection

RULES = {
    "search text follows name and identifiers": """
        SELECT count(*) FROM customers_customer c
        WHERE c.id % %(every)s = 0 AND customers_search_text(c.id, c.sort_name) IS DISTINCT FROM c.search_text
    """,
    "primary contact details are those of the identifiers": """
        SELECT count(*) FROM customers_customer c
        LEFT JOIN customers_identifier e ON e.customer_id = c.id AND e.kind = 'email' AND e."primary"
        LEFT JOIN customers_identifier p ON p.customer_id = c.id AND p.kind = 'phone' AND p."primary"
        WHERE c.id % %(every)s = 0
          AND (c.primary_email, c.primary_phone) <> (coalesce(e.value, ''), coalesce(p.value, ''))
    """,
    "counts, dates, channels and sources are those of the documents": """
        SELECT count(*) FROM customers_customer c CROSS JOIN LATERAL (
            SELECT count(d.id) AS feedback_count, coalesce(min(d.occurred_at), c.created_at) AS first_seen_at,
                coalesce(max(d.occurred_at), c.created_at) AS last_seen_at,
                coalesce(array_agg(DISTINCT d.channel::text ORDER BY d.channel::text)
                    FILTER (WHERE d.id IS NOT NULL), '{}') AS channels,
                coalesce(array_agg(DISTINCT d.source_id::int ORDER BY d.source_id::int)
                    FILTER (WHERE d.source_id IS NOT NULL), '{}') AS source_ids
            FROM feedback_document d WHERE d.customer_id = c.id AND d.state = 'active'
        ) s
        WHERE c.id % %(every)s = 0
          AND (c.feedback_count, c.first_seen_at, c.last_seen_at, c.channels::text[], c.source_ids)
            IS DISTINCT FROM (s.feedback_count, s.first_seen_at, s.last_seen_at, s.channels, s.source_ids)
    """,
    "customers' tags are on their rows": """
        SELECT count(*) FROM customers_customer c WHERE c.id % %(every)s = 0 AND c.tag_ids IS DISTINCT FROM
            ARRAY(SELECT t.tag_id::int FROM customers_customertag t WHERE t.customer_id = c.id ORDER BY 1)
    """,
    "documents' tags are on their rows": """
        SELECT count(*) FROM feedback_document d WHERE d.id % %(every)s = 0 AND d.tag_ids IS DISTINCT FROM
            ARRAY(SELECT t.tag_id::int FROM feedback_documenttag t WHERE t.document_id = d.id ORDER BY 1)
    """,
    "usage is counted by day": """
        SELECT count(*) FROM (
            SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date AS "on", module, count(*) AS count
            FROM engagement_usageevent WHERE account_id % %(every)s = 0 GROUP BY 1, 2, 3
            EXCEPT ALL SELECT account_id, "on", module, count FROM engagement_usageday
        ) missing
    """,
    "numbers and dates stand in the narrow table": """
        WITH wanted AS (
            SELECT c.id, d.id AS definition_id, properties_number_of(d.type, item) AS value
            FROM customers_customer c
            CROSS JOIN LATERAL jsonb_each(c.properties) AS p(key, items)
            JOIN properties_definition d
              ON lower(d.key) = lower(p.key) AND d.subject = 'customer' AND d.type IN ('number', 'date')
            CROSS JOIN LATERAL jsonb_array_elements(p.items) AS item
            WHERE c.id % %(every)s = 0
        ), found AS (
            SELECT customer_id, definition_id, value FROM customers_customervalue WHERE customer_id % %(every)s = 0
        )
        SELECT (SELECT count(*) FROM (SELECT * FROM wanted EXCEPT ALL SELECT * FROM found) a)
             + (SELECT count(*) FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM wanted) b)
    """,
}


class Untrue(Exception):
    """The generator computed something else than the triggers would have."""


def verify(*, every: int = 1) -> None:
    """Checks each rule on the customers and documents whose id `every` divides. Raises Untrue."""
    broken = []
    with connection.cursor() as cursor:
        for rule, sql in RULES.items():
            cursor.execute(sql.replace("%(every)s", str(int(every))))
            if cursor.fetchone()[0]:
                broken.append(rule)
    if broken:
        raise Untrue("; ".join(broken))
