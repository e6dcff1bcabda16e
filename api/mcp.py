"""POST /mcp: agents ask, read-only, with a key (contracts 5)."""

from django.http import HttpRequest, HttpResponse

from integrations.answers import Refused, answer, bearer, body_of, endpoint
from integrations.models import ApiKey

PARSE_ERROR, INVALID_REQUEST = -32700, -32600  # JSON-RPC's codes


def key_of(request: HttpRequest) -> str:
    """The key's text, for callers that are no other site's page in a browser."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.get_host()}":
        raise Refused(403, "foreign_origin", "Pages of other sites may not ask.")
    return bearer(request)


def refusal(request: HttpRequest, refused: Refused, reference: str) -> HttpResponse:
    """Why a request was refused, as JSON-RPC says it."""
    error = {
        "code": PARSE_ERROR if refused.status == 400 else INVALID_REQUEST,
        "message": refused.message,
        "data": {"code": refused.code, "reference": reference},
    }
    return answer({"jsonrpc": "2.0", "id": None, "error": error}, refused.status)


@endpoint(ApiKey.Kind.API, key_of=key_of, refusal_of=refusal)
def serve(request: HttpRequest, key: ApiKey, *, reference: str) -> HttpResponse:
    """One message of the protocol, whichever revision; 403 for a key that may read nothing."""
    from api import mcp_serving, mcp_tools  # only a web server imports the SDK when it starts (api/apps.py)

    if not mcp_tools.tools_of(key):
        raise Refused(403, "missing_scope", "This key may read nothing: it needs customers:read or the like.")
    body_of(request)
    return mcp_serving.serve(request, key)
