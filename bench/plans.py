"""How many rows of its tables a statement reads."""

import json
from typing import Any

from django.db import connection


def analysed(sql: str, params: Any = None) -> dict[str, Any]:
    """The plan of a statement that was carried out, with its figures."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        found = cursor.fetchone()[0]
    return (json.loads(found) if isinstance(found, str) else found)[0]


def touched(node: dict[str, Any]) -> int:
    """Rows that the scans of a plan read, those that they threw away included."""
    own = 0.0
    if "Relation Name" in node or "Index Name" in node:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return round(own) + sum(touched(part) for part in node.get("Plans", ()))
