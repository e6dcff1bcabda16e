"""The official SDK's server for one request: its tools are Roster's, and each call is in the audit log (contracts 5).

The SDK speaks every revision of the protocol; nothing is kept between requests, so any process may answer the next.
"""

import logging
from typing import Any

import anyio
import mcp_types as types
import structlog
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import ValidationError as WrongArguments

from api.mcp_asking import Answer, Fault, Question
from api.mcp_masking import masked, plain
from api.mcp_tools import Tool, tools_of
from audit.actor import Actor
from audit.recording import recorded
from core import clock
from core.json import dumps
from integrations.models import ApiKey

logger = structlog.get_logger(__name__)
logging.getLogger("mcp").setLevel(logging.ERROR)  # it tells of every request; and says what a caller sent wrong

INSTRUCTIONS = (
    "A directory of customers, their feedback and their accounts, to read only. Lists come in pages: pass `next` as"
    " `cursor`. Emails, phones and handles are masked unless the key may reveal them."
)
READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def serve(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """The SDK's answer to this request. Tools run in this thread, on its database connection."""
    response: HttpResponse = async_to_sync(_serve)(request, key)
    return response


async def _serve(request: HttpRequest, key: ApiKey) -> HttpResponse:
    messages = [{"type": "http.request", "body": request.body, "more_body": False}]
    response = HttpResponse(status=500)
    parts: list[bytes] = []

    async def receive() -> Any:
        if not messages:
            await anyio.sleep_forever()
        return messages.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            response.status_code = message["status"]
            for name, value in message.get("headers", []):
                if name.lower() != b"content-length":
                    response[name.decode("latin-1")] = value.decode("latin-1")
        else:
            parts.append(message.get("body", b""))

    manager = StreamableHTTPSessionManager(_server(key), json_response=True, stateless=True)
    async with manager.run():
        await manager.handle_request(_scope(request), receive, send)
    response.content = b"".join(parts)
    return response


def _scope(request: HttpRequest) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in request.headers.items()
            if name.lower() not in {"authorization", "cookie"}
        ],
    }


def _server(key: ApiKey) -> Server[Any]:
    async def list_tools(ctx: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(name, tool) for name, tool in tools_of(key).items()])

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await sync_to_async(called)(key, params.name, params.arguments or {})

    return Server(
        "roster", title="Roster", version="1", instructions=INSTRUCTIONS, on_list_tools=list_tools,
        on_call_tool=call_tool,
    )  # fmt: skip


def _described(name: str, tool: Tool) -> types.Tool:
    return types.Tool(
        name=name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema(),
        annotations=READ_ONLY,
    )


def called(key: ApiKey, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
    """What the tool found, or why it found nothing as a result that says so. In the audit log either way."""
    now = clock.now()
    facts = {"tool": name if name in tools_of(key) else "", "key_id": key.pk}
    try:
        with recorded(Actor.of_source(key.source, via="mcp"), "tool.called", now=now, facts=facts) as entry:
            answer = _answer(key, name, arguments, Question(key, now))
            entry.facts |= answer.found
            if answer.about is not None:
                entry.about(answer.about)
    except Fault as fault:
        problem = str(fault)
    except DatabaseError as error:
        logger.warning("A tool had no answer.", tool=facts["tool"], problem=type(error).__name__)
        problem = "This took too long or could not be read. Ask for less, or try again."
    else:
        body = plain(answer.body)
        body = body if "contacts:reveal" in key.scopes else masked(body)
        return types.CallToolResult(content=[types.TextContent(type="text", text=dumps(body))], structured_content=body)
    with recorded(Actor.of_source(key.source, via="mcp"), "tool.called", now=now, facts=facts | {"failed": True}):
        return types.CallToolResult(content=[types.TextContent(type="text", text=problem)], is_error=True)


def _answer(key: ApiKey, name: str, arguments: dict[str, Any], question: Question) -> Answer:
    tool = tools_of(key).get(name)
    if tool is None:
        raise Fault("There is no such tool for this key.")
    try:
        return tool.call(tool.takes(**arguments), question)
    except WrongArguments as wrong:
        raise Fault(_said(wrong)) from None
    except ValidationError as error:
        raise Fault(" ".join(error.messages)) from None


def _said(wrong: WrongArguments) -> str:
    """What is wrong with the arguments, by name and without their values."""
    faults = wrong.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults[:5])
