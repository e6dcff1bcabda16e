"""What must hold of outgoing webhooks (reliability 28)."""

from core.invariants import by_sql

by_sql(
    "outgoing",
    "every change of a customer or document can be told to webhooks",
    r"""
    SELECT 'triggers' WHERE 13 <> (
        SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgname LIKE 'outgoing\_%' AND t.tgenabled = 'O' AND c.relnamespace = (
            SELECT relnamespace FROM pg_class WHERE oid = 'customers_customer'::regclass))
    """,
)
by_sql(
    "outgoing",
    "what was delivered or given up has ended, and nothing that waits has",
    "SELECT id FROM outgoing_delivery WHERE (status = 'pending') <> (finished_at IS NULL)",
)
