"""A real HTTP server that receives webhooks, and can be made to behave as badly as one wants."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came, in order: (headers, body). `usual` is how each is answered: a status, a way to misbehave,
    or what says so of a body."""

    url: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    usual: Any = 204

    def behave(self, body: bytes) -> Any:
        return self.usual(body) if callable(self.usual) else self.usual


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        self.receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.close_connection = True
        how = self.receiver.behave(body)
        if isinstance(how, int):
            self.send_response(how)
            if 300 <= how < 400:
                self.send_header("Location", self.receiver.url + "elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how == "hang":
            time.sleep(5)
        elif how == "trickle":  # each byte in time, and never an end
            with contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 200 " + b"x" * 100:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.1)
        elif how == "garbage":
            self.wfile.write(b"\x00\xffSSH-2.0-nothing\r\n\r\n")
        elif how == "endless headers":
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n")
        elif how == "endless body":
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
                for _ in range(1000):
                    self.wfile.write(b"x" * 65536)
        elif how == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: Any) -> None:
        pass


@contextlib.contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()
    handler = type("Mine", (Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
