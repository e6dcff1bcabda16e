"""The page to try the API: every call of the document as a form."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from api.openapi import document


@dataclass(frozen=True)
class Field:
    name: str
    where: str
    required: bool
    said: str


@dataclass(frozen=True)
class Call:
    """One call as the page shows it; `body` is an example."""

    id: str
    group: str
    method: str
    path: str
    summary: str
    description: str
    answers: str
    scopes: str
    fields: list[Field]
    body: str


EXAMPLES: dict[str, Any] = {
    "post_customers": {"name": "Ana Ruiz", "emails": ["ana@ex.test"], "tags": ["beta"], "properties": {"plan": "Team"}},
    "patch_customer": {"name": "Ana Ruiz", "properties": {"plan": None}},
    "post_bulk_customers": {"customers": [{"emails": ["ana@ex.test"]}, {"user_ids": ["p-1007"]}]},
    "post_merge_customer": {"source_ids": [82], "dry_run": True},
    "post_documents": {"external_id": "z-991", "title": "Export fails", "author": {"email": "ana@ex.test"}},
    "post_bulk_documents": {"documents": [{"external_id": "z-991", "title": "Export fails"}]},
    "patch_document": {"status": "closed", "tags": ["billing"]},
    "put_document_customer": {"customer_id": 81},
    "post_accounts": {"external_id": "org-77", "name": "Ex Ltd", "properties": {"plan": "Team"}},
    "patch_account": {"name": "Ex Ltd"},
    "post_members": {"customer_id": 81, "contact": True},
    "put_member": {"key_contact": True},
    "post_properties": {"key": "seats", "type": "number"},
    "post_tags": {"name": "VIP"},
    "post_segments": {"name": "On Team", "query": "p.plan=is:Team"},
    "put_segment_customers": {"customer_ids": [81]},
    "delete_segment_customers": {"customer_ids": [81]},
    "post_bulk_usage": {
        "events": [{"module": "Reports", "activity": "Opened", "occurred_at": 1_770_000_000, "user_id": "p-1007"}]
    },
    "post_bulk_surveys": {
        "answers": [{"survey": "How likely", "kind": "nps", "score": 9, "answered_at": 1_770_000_000}]
    },
    "post_bulk_deliveries": {
        "deliveries": [{"campaign": "Spring", "email": "ana@ex.test", "sent_at": "2026-02-03T14:30:00Z"}]
    },
}


@cache
def groups() -> list[dict[str, Any]]:
    """Every call, by what it is about."""
    return [{"name": name, "calls": list(found)} for name, found in groupby(_calls(), lambda one: one.group)]


def _calls() -> Iterator[Call]:
    for path, calls in document()["paths"].items():
        for method, said in calls.items():
            fields = [
                Field(one["name"], one["in"], bool(one.get("required")), one.get("description", ""))
                for one in said.get("parameters", ())
            ]
            yield Call(
                said["operationId"], said["tags"][0], method.upper(), path, said["summary"],
                " ".join(said.get("description", "").split()), ", ".join(said["responses"]),
                " or ".join(said["x-scopes"]), fields, _example(said),
            )  # fmt: skip


def _example(said: dict[str, Any]) -> str:
    if "requestBody" not in said:
        return ""
    return json.dumps(EXAMPLES.get(said["operationId"], {}), indent=2)
