"""Receives Roster's webhooks and checks their signatures.

ROSTER_WEBHOOK_SECRET=whsec_… PORT=9000 python examples/webhook_receiver.py
"""

import base64
import hashlib
import hmac
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = base64.b64decode(os.environ["ROSTER_WEBHOOK_SECRET"].removeprefix("whsec_"))
SEEN: set[str] = set()  # a real receiver keeps these in its database


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        identity, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = f"{identity}.{timestamp}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
        genuine = any(hmac.compare_digest(expected, one) for one in self.headers["webhook-signature"].split())
        if not genuine or abs(time.time() - int(timestamp)) > 300:
            self.send_response(401)
        else:
            if identity not in SEEN:  # an event may come twice
                SEEN.add(identity)
                print(body.decode(), flush=True)
            self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
