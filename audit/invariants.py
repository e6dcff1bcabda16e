"""What must hold of the audit log, and of every table that it follows."""

from core.invariants import by_sql


def every_row_recorded(app: str, name: str, table: str, fact: str, *, since: str = "created_at") -> None:
    """A rule: every row of `table` has the change that made it, except the first rows that the demo data made without
    detail: its entry says in `fact` how many these are; and those from before the log was last shortened."""
    by_sql(
        app,
        name,
        f"""
        SELECT t.id FROM {table} t
        WHERE NOT EXISTS (SELECT 1 FROM audit_change c
                          WHERE c."table" = '{table}' AND c.row_id = t.id AND c.operation = 'insert')
          AND t.{since} > (SELECT coalesce(max((facts ->> 'until')::timestamptz), '-infinity') FROM audit_entry
                           WHERE verb = 'audit.forgotten')
        ORDER BY t.id
        OFFSET (SELECT coalesce(sum((facts ->> '{fact}')::bigint), 0) FROM audit_entry WHERE via = 'seed')
        """,  # noqa: S608
    )


by_sql(
    "audit",
    "every change belongs to an entry",
    "SELECT c.id FROM audit_change c WHERE NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.id = c.entry_id)",
)
by_sql(
    "audit",
    "every entry names who or what gave the command",
    "SELECT id FROM audit_entry WHERE via = '' OR verb = '' OR (via = 'page' AND actor_id IS NULL)",
)
