"""What must hold of customers and of what recognises them."""

from collections.abc import Iterator
from hmac import compare_digest

from audit.invariants import every_row_recorded
from core.invariants import by_python, by_sql, stream
from customers.identifying import digest
from customers.models.customer import sort_key

every_row_recorded("customers", "every customer was recorded when it was made", "customers_customer", "customers")

by_sql(
    "customers",
    "one owner for each email, user ID, handle and anonymous ID",
    """
    SELECT min(id) FROM customers_identifier WHERE kind <> 'phone'
    GROUP BY kind, normalized HAVING count(*) > 1
    """,
)
by_sql(
    "customers",
    "whoever has emails or phones has one primary one of them",
    """
    SELECT DISTINCT customer_id FROM customers_identifier WHERE kind IN ('email', 'phone')
    GROUP BY customer_id, kind HAVING count(*) FILTER (WHERE "primary") <> 1
    """,
)
by_sql(
    "customers",
    "primary contact details on the customer's row are those of the identifiers",
    """
    SELECT c.id FROM customers_customer c
    LEFT JOIN customers_identifier e ON e.customer_id = c.id AND e.kind = 'email' AND e."primary"
    LEFT JOIN customers_identifier p ON p.customer_id = c.id AND p.kind = 'phone' AND p."primary"
    WHERE (c.primary_email, c.primary_phone) IS DISTINCT FROM (coalesce(e.value, ''), coalesce(p.value, ''))
    """,
)
by_sql(
    "customers",
    "the search text follows the name and the identifiers",
    "SELECT id FROM customers_customer WHERE search_text IS DISTINCT FROM customers_search_text(id, sort_name)",
)
by_sql(
    "customers",
    "the tags on the customer's row are the customer's tags",
    """
    SELECT c.id FROM customers_customer c
    LEFT JOIN (
        SELECT customer_id, array_agg(tag_id::int ORDER BY tag_id) AS ids FROM customers_customertag GROUP BY 1
    ) t ON t.customer_id = c.id
    WHERE c.tag_ids IS DISTINCT FROM coalesce(t.ids, '{}')
    """,
)
by_sql(
    "customers",
    "whoever is deleted has been so since a moment, and nobody else",
    """
    SELECT id FROM customers_customer
    WHERE state = 'deleted' AND deleted_at IS NULL OR state = 'active' AND deleted_at IS NOT NULL
    """,
)
by_sql(
    "customers",
    "the sources on the customer's row exist",
    """
    SELECT c.id FROM customers_customer c
    WHERE EXISTS (SELECT 1 FROM unnest(c.source_ids) AS s(id) WHERE s.id NOT IN (SELECT id FROM audit_source))
    """,
)
by_sql(
    "customers",
    "number and date properties stand in the table that ranges are found by",
    """
    WITH wanted AS (
        SELECT c.id AS customer_id, d.id AS definition_id, properties_number_of(d.type, item) AS value
        FROM customers_customer c
        CROSS JOIN LATERAL jsonb_each(c.properties) AS p(key, items)
        JOIN properties_definition d
            ON lower(d.key) = lower(p.key) AND d.subject = 'customer' AND d.type IN ('number', 'date')
        CROSS JOIN LATERAL
            jsonb_array_elements(CASE jsonb_typeof(p.items) WHEN 'array' THEN p.items ELSE '[]' END) AS item
        WHERE properties_number_of(d.type, item) IS NOT NULL
    ), kept AS (SELECT customer_id, definition_id, value FROM customers_customervalue)
    SELECT DISTINCT customer_id FROM (
        (SELECT * FROM wanted EXCEPT ALL SELECT * FROM kept)
        UNION ALL
        (SELECT * FROM kept EXCEPT ALL SELECT * FROM wanted)
    ) differing
    """,
)
by_sql(
    "customers",
    "properties are lists of values, each under a defined key",
    """
    SELECT DISTINCT c.id FROM customers_customer c CROSS JOIN LATERAL jsonb_each(c.properties) AS p(key, items)
    WHERE jsonb_typeof(p.items) <> 'array' OR p.items = '[]'
       OR NOT EXISTS (SELECT 1 FROM properties_definition d WHERE d.subject = 'customer' AND d.key = p.key)
    """,
)

by_sql(
    "customers",
    "who was merged leads straight to somebody who was not",
    """
    SELECT c.id FROM customers_customer c JOIN customers_customer s ON s.id = c.merged_into_id WHERE s.state = 'merged'
    """,
)
by_sql(
    "customers",
    "nothing hangs on a customer who was merged into another",
    """
    SELECT c.id FROM customers_customer c
    WHERE c.state = 'merged' AND (
        EXISTS (SELECT 1 FROM customers_identifier t WHERE t.customer_id = c.id)
        OR EXISTS (SELECT 1 FROM customers_membership t WHERE t.customer_id = c.id)
        OR EXISTS (SELECT 1 FROM customers_customertag t WHERE t.customer_id = c.id)
        OR EXISTS (SELECT 1 FROM customers_note t WHERE t.customer_id = c.id)
    )
    """,
)

by_sql(
    "customers",
    "no identifier that is suppressed belongs to anybody",
    "SELECT i.id FROM customers_identifier i JOIN customers_suppression s ON s.digest = i.digest",
)
by_sql(
    "customers",
    "whoever is being permanently deleted has a deletion that is not done, and nobody else has",
    """
    SELECT c.id FROM customers_customer c WHERE c.state = 'purging' AND NOT EXISTS (
        SELECT 1 FROM customers_erasure e WHERE e.customer_id = c.id AND e.done_at IS NULL)
    UNION ALL
    SELECT e.customer_id FROM customers_erasure e WHERE e.done_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM customers_customer c WHERE c.id = e.customer_id AND c.state = 'purging')
    """,
)


@by_python("customers", "each identifier carries the digest of what it is")
def _digests() -> Iterator[int]:
    for pk, kind, normalized, kept in stream("SELECT id, kind, normalized, digest FROM customers_identifier"):
        if not compare_digest(bytes(kept), digest(kind, normalized)):
            yield pk


@by_python("customers", "customers are sorted by their names")
def _sort_names() -> Iterator[int]:
    for pk, name, sort_name in stream("SELECT id, name, sort_name FROM customers_customer"):
        if sort_key(name) != sort_name:
            yield pk


by_sql(
    "customers",
    "who owns an account is a contact of it",
    "SELECT id FROM customers_membership WHERE owner AND NOT contact",
)
