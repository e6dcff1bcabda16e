"""The MCP server as the official client sees it, unchanged, in its newest mode and in the one that begins with
`initialize`; and as anybody sees it who sends something else."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.test import Client as Browser
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from accounts.models import Account, Team, TeamAccount
from audit.models import Entry, Source
from customers.models import Customer, Note, Segment
from feedback.models import Document
from integrations.models import ApiKey
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory

READ = ["customers:read", "documents:read", "accounts:read"]
MODES = ["auto", "legacy"]


def make_key(*scopes: str, **options: Any) -> str:
    source, _ = Source.objects.get_or_create(kind="api", name="Agent")
    return ApiKey.objects.issue(kind="api", name="Agent", scopes=list(scopes), source=source, **options)[1]


def cast() -> dict[str, Any]:
    lumen, other = AccountFactory(name="Lumen", external_id="org-1"), AccountFactory(name="Umbra")
    ana = CustomerFactory(
        name="Ana Ruiz", email=["ana@lumen.example", "ana.ruiz@home.example"], phone="+34600111222", user_id="p-1",
        handle="twitter:ana", account=lumen, tags=["VIP"], properties={"plan": ["Team"], "seats": [5]},
    )  # fmt: skip
    bo = CustomerFactory(name="Bo", email="bo@umbra.example", account=other)
    Note.objects.create(customer=ana, body="Call her on +34 600 111 222 or at ana@lumen.example")
    paper = DocumentFactory(
        title="Export fails", body="Write to ana@lumen.example or +34 600 111 222, or (212) 736-5000 please",
        customer=ana, account=lumen,
        author={"name": "Ana", "email": "ana@lumen.example"}, author_email="ana@lumen.example",
    )  # fmt: skip
    DocumentFactory(title="Umbra's own", body="Nothing", customer=bo, account=other)
    return {"ana": ana, "bo": bo, "lumen": lumen, "other": other, "paper": paper}


def with_client(url: str, key: str, ask: Callable[[Client], Any], mode: str = "auto") -> Any:
    async def run() -> Any:
        async with (
            httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await ask(client)

    return asyncio.run(run())


def call(url: str, key: str, tool: str, mode: str = "auto", **arguments: Any) -> Any:
    async def ask(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    return with_client(url, key, ask, mode)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", MODES)
def test_the_official_client_lists_and_calls_every_tool_in_both_generations_of_the_protocol(
    live_server: Any, mode: str
) -> None:
    people, key = cast(), make_key(*READ)

    async def ask(client: Client) -> Any:
        tools = (await client.list_tools()).tools
        called = {
            "list_customers": {}, "get_customer": {"email": "ANA@lumen.example"}, "list_documents": {"query": "export"},
            "get_document": {"id": people["paper"].pk}, "list_accounts": {}, "search": {"query": "ana"},
            "get_account": {"id": people["lumen"].pk},
        }  # fmt: skip
        results = {name: await client.call_tool(name, given) for name, given in called.items()}
        return client.protocol_version, tools, results

    version, tools, results = with_client(live_server.url, key, ask, mode)
    assert version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
    assert {tool.name for tool in tools} == set(results)
    assert all(tool.annotations.read_only_hint and tool.input_schema and tool.output_schema for tool in tools)
    assert [name for name, result in results.items() if result.is_error] == []
    said = {name: result.structured_content for name, result in results.items()}
    assert {row["name"] for row in said["list_customers"]["items"]} == {"Ana Ruiz", "Bo"}
    assert said["get_customer"]["properties"] == {"plan": ["Team"], "seats": [5]}
    assert [place["account"] for place in said["get_customer"]["memberships"]] == ["Lumen"]
    assert [row["title"] for row in said["list_documents"]["items"]] == ["Export fails"]
    assert said["get_document"]["customer_id"] == people["ana"].pk
    assert said["get_account"]["external_id"] == "org-1"
    assert [row["id"] for row in said["search"]["customers"]] == [people["ana"].pk]
    assert json.loads(results["search"].content[0].text) == said["search"]


# From here without a client: its requests are the same whatever is asked


HEADERS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}


def post(key: str, body: Any, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = HEADERS | ({"authorization": f"Bearer {key}"} if key else {}) | headers
    return Browser(raise_request_exception=True).post("/mcp", raw, content_type="application/json", headers=sent)


def ask(key: str, tool: str, **arguments: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    response = post(key, message)
    assert response.status_code == 200, response.content
    return response.json()["result"]


def tools(key: str) -> set[str]:
    response = post(key, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    return {tool["name"] for tool in response.json()["result"]["tools"]}


@pytest.mark.django_db
def test_tools_are_listed_and_called_by_the_scopes_of_the_key() -> None:
    key = make_key("customers:read")
    assert tools(key) == {"list_customers", "get_customer", "search"}
    assert tools(make_key("documents:read")) == {"list_documents", "get_document", "search"}
    assert ask(key, "list_documents")["isError"]
    cast()
    found = ask(key, "search", query="export")["structuredContent"]
    assert found["documents"] == []
    assert post(make_key("usage:write"), {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).status_code == 403


@pytest.mark.django_db
def test_contact_details_are_masked_wherever_they_stand_unless_the_key_may_reveal_them() -> None:
    people = cast()
    key, open_key = make_key(*READ), make_key(*READ, "contacts:reveal")
    for tool, given in [
        ("get_customer", {"id": people["ana"].pk}), ("list_customers", {}), ("list_documents", {}),
        ("get_document", {"id": people["paper"].pk}), ("search", {"query": "ana"}),
    ]:  # fmt: skip
        said = json.dumps(ask(key, tool, **given), ensure_ascii=False)
        secret = ("ana@lumen", "ana.ruiz", "600111222", "600 111 222", "736-5000", "twitter:ana")
        assert [detail for detail in secret if detail in said] == [], (tool, said)
    shown = ask(open_key, "get_customer", id=people["ana"].pk)["structuredContent"]
    assert (shown["phones"], shown["handles"]) == (["+34600111222"], ["twitter:ana"])
    hidden = ask(key, "get_customer", id=people["ana"].pk)["structuredContent"]
    assert (hidden["phones"], hidden["handles"]) == (["•••22"], ["twitter:•••"])
    assert hidden["primary_email"] == "a•••@lumen.example"
    assert hidden["user_ids"] == ["p-1"]


@pytest.mark.django_db
def test_a_key_of_a_team_sees_only_what_the_team_may_view() -> None:
    people = cast()
    team = Team.objects.create(name="Lumen's")
    TeamAccount.objects.create(team=team, account=people["lumen"])
    key = make_key(*READ, team=team)
    assert [row["name"] for row in ask(key, "list_customers")["structuredContent"]["items"]] == ["Ana Ruiz"]
    assert [row["name"] for row in ask(key, "list_accounts")["structuredContent"]["items"]] == ["Lumen"]
    assert [row["title"] for row in ask(key, "list_documents")["structuredContent"]["items"]] == ["Export fails"]
    absent = ask(key, "get_customer", id=987_654_321)
    assert ask(key, "get_customer", id=people["bo"].pk) == absent
    assert ask(key, "get_customer", email="bo@umbra.example") == absent
    assert ask(key, "get_account", id=people["other"].pk)["isError"]
    assert ask(key, "search", query="umbra")["structuredContent"] == {"customers": [], "documents": [], "accounts": []}


@pytest.mark.django_db
def test_every_call_is_in_the_audit_log_also_one_that_failed() -> None:
    people, key = cast(), make_key(*READ)
    ask(key, "get_customer", id=people["ana"].pk)
    ask(key, "get_customer", id=987_654_321)
    ask(key, "search", query="ana@lumen.example")
    one, failed, search = Entry.objects.filter(verb="tool.called").order_by("pk")
    assert (one.via, one.subject_type, one.subject_id) == ("mcp", "customer", people["ana"].pk)
    assert one.facts == {"tool": "get_customer", "key_id": ApiKey.objects.get().pk}
    assert failed.facts["failed"]
    assert search.facts | {"key_id": 0} == {
        "tool": "search", "key_id": 0, "customers": 1, "documents": 1, "accounts": 0,
    }  # fmt: skip


@pytest.mark.django_db
def test_lists_filter_by_names_and_go_on_where_they_ended() -> None:
    people, key = cast(), make_key(*READ)
    segment = Segment.objects.create(name="Pilots")
    segment.members.create(customer=people["bo"])

    def names(**given: Any) -> list[str]:
        return [row["name"] for row in ask(key, "list_customers", **given)["structuredContent"]["items"]]

    assert names(tag="vip") == ["Ana Ruiz"]
    assert names(segment="pilots") == ["Bo"]
    assert names(channel="email", sort="name") == ["Ana Ruiz", "Bo"]
    first = ask(key, "list_customers", limit=1, sort="name")["structuredContent"]
    assert names(limit=1, sort="name", cursor=first["next"]) == ["Bo"]
    for wrong in (
        {"tag": "nope"}, {"cursor": "abc"}, {"limit": 0}, {"sort": "size"}, {"nonsense": 1}, {"limit": "many"},
        {"query": 5}, {"channel": "fax"}, {"cursor": first["next"], "sort": "-name"},
    ):  # fmt: skip
        assert ask(key, "list_customers", **wrong)["isError"], wrong
    assert ask(key, "list_documents", customer_id=2**62)["isError"]
    assert ask(key, "list_documents", customer_id=people["bo"].pk)["structuredContent"]["items"][0]["customer"] == "Bo"


@pytest.mark.django_db
def test_who_was_deleted_is_absent_and_who_was_merged_leads_to_the_survivor() -> None:
    people, key = cast(), make_key(*READ)
    Document.objects.filter(customer=people["bo"]).update(customer=None, link="none")
    Customer.objects.filter(pk=people["bo"].pk).update(state="merged", merged_into=people["ana"])
    assert ask(key, "get_customer", id=people["bo"].pk)["structuredContent"]["id"] == people["ana"].pk
    Customer.objects.filter(pk=people["ana"].pk).update(state="deleted")
    assert ask(key, "get_customer", id=people["ana"].pk)["isError"]
    assert Account.objects.count() == 2


@pytest.mark.django_db
def test_only_post_is_answered_and_no_page_of_another_site() -> None:
    key, message = make_key(*READ), {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for method in ("get", "delete", "put", "options"):
        response = getattr(Browser(), method)("/mcp", headers={"authorization": f"Bearer {key}"})
        assert (response.status_code, response["Allow"]) == (405, "POST")
    assert post(key, message, origin="https://elsewhere.example").status_code == 403
    assert post(key, message, origin="null").status_code == 403
    assert post("", message, origin="https://elsewhere.example").status_code == 403
    assert post(key, message, origin="http://testserver").status_code == 200
    assert post("", message).status_code == 401
    assert post("roster_1_wrong", message)["WWW-Authenticate"] == "Bearer"
    source, _ = Source.objects.get_or_create(kind="user", name="Users")
    assert post(ApiKey.objects.issue(kind="user", name="U", scopes=[], source=source)[1], message).status_code == 403


NESTED = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28", "1999-01-01", "", "\x7f"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", NESTED, b'{"jsonrpc":"2.0"}', b'{"id":NaN}',
        {}, {"jsonrpc": "1.0", "id": 1, "method": "tools/list"}, {"jsonrpc": "2.0", "id": {}, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 1, "method": 5}, {"jsonrpc": "2.0", "id": 1, "method": "nope"}, CALL,
        CALL | {"params": []}, CALL | {"params": {"name": 5}}, CALL | {"params": {"name": "x\ud800"}},
        CALL | {"params": {"name": "get_customer", "arguments": []}},
        CALL | {"params": {"name": "get_customer", "arguments": {"id": 10**30}}},
        CALL | {"params": {"name": "get_customer", "arguments": {"email": "a\0b"}}},
        CALL | {"params": {"name": "list_customers", "arguments": {"query": '"' * 300}}},
        CALL | {"params": {"name": "list_documents", "arguments": {"query": "(((&|!", "cursor": "W10"}}},
        CALL | {"id": None}, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 7}},
        [{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}],
    ],
    ids=repr,
)  # fmt: skip
def test_nothing_that_can_be_sent_is_an_error_of_the_server(body: Any, version: str) -> None:
    response = post(make_key(*READ), body, **{"mcp-protocol-version": version})
    assert 200 <= response.status_code < 500
    if response.content:
        assert "jsonrpc" in json.loads(response.content)
