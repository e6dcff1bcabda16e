"""Triggers that keep how many usage events each account had on each day, by module: charts count no events."""

import pgtrigger

_COUNT = """
    INSERT INTO engagement_usageday (account_id, "on", module, count)
    SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date, module, {sign}count(*) FROM {rows}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT engagement_usageday_once DO UPDATE SET count = engagement_usageday.count + excluded.count;
"""
_FORGET = """
    DELETE FROM engagement_usageday d USING (
        SELECT DISTINCT account_id, (occurred_at AT TIME ZONE 'UTC')::date AS "on", module FROM old_rows
    ) o
    WHERE d.account_id IS NOT DISTINCT FROM o.account_id AND d."on" = o."on" AND d.module = o.module AND d.count <= 0;
"""
_CHANGED = """
    IF EXISTS (
        SELECT 1 FROM new_rows n JOIN old_rows o ON o.id = n.id
        WHERE (n.account_id, n.occurred_at, n.module) IS DISTINCT FROM (o.account_id, o.occurred_at, o.module)
    ) THEN
        {count}
    END IF;
"""


def keep_usage_days() -> list[pgtrigger.Trigger]:
    added = _COUNT.format(sign="", rows="new_rows")
    taken = _COUNT.format(sign="-", rows="old_rows") + _FORGET
    return [
        _after(pgtrigger.Insert, added),
        _after(pgtrigger.Update, _CHANGED.format(count=added + taken)),
        _after(pgtrigger.Delete, taken),
    ]


def _after(operation: pgtrigger.Operation, func: str) -> pgtrigger.Trigger:
    old = None if operation == pgtrigger.Insert else "old_rows"
    new = None if operation == pgtrigger.Delete else "new_rows"
    return pgtrigger.Trigger(
        name=f"days_{str(operation).lower()}", level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
        referencing=pgtrigger.Referencing(old=old, new=new), func=f"{func} RETURN NULL;",
    )  # fmt: skip
