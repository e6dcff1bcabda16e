"""What limited staff may not see is in no answer of any address, and is as absent as what is not there (3.5).

The walk asks every address there is. One that `PLACES` cannot fill fails: say there what its arguments are about.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from staff.models import User
from tests.staff.leaks_cast import PLAIN_EMAIL, SECRET, WORD, Cast, assemble

pytestmark = pytest.mark.django_db
ABSENT = 987_654_321

# What an address is about: by namespace and argument, or by the name of the address where that differs
PLACES = {
    "customers:pk": "customer", "customers:identifier_id": "identifier", "customers:note_id": "note",
    "customers:membership_id": "membership", "customers:tag_id": "tag", "customers:entry_id": "entry",
    "customers:bulk_edit:pk": "bulk", "customers:undo_merge:pk": "merge", "customers:dismiss_duplicate:pk": "duplicate",
    "documents:pk": "document", "documents:tag_id": "tag", "documents:entry_id": "entry",
    "documents:customer_id": "customer", "documents:bulk_edit:pk": "bulk",
    "surveys:customer_id": "customer", "surveys:pk": "survey", "usage:customer_id": "customer", "usage:pk": "account",
    "retention:pk": "customer", "retention:receipt:pk": "purge", "retention:download_receipt:pk": "purge",
    "retention:purge_again:pk": "purge",
    "accounts:pk": "account", "accounts:membership_id": "membership", "accounts:entry_id": "entry",
    "accounts:bulk_edit:pk": "bulk",
    "integrations:pk": "integration", "integrations:delivery:pk": "delivery", "integrations:replay:pk": "delivery",
    "link-rules:pk": "integration", "link-rules:rule_id": "linkrule",
    "integrations:key_id": "apikey", "integrations:replay_id": "replay",
    "audit:pk": "entry", "audit:history:pk": "customer", "imports:pk": "import", "policies:pk": "policy",
    "tags:pk": "tag", "outgoing:pk": "webhook", "outgoing:delivery_id": "webhook",
    "properties:pk": "property", "teams:pk": "team", "teams:account_id": "account", "teams:user_id": "user",
    "impersonation:of_customer:pk": "customer", "impersonation:of_account:pk": "account",
    "segments:pk": "segment", "segments:customer_id": "customer", "campaigns:pk": "campaign",
    "campaigns:customer_id": "customer", "account_feedback:pk": "account", "colleagues:pk": "user",
}  # fmt: skip
TEXTS = {
    "customers:filter:kind": "account", "documents:filter:kind": "account", "accounts:filter:kind": "property",
    "dashboard:search_count:kind": "people", "audit:history:kind": "customer", "usage:stream:kind": "account",
    "integrations:new:kind": "user", "customers:bulk_property:subject": "account",
    "key": "plan", "encoded": "x", "token": "x",
}  # fmt: skip
# Not of the dashboard: no staff see anything there, or everybody sees the same
ELSEWHERE = {"admin", "portal", "intake", "webhook", "census", "tracking", "mcp", "api", ""}


def addresses() -> Iterator[tuple[str, list[str]]]:
    """(name, arguments) of every address of the dashboard."""

    def walk(resolver: Any, namespace: str = "", above: frozenset[str] = frozenset()) -> Iterator[Any]:
        for one in resolver.url_patterns:
            arguments = above | one.pattern.converters.keys()
            if isinstance(one, URLResolver):
                yield from walk(one, one.namespace or namespace, arguments)
            elif isinstance(one, URLPattern) and namespace not in ELSEWHERE:
                yield f"{namespace}:{one.name}", sorted(arguments)

    yield from walk(get_resolver())


ADDRESSES = sorted(dict(addresses()).items())


def kind_of(name: str, argument: str) -> str:
    namespace = name.partition(":")[0]
    kind = PLACES.get(f"{name}:{argument}") or PLACES.get(f"{namespace}:{argument}")
    assert kind, f"Say in PLACES what the argument {argument} of {name} is about."
    return kind


def path_of(name: str, arguments: list[str], ids: dict[str, int], otherwise: dict[str, int] | int) -> str:
    filled: dict[str, Any] = {}
    for argument in arguments:
        text = TEXTS.get(f"{name}:{argument}") or TEXTS.get(argument)
        if text:
            filled[argument] = text
        else:
            kind = kind_of(name, argument)
            spare = otherwise if isinstance(otherwise, int) else otherwise.get(kind, ABSENT)
            filled[argument] = ids.get(kind, spare)
    return reverse(name, kwargs=filled)


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def client(cast: Cast) -> Client:
    found = Client(raise_request_exception=False)
    found.force_login(cast.eve)
    return found


def ask(client: Client, method: str, path: str, data: Any = None, **headers: str) -> Any:
    """One request whose changes are taken back."""
    with transaction.atomic():
        answer = getattr(client, method)(path, data or {}, headers=headers or None)
        answer.text_of = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(
            "utf-8", "replace"
        )
        transaction.set_rollback(True)
    assert answer.status_code != 500, f"{method} {path}"
    return answer


def says_nothing(answer: Any, what: str) -> None:
    said = f"{answer.text_of} {answer.headers} {answer.cookies}"
    found = re.search(SECRET, said, re.IGNORECASE)
    assert not found, f"{what} says: …{said[max(found.start() - 200, 0) : found.end() + 60]}…"


def queries(cast: Cast) -> list[dict[str, Any]]:
    """What addresses of lists can ask for, each naming what is hidden."""
    return [
        {}, {"q": WORD}, {"deleted": "true"}, {"account": cast.hidden["account"]},
        {"customer": cast.hidden["customer"]},
        {"cp.plan": f"contains:{WORD}"}, {"p.plan": "not_empty"}, {"ap.region": f"contains:{WORD}"}, {"by": "customer"},
        {"by": "account"}, {"by": "status"}, {"by": "cp.plan"}, {"with": cast.hidden["customer"]}, {"name": WORD},
        {"email": PLAIN_EMAIL}, {"search": WORD}, {"account_name": WORD, "apply": "1"}, {"company": WORD},
    ]  # fmt: skip


def sent(cast: Cast) -> dict[str, Any]:
    """What a form could hold that names what is hidden."""
    hidden = cast.hidden
    return {
        "id": [hidden["customer"], hidden["document"], hidden["account"], hidden["mixed"]], "action": "delete",
        "query": "", "customer": hidden["customer"], "account": hidden["account"], "with": hidden["customer"],
        "email": PLAIN_EMAIL, "kind": "email", "value": PLAIN_EMAIL, "name": "Somebody", "company": "Open Ltd",
        "key": "plan", "values": "x", "body": "x", "tag": "vip", "status": "x", "reason": "x", "role": "contact",
        "organisation": "Somewhere", "owner_email": PLAIN_EMAIL, "user": cast.eve.pk, "to": hidden["customer"],
    }  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), ADDRESSES, ids=[name for name, _ in ADDRESSES])
def test_no_answer_says_anything_of_what_is_hidden(cast: Cast, client: Client, name: str, arguments: list[str]) -> None:
    variants = {path_of(name, arguments, cast.seen, cast.hidden), path_of(name, arguments, cast.seen, ABSENT)}
    if "document" in {kind_of(name, one) for one in arguments if not (TEXTS.get(f"{name}:{one}") or TEXTS.get(one))}:
        variants.add(path_of(name, arguments, cast.seen | {"document": cast.hidden["mixed"]}, ABSENT))
    for path in variants:
        for query in queries(cast):
            says_nothing(ask(client, "get", path, query), f"GET {path} {query}")
        for headers in (
            {},
            {"HX-Request": "true", "HX-Target": "results"},
            {"HX-Request": "true", "HX-Target": "dialog"},
        ):
            says_nothing(ask(client, "post", path, sent(cast), **headers), f"POST {path} {headers}")


HIDEABLE = [
    (name, arguments) for name, arguments in ADDRESSES
    if any(not (TEXTS.get(f"{name}:{one}") or TEXTS.get(one)) for one in arguments)
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), HIDEABLE, ids=[name for name, _ in HIDEABLE])
def test_what_is_hidden_answers_as_what_is_not_there(
    cast: Cast, client: Client, name: str, arguments: list[str]
) -> None:
    tried = 0
    for argument in arguments:
        if TEXTS.get(f"{name}:{argument}") or TEXTS.get(argument):
            continue
        kind = kind_of(name, argument)
        for hiding in (kind, "gone" if kind == "customer" else "", "alone" if kind == "document" else ""):
            if hiding not in cast.hidden:
                continue
            tried += 1
            there = path_of(name, arguments, cast.seen | {kind: cast.hidden[hiding]}, ABSENT)
            absent = path_of(name, arguments, cast.seen | {kind: ABSENT}, ABSENT)
            for method in ("get", "post"):
                data = sent(cast) if method == "post" else None
                found, nothing = ask(client, method, there, data), ask(client, method, absent, data)
                assert found.status_code == nothing.status_code, f"{method} {there}"
                assert found.status_code in {301, 302, 303, 403, 404, 405, 422}, f"{method} {there}"
                assert plain(found, there) == plain(nothing, absent), f"{method} {there}"
    about = {kind_of(name, one) for one in arguments if not (TEXTS.get(f"{name}:{one}") or TEXTS.get(one))}
    assert tried or not about & cast.hidden.keys()


def plain(answer: Any, path: str) -> tuple[str, str]:
    """The body without the address and what is made anew for each answer."""
    body = answer.text_of.replace(path, "PATH")
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|reference[^<]*<[^>]*>[\w-]+', "", body)
    return body, answer.headers.get("Location", "").replace(path, "PATH")


def test_the_walk_meets_what_is_seen(cast: Cast, client: Client) -> None:
    """That the pages of the walk are not all empty."""
    for path, word in (
        ("/customers/", "Ana"), ("/documents/", "Of a stranger, about the account"), ("/search?q=Ana", "Ana"),
        (f"/customers/{cast.seen['customer']}/", "Open Ltd"),
        (f"/documents/{cast.hidden['mixed']}/", "not visible to you"),
        (f"/audit/history/customer/{cast.seen['customer']}/", "Open Ltd"), ("/documents/groups/?by=customer", "Ana"),
    ):  # fmt: skip
        answer = ask(client, "get", path)
        assert answer.status_code == 200, path
        assert word in answer.text_of, path


def test_whom_nothing_limits_meets_what_is_hidden_everywhere(cast: Cast) -> None:
    """That the walk would find it."""
    client, hidden = Client(), cast.hidden
    client.force_login(User.objects.get(email="ada@roster.example"))
    for path in (
        "/customers/", "/documents/", f"/customers/{cast.seen['customer']}/", f"/documents/{hidden['mixed']}/",
        f"/documents/of/{cast.seen['customer']}/", f"/surveys/of/{cast.seen['customer']}/", "/customers/?deleted=true",
        f"/audit/history/customer/{cast.seen['customer']}/", "/documents/groups/?by=account", f"/search?q={WORD}",
        "/customers/duplicates/", "/imports/", f"/customers/bulk/{hidden['bulk']}/",
    ):  # fmt: skip
        assert SECRET in ask(client, "get", path).text_of.lower(), path


def test_an_email_of_somebody_hidden_cannot_be_used_and_changes_nothing(cast: Cast, client: Client) -> None:
    """The one disclosed exception."""
    ana, document = cast.seen["customer"], cast.seen["document"]
    for path, data in (
        ("/customers/new/", {"email": PLAIN_EMAIL, "name": "New", "company": "Open Ltd"}),
        (f"/customers/{ana}/identifiers/", {"kind": "email", "value": PLAIN_EMAIL}),
        (f"/customers/{ana}/identifiers/{cast.seen['identifier']}/", {"value": PLAIN_EMAIL}),
        (f"/documents/{document}/customer/new/", {"email": PLAIN_EMAIL, "name": "New"}),
    ):
        answer = ask(client, "post", path, data)
        assert answer.status_code == 422, path
        assert "email cannot be used here; ask an admin" in answer.text_of, path
        says_nothing(answer, path)
