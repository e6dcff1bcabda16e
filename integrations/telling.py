"""How another system is told to talk to Roster: the address for a kind of key, and a command to try it."""

import json
from dataclasses import dataclass
from typing import Any

from integrations.models import ApiKey

ABOUT: dict[str, str] = {
    "user": "Sends people: who they are, their attributes and their accounts.",
    "account": "Sends organisations and their attributes.",
    "feedback": "Sends feedback from a server, a page or a mailbox.",
    "census": "Syncs people and organisations from a data warehouse.",
    "tracking": "Reports what people do, by any Segment-compatible library.",
    "api": "Reads and changes everything by program, or over MCP by an assistant.",
}
_SHOWN = "$ROSTER_KEY"
_JSON = "-H 'Content-Type: application/json'"


@dataclass(frozen=True, slots=True)
class Told:
    """`command` can be run as it is, once the key is in it."""

    address: str
    command: str
    does: str
    mcp: str = ""


def told(kind: str, base: str, key: str = _SHOWN) -> Told:
    """What the holder of a key needs to know; `base` is where Roster is, without a slash at the end."""
    bearer = f'-H "Authorization: Bearer {key}"'
    body: dict[str, Any]
    user = {"Name": {"s": ["Ana Ruiz"]}, "Email": {"s": ["ana@ex.test"]}, "Seats": {"n": [12]}}
    if kind == ApiKey.Kind.USER:
        url = f"{base}/webhook/users/custom"
        body = {"users": [{"id": "p-1007", "attributes": user}]}
        return Told(url, f'curl {url} -H "api-key: {key}" {_JSON} {_data(body)}', "It makes a customer, Ana Ruiz.")
    if kind == ApiKey.Kind.ACCOUNT:
        url = f"{base}/webhook/accounts/custom"
        body = {"accounts": [{"id": "org-77", "attributes": {"Name": {"s": ["Ex Ltd"]}}}]}
        return Told(url, f'curl {url} -H "api-key: {key}" {_JSON} {_data(body)}', "It makes an account, Ex Ltd.")
    if kind == ApiKey.Kind.CENSUS:
        url = f"{base}/census"
        body = {"jsonrpc": "2.0", "id": 1, "method": "test_connection", "params": {}}
        return Told(url, f"curl {url} {bearer} {_JSON} {_data(body)}", "It asks whether the connection works.")
    if kind == ApiKey.Kind.TRACKING:
        url = f"{base}/v1"
        body = {"userId": "p-1007", "traits": {"name": "Ana Ruiz", "email": "ana@ex.test"}}
        return Told(url, f'curl {url}/identify -u "{key}:" {_JSON} {_data(body)}', "It makes a customer, Ana Ruiz.")
    if kind == ApiKey.Kind.API:
        url = f"{base}/api/v1"
        return Told(url, f"curl '{url}/customers?limit=5' {bearer}", "It lists five customers.", f"{base}/mcp")
    url = f"{base}/intake/feedback"
    body = {"external_id": "z-991", "title": "Exports are slow", "author": {"name": "Ana", "email": "ana@ex.test"}}
    return Told(url, f"curl {url} {bearer} {_JSON} {_data(body)}", "It makes a document, Exports are slow.")


def embedding(base: str, site_key: str) -> str:
    """What a page has in it to show the widget."""
    return f'<script src="{base}/widget.js?key={site_key}" async></script>'


def _data(body: dict[str, Any]) -> str:
    return f"-d '{json.dumps(body)}'"
