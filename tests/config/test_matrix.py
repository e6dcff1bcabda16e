"""Every address, by every method, for every kind of caller, against the written table of `matrix.py` (reliability 16).

A refused request changes nothing, a safe method changes nothing whoever asks, and what a caller may not see answers
byte for byte as what is not there. Each request is taken back, so that none spoils the cast for the next.
"""

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import zeal
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

from audit.models import Change
from tests.config.matrix_cast import ABSENT, CALLERS, CUSTOMERS, IMPERSONATING, Cast, assemble
from tests.config.matrix_reading import Line, addresses, admin_addresses, lines

pytestmark = pytest.mark.django_db

TABLE = lines()
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
SHORT, SHORT_OTHERS = METHODS[:2], ("GET", "POST", "PUT", "DELETE")
SAFE = {"GET", "HEAD", "OPTIONS"}
GIVEN = {"GET": {200, 204, 302, 303}, "POST": {200, 201, 204, 302, 303, 409, 422}}
LIMITED = {"limited support", "limited admin"}
IN_PORTAL = {*IMPERSONATING, *CUSTOMERS}
# What is left out without --long: the same answers as of others, or the same refusals
EVERY_METHOD = {"anonymous": SHORT_OTHERS, "superuser": SHORT_OTHERS}
ELSEWHERE_TOO = LIMITED | IN_PORTAL | {"superuser"}
OF_ONESELF = {  # nobody else's are to be had, whatever one may see
    "passkey", "deletion", "document_deletion", "account_deletion", "tagging", "document_tagging", "account_setting",
}  # fmt: skip
FORM = {
    "id": "1", "action": "delete", "kind": "email", "value": "new@ex.test", "email": "new@ex.test", "name": "Somebody",
    "key": "plan", "values": "x", "body": "x", "tag": "vip", "status": "x", "reason": "x", "role": "contact",
    "title": "x", "password": "wrong",
}  # fmt: skip


class Walk:
    """The requests of one caller, and what was not as it is written."""

    def __init__(self, caller: str, cast: Cast, *, whole: bool) -> None:
        self.methods = METHODS if whole else EVERY_METHOD.get(caller, SHORT)
        self.looks_elsewhere = whole or caller in ELSEWHERE_TOO
        self.caller, self.cast, self.wrong, self.counts = caller, cast, [], Counter()  # type: ignore[var-annotated]
        self.addresses: set[str] = set()
        self.cookies = deepcopy(cast.client.cookies)

    def ask(self, method: str, path: str) -> tuple[Any, bool]:
        """The answer, and whether anything was changed; everything is as before afterwards."""
        self.cast.client.cookies = deepcopy(self.cookies)
        with transaction.atomic(), zeal.zeal_ignore():
            before = last_change()
            answer = self.cast.client.generic(method, path, *self.encoded(method))
            answer.said = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
            changed = last_change() != before
            transaction.set_rollback(True)
        self.counts["requests"] += 1
        return answer, changed

    def encoded(self, method: str) -> tuple[str, str]:
        form = FORM | {"customer": self.cast.here["other_customer"]} if method == "POST" else {}
        return urlencode(form), "application/x-www-form-urlencoded"

    def line(self, line: Line) -> None:
        self.addresses.add(line.name)
        for method in self.methods:
            path = path_of(line, self.cast.here)
            answer, changed = self.ask(method, path)
            expected = self.expected(line, method)
            what = f"{self.caller}: {method} {path} ({line.name})"
            if outcome(answer, method, line) not in expected:
                said = f"{answer.status_code} {answer.headers.get('Location', '')}"
                self.wrong.append(f"{what} is {said}, not {' or '.join(sorted(expected))}")
            if changed and (method in SAFE or "given" not in expected):
                self.wrong.append(f"{what} changed something")
            if "given" not in expected:
                self.counts["refused"] += 1
        for argument in line.kinds if self.looks_elsewhere else ():
            for method in SHORT:
                self.elsewhere(line, argument, method)

    def report(self, request: pytest.FixtureRequest) -> None:
        """Leaves the size and the result for the end of the run, and fails for what was wrong."""
        found = {**self.counts, "wrong": len(self.wrong), "addresses": sorted(self.addresses), "callers": [self.caller]}
        request.node.user_properties.append(("authorisation matrix", found))
        assert not self.wrong, "\n".join(self.wrong)

    def expected(self, line: Line, method: str) -> set[str]:
        as_ = {"HEAD": "GET", "OPTIONS": "GET"}.get(method, method)
        none = line.may.get(as_, "-") == "-"
        if line.may.get(as_) == "key":
            return {"no key", "no such method"} if method in {"HEAD", "OPTIONS"} else {"no key"}
        if of_the_api(line):  # which has PUT, PATCH and DELETE
            return {"no key", "no such method"}
        if line.name == "api:nothing":
            return {"given", "404"}
        if line.name == "intake:widget" and method == "OPTIONS":  # browsers ask first, and there is no such site
            return {"404"}
        if line.name.startswith("portal:") and self.caller == "expired":
            return {"ended"}
        if not none and line.allows(self.caller, as_):
            return {"given", "no such method"} if method in {"HEAD", "OPTIONS"} else {"given"}
        anything = any(line.allows(self.caller, one) for one in SHORT)
        refusal = "sign in" if self.caller in {"anonymous", "deactivated"} else "forbidden"
        if not none:
            return {refusal, "no such method"} if method in {"HEAD", "OPTIONS"} else {refusal}
        if self.caller in IMPERSONATING and line.name.startswith("portal:") and method not in SAFE:
            return {"no such method", "forbidden"}
        return {"no such method"} if anything else {"no such method", refusal}

    def elsewhere(self, line: Line, argument: str, method: str) -> None:
        """What is hidden, and what is not there, by one of the numbers: the very same answer."""
        if not line.allows(self.caller, method) or (line.name.startswith("portal:") and self.caller == "expired"):
            return
        kind = line.kinds[argument]
        absent = path_of(line, self.cast.here, **{argument: ABSENT})
        nothing, _ = self.ask(method, absent)
        if nothing.status_code != 404:
            self.wrong.append(f"{self.caller}: {method} {absent} ({line.name}) is {nothing.status_code}, not 404")
        limited = LIMITED if not line.name.startswith("portal:") else IN_PORTAL
        if kind not in self.cast.hidden or not (self.caller in limited or kind in OF_ONESELF):
            return
        there = path_of(line, self.cast.here, **{argument: self.cast.hidden[kind]})
        found, changed = self.ask(method, there)
        self.counts["hidden"] += 1
        if plain(found, there) != plain(nothing, absent):
            what = f"{found.status_code} beside {nothing.status_code}"
            self.wrong.append(f"{self.caller}: {method} {there} ({line.name}) is not answered as absent: {what}")
        if changed:
            self.wrong.append(f"{self.caller}: {method} {there} ({line.name}) changed something hidden")


def last_change() -> Any:
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first()


def path_of(line: Line, ids: dict[str, int], **instead: int) -> str:
    filled = {name: text.strip('"') for name, text in line.arguments.items() if name not in line.kinds}
    if line.name.startswith("/"):
        return line.name
    return reverse(line.name, kwargs=filled | {name: ids[kind] for name, kind in line.kinds.items()} | instead)


def outcome(answer: Any, method: str, line: Line) -> str:
    """What the answer comes to, in the words of `expected`."""
    status, location = answer.status_code, answer.headers.get("Location", "")
    if location.startswith(("/sign-in/?next=", "/admin/login/")):
        return "sign in"
    if status == 302 and location == "/customers/" and line.name.startswith("portal:"):
        return "ended"
    names = {401: "no key", 403: "forbidden", 405: "no such method"}
    as_ = "POST" if method == "POST" else "GET"
    given = {line.status[as_]} if as_ in line.status else GIVEN[as_]
    return names.get(status) or ("given" if status in given else str(status))


def plain(answer: Any, path: str) -> tuple[int, str, str, list[str]]:
    """The answer without its address and what is made anew for each."""
    body = answer.said.decode(errors="replace").replace(path, "PATH")
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"', "", body)
    headers = sorted(name for name in answer.headers if name not in {"Content-Length", "Server-Timing"})
    return answer.status_code, body, answer.headers.get("Location", "").replace(path, "PATH"), headers


@pytest.fixture(autouse=True)
def _without_counters() -> Iterator[None]:
    """Nobody is told to wait because of the requests of somebody else."""
    cache.clear()
    yield
    cache.clear()


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    there = dict(addresses())
    assert sorted(there.keys() - TABLE.keys()) == [], "Say in tests/config/matrix.py who may open these."
    assert sorted(TABLE.keys() - there.keys()) == [], "There are no such addresses: take their lines out."
    for name, arguments in there.items():
        assert sorted(TABLE[name].arguments) == sorted(arguments), name


@pytest.mark.parametrize("caller", CALLERS)
def test_everybody_gets_what_is_written_and_nothing_else(caller: str, request: pytest.FixtureRequest) -> None:
    whole = request.config.getoption("--long")
    walk = Walk(caller, assemble(caller), whole=whole)
    for line in TABLE.values():
        if whole or caller not in IMPERSONATING or in_portal(line):
            walk.line(line)
    walk.report(request)


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "superuser"])
def test_the_django_admin_refuses_all_but_superusers(caller: str, request: pytest.FixtureRequest) -> None:
    """Address by address; what superusers can do there is told by test_django_admin.py."""
    if not (request.config.getoption("--long") or caller in {"anonymous", "admin"}):
        pytest.skip("Runs with --long; refused as admins without it are")
    walk = Walk(caller, assemble(caller), whole=False)
    for path in admin_addresses():
        for method in SHORT if request.config.getoption("--long") else SHORT[1:]:
            answer, changed = walk.ask(method, path)
            walk.addresses.add(path)
            sent_away = urlsplit(answer.headers.get("Location", "")).path in {"/admin/login/", "/sign-in/", "/admin/"}
            if changed or not (answer.status_code == 403 or (answer.status_code == 302 and sent_away)):
                walk.wrong.append(f"{caller}: {method} {path} is {answer.status_code}")
            walk.counts["refused"] += 1
    walk.report(request)


def of_the_api(line: Line) -> bool:
    return line.name.startswith("api:") and "public" not in line.may["GET"]


def in_portal(line: Line) -> bool:
    """Where impersonating makes somebody else of them; anywhere else they are the admin that they were."""
    return line.name.startswith(("portal:", "impersonation:"))
