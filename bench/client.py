"""A browser in a few lines: keeps its connection and its cookies, and takes the time of each answer."""

import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

PARTIAL = {"HX-Request": "true", "HX-Target": "results"}


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    milliseconds: float
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", path, headers=headers)

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"Host": f"localhost:{self.port}", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        started = time.perf_counter()
        try:
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # the server ended an idle connection
            self.connection.close()
            started = time.perf_counter()
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
        content = response.read()
        taken = (time.perf_counter() - started) * 1000
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, content, taken, dict(response.headers))

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://localhost:{self.port}",
        }
        return self.request("POST", path, body=urlencode(form).encode(), headers=headers)

    def sign_in(self, email: str, password: str) -> None:
        page = self.get("/sign-in/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        form = {"csrfmiddlewaretoken": token[1] if token else "", "login": email, "password": password}
        answer = self.post("/sign-in/", form)
        if answer.status not in {302, 303}:
            raise SystemExit(f"Signing in as {email} answered {answer.status}.")


def signed_in(port: int) -> Client:
    client = Client(port)
    client.sign_in("support@roster.example", "roster-demo")
    return client
