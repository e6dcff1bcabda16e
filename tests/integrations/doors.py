"""Keys and requests for tests of the ways in."""

import json
from typing import Any

from django.test import Client

from audit.actor import Actor
from integrations.issuing import issue_key


def key_for(kind: str, name: str = "Product") -> str:
    """The text of a key for the source of this kind and name."""
    return issue_key(kind=kind, name=name, scopes=[], actor=Actor.of_system())[1]


def send(path: str, body: Any, *, key: str = "", **headers: str) -> Any:
    """One request of another system; `body` as JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if key:
        headers = {"authorization": f"Bearer {key}", **headers}
    content_type = headers.pop("content_type", "application/json")
    return Client(enforce_csrf_checks=True).post(path, raw, content_type=content_type, headers=headers)
