"""Does to Roster what Census does to a custom destination: tests it, reads its fields, and syncs two people.

ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python examples/census_driver.py
"""

import itertools
import os
from typing import Any

import requests

URL = os.environ.get("ROSTER_URL", "http://localhost:8000") + "/census"
HEADERS = {"Authorization": f"Bearer {os.environ['ROSTER_KEY']}"}
NUMBERS = itertools.count(1)


def call(method: str, **params: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": next(NUMBERS), "method": method, "params": params}
    said = requests.post(URL, json=body, headers=HEADERS, timeout=30).json()
    if "error" in said:
        raise SystemExit(f"{method}: {said['error']['message']}")
    return dict(said["result"])


print("Connection:", call("test_connection"))
user = next(one for one in call("list_objects")["objects"] if one["object_api_name"] == "user")
fields = {one["field_api_name"]: one for one in call("list_fields", object=user)["fields"]}
print("Fields:", ", ".join(fields))
print("Operations:", ", ".join(call("supported_operations", object=user)["operations"]))
print("Speed:", call("get_sync_speed"))

fields["lifetime_value"] = {"field_api_name": "lifetime_value", "label": "Lifetime value", "type": "decimal"}
records = [
    {"user_id": "p-1007", "email": "ana@ex.test", "name": "Ana Ruiz", "lifetime_value": "1234.50"},
    {"user_id": "p-1008", "email": "ben@ex.test", "name": "Ben Ode", "lifetime_value": "80.00"},
]
plan = {
    "object": user,
    "operation": "upsert",
    "sync_id": 1,
    "sync_run_id": 1,
    "schema": {name: {"active_identifier": name == "user_id", "field": fields[name]} for name in records[0]},
}
while records:
    results = call("sync_batch", sync_plan=plan, records=records)["record_results"]
    for one in results:
        print(one["identifier"], "synced" if one["success"] else one["error_message"])
    done = {one["identifier"] for one in results if one["success"]}
    again = [one for one in records if one["user_id"] not in done]
    records = again if len(again) < len(records) else []  # Census would try once more later
