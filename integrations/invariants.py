"""What must hold of integrations and of what they delivered."""

from core.invariants import by_sql

by_sql(
    "integrations",
    "a key opens the door of its own source's kind",
    """
    SELECT k.id FROM integrations_apikey k JOIN audit_source s ON s.id = k.source_id WHERE k.kind <> s.kind
    """,
)
by_sql(
    "integrations",
    "a delivery counts the records that it has",
    """
    SELECT d.id FROM integrations_delivery d LEFT JOIN integrations_deliveryrecord r ON r.delivery_id = d.id
    GROUP BY d.id HAVING d.record_count <> count(r.id)
        OR d.rejected_count <> count(*) FILTER (WHERE r.status = 'rejected')
        OR d.suppressed_count <> count(*) FILTER (WHERE r.status = 'suppressed')
    """,
)
by_sql(
    "integrations",
    "nothing that was sent about somebody permanently deleted is kept",
    """
    SELECT r.id FROM integrations_deliveryrecord r JOIN customers_erasure e ON e.customer_id = r.customer_id
    WHERE e.done_at IS NOT NULL AND (r.body IS NOT NULL OR r.external_id <> '')
    UNION SELECT id FROM integrations_deliveryrecord WHERE status = 'suppressed' AND external_id <> ''
    """,
)
