"""The REST API with nothing but Python: ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python rest_api.py

The key needs the scopes customers:read, customers:write and documents:write.
"""

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

BASE = os.environ.get("ROSTER_URL", "http://localhost:8000") + "/api/v1"
HEADERS = {"Authorization": f"Bearer {os.environ['ROSTER_KEY']}", "Content-Type": "application/json"}


def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(BASE + path, data, {**HEADERS, **headers}, method=method)  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def every_customer(**filters: str) -> Iterator[Any]:
    """All pages, one after another."""
    cursor: str | None = ""
    while cursor is not None:
        page = call("GET", f"/customers?{urlencode({**filters, 'limit': 200, 'cursor': cursor})}")
        yield from page["items"]
        cursor = page["next"]


ana = call(
    "POST", "/customers", {"name": "Ana Ruiz", "emails": ["ana@ex.test"], "user_ids": ["p-1007"], "tags": ["beta"]},
    **{"Idempotency-Key": str(uuid.uuid4())},
)  # fmt: skip
print("Customer", ana["id"], ana["emails"])
print("Changed:", call("PATCH", f"/customers/{ana['id']}", {"properties": {"plan": "Team"}})["properties"])
feedback = {"external_id": "z-991", "title": "Export fails", "author": {"email": "ana@ex.test"}}
print("Feedback:", call("POST", "/documents", feedback))
print("Customers called Ana:", sum(1 for _ in every_customer(q="ana")))
