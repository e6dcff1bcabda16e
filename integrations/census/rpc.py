"""JSON-RPC 2.0 as Census speaks it: one request a body, answered with a result or an error, never both."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from integrations.answers import Refused, answer, bearer, body_of

PARSE, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, SERVER = -32700, -32600, -32601, -32602, -32000


class RpcError(Exception):
    """What is wrong with a request, as a code of the protocol and a sentence that holds no value."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Call:
    id: str | int | float | None
    method: str
    params: dict[str, Any]


def key_of(request: HttpRequest) -> str:
    """The key: a bearer token, or in the address, for connections without one."""
    return bearer(request) or request.GET.get("census_authentication", "")


def call_of(request: HttpRequest) -> Call:
    """What the request calls. Raises Refused for what is no JSON object, RpcError for what is no request."""
    body = body_of(request)
    request.rpc_id = _id(body)  # type: ignore[attr-defined]
    if body.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'jsonrpc: Must be "2.0".')
    if "id" not in body or request.rpc_id != body["id"]:  # type: ignore[attr-defined]
        raise RpcError(INVALID_REQUEST, "id: Must be text, a number or null.")
    method, params = body.get("method"), body.get("params", {})
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "method: Must be text.")
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "params: Must be an object.")
    return Call(_id(body), method, params)


def result(call: Call, value: dict[str, Any]) -> HttpResponse:
    return answer({"jsonrpc": "2.0", "id": call.id, "result": value})


def error(
    request: HttpRequest, code: int, message: str, status: int = 200, data: dict[str, Any] | None = None
) -> HttpResponse:
    said = {"code": code, "message": message} | ({"data": data} if data else {})
    return answer({"jsonrpc": "2.0", "id": getattr(request, "rpc_id", None), "error": said}, status)


def refusal(request: HttpRequest, refused: Refused, reference: str) -> HttpResponse:
    """A refused request as an error of the protocol, with the status that says the same."""
    codes = {400: PARSE if refused.message.startswith("The body") else INVALID_REQUEST, 405: INVALID_REQUEST}
    code = codes.get(refused.status, SERVER)
    return error(request, code, refused.message, refused.status, {"code": refused.code, "reference": reference})


def _id(body: dict[str, Any]) -> Any:
    value = body.get("id")
    return None if isinstance(value, bool | dict | list) else value
