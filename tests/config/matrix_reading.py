"""How the written table of the authorisation matrix is read, and which addresses there are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.sites import site
from django.urls import URLPattern, URLResolver, get_resolver

from tests.config.matrix import TABLE

STAFF_WITH = {
    "viewer": {"viewer", "support", "admin", "superuser", "limited support", "limited admin"},
    "support": {"support", "admin", "superuser", "limited support", "limited admin"},
    "admin": {"admin", "superuser", "limited admin"},
    "superuser": {"superuser"},
}
CUSTOMERS = {"owner", "member", "stranger"}
IMPERSONATING = {"looking", "acting", "expired"}


@dataclass(frozen=True)
class Line:
    """One address: `may` is whom each method is for, `status` what they get where that is unusual."""

    name: str
    may: dict[str, str]
    status: dict[str, int]
    arguments: dict[str, str]

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of record that each argument names."""
        return {name: kind for name, kind in self.arguments.items() if not kind.startswith('"')}

    def allows(self, caller: str, method: str) -> bool:
        return caller in callers_of(self.may[method])


def callers_of(words: str) -> set[str]:
    """The kinds of caller whom an entry of the table names."""
    if words in {"-", "key", "nobody"}:
        return set()
    people = STAFF_WITH["viewer"] | IMPERSONATING | CUSTOMERS
    if words.rstrip("!") in STAFF_WITH:
        found = STAFF_WITH[words.rstrip("!")] | (IMPERSONATING if "admin" in STAFF_WITH[words.rstrip("!")] else set())
        return found - {"limited support", "limited admin"} if words.endswith("!") else found
    return {
        "public": people | {"anonymous", "deactivated"},
        "person": people,
        "customer": CUSTOMERS | {"looking", "acting"},
        "acting": CUSTOMERS | {"acting"},
        "acting owner": {"owner", "stranger", "acting"},
        "themselves": CUSTOMERS,
        "owner": {"owner", "stranger"},
    }[words]


def lines() -> dict[str, Line]:
    found: dict[str, Line] = {}
    for text in filter(None, map(str.strip, TABLE.splitlines())):
        name, get, post, *rest = re.split(r"\s{2,}", text)
        may, status = {}, {}
        for method, entry in (("GET", get), ("POST", post)):
            words, _, number = re.fullmatch(r"(\D+?)( (\d+))?", entry).groups()  # type: ignore[union-attr]
            may[method] = words
            if number:
                status[method] = int(number)
        assert name not in found, f"{name} stands twice in the table."
        found[name] = Line(name, may, status, dict(part.split("=") for part in " ".join(rest).split()))
    return found


def addresses(
    resolver: Any = None, namespace: str = "", before: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[str]]]:
    """(name, arguments) of every address but Django's own admin's; one without a name is called by its path."""
    for one in (resolver or get_resolver()).url_patterns:
        if getattr(one, "namespace", None) == "admin":
            continue
        arguments = (*before, *(one.pattern.converters or one.pattern.regex.groupindex))
        if isinstance(one, URLResolver):
            yield from addresses(one, one.namespace or namespace, arguments)
        elif isinstance(one, URLPattern):
            yield f"{namespace}:{one.name}" if namespace else one.name or f"/{one.pattern}", list(arguments)


def admin_addresses() -> Iterator[str]:
    """Every path of Django's own admin, with 1 for each argument, and one app for all."""
    for one in site.urls[0]:
        inner = [str(below.pattern) for below in one.url_patterns] if isinstance(one, URLResolver) else [""]
        first = re.sub(r"^\^\(\?P<app_label>(\w+).*", r"\1/", str(one.pattern))
        yield from ("/admin/" + re.sub(r"<[^>]+>", "1", first + rest) for rest in inner)
