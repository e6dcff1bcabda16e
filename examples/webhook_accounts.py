"""Sends accounts to a Roster by its webhook, 15 a request, and prints what became of each.

ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python examples/webhook_accounts.py
"""

import json
import os
import urllib.request

URL = os.environ.get("ROSTER_URL", "http://localhost:8000") + "/webhook/accounts/custom"
KEY = os.environ["ROSTER_KEY"]
ACCOUNTS = [
    {
        "id": "org-7",
        "createdAt": "2024-11-01T00:00:00Z",
        "attributes": {"Name": {"s": ["Ex Ltd"]}, "plan": {"s": ["Team"]}, "ARR": {"n": [1200.5]}},
    },
    {"id": "org-8", "attributes": {"plan": {"s": []}}},  # an empty list clears the plan
]


def send(accounts: list[dict[str, object]]) -> None:
    body = json.dumps({"accounts": accounts}).encode()
    request = urllib.request.Request(URL, body, {"api-key": KEY, "Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        answer = json.load(response)
    for result in answer["results"]:
        print(result["id"], result["status"], result.get("message", ""))
    print("Reference:", answer["reference"])


if __name__ == "__main__":
    for first in range(0, len(ACCOUNTS), 15):
        send(ACCOUNTS[first : first + 15])
