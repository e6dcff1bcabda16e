"""Sends users to a Roster by its webhook, 15 a request, and prints what became of each.

ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python examples/webhook_users.py
"""

import json
import os
import urllib.request

URL = os.environ.get("ROSTER_URL", "http://localhost:8000") + "/webhook/users/custom"
KEY = os.environ["ROSTER_KEY"]
USERS = [
    {
        "id": "p-1007",
        "createdAt": 1730419200,
        "attributes": {
            "Name": {"s": ["Ana Ruiz"]},
            "Email": {"s": ["ana@ex.test"]},
            "AccountId": {"s": ["org-7"]},
            "Contact": {"b": [True]},
            "Seats": {"n": [12]},
            "Region": {"s": ["EU", "UK"]},
        },
    },
    {"id": "p-1008", "attributes": {"Name": {"s": ["Bo Berg"]}, "Seats": {"n": ["twelve"]}}},  # is rejected: no number
]


def send(users: list[dict[str, object]]) -> None:
    body = json.dumps({"users": users}).encode()
    request = urllib.request.Request(URL, body, {"api-key": KEY, "Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        answer = json.load(response)
    for result in answer["results"]:
        print(result["id"], result["status"], result.get("message", ""))
    print("Reference:", answer["reference"])


if __name__ == "__main__":
    for first in range(0, len(USERS), 15):
        send(USERS[first : first + 15])
