"""Sends one piece of feedback to a Roster, with a key or signed (Standard Webhooks). Needs nothing but Python.

ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python examples/intake_feedback.py "The export stops."
ROSTER_URL=http://localhost:8000 ROSTER_SECRET=whsec_… python examples/intake_feedback.py "The export stops."
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.request
import uuid


def headers_of(body: bytes) -> dict[str, str]:
    if key := os.environ.get("ROSTER_KEY"):
        return {"Authorization": f"Bearer {key}"}
    secret = base64.b64decode(os.environ["ROSTER_SECRET"].removeprefix("whsec_"))
    id_, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    signature = hmac.digest(secret, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id_, "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }  # fmt: skip


def main(text: str) -> None:
    url = os.environ.get("ROSTER_URL", "http://localhost:8000")
    feedback = {
        "external_id": f"example-{hashlib.sha256(text.encode()).hexdigest()[:12]}",  # sent twice, it is kept once
        "body": text,
        "author": {"name": "Ana Ruiz", "email": "ana@ex.test"},
        "metadata": {"userEmail": "ana@ex.test"},
    }
    body = json.dumps(feedback).encode()
    headers = {"Content-Type": "application/json", **headers_of(body)}
    request = urllib.request.Request(f"{url}/intake/feedback", data=body, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        print(answer.status, answer.read().decode())


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "The export stops.")
