"""A request of a tracking client read safely: unpacked within limits, its key found, its calls taken apart."""

import base64
import binascii
import zlib
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from core.json import dumps
from integrations.answers import Refused, bearer, object_of

CALL_LIMIT, BATCH_LIMIT = 32 * 1024, 500 * 1024  # bytes, as the protocol has it
TYPES = ("identify", "group", "track", "page", "screen", "alias")
BATCHES = ("batch", "import")
OURS = {"writeKey", "receivedAt"}  # a secret that nobody keeps, and what only the server knows


def key_of(request: HttpRequest) -> str:
    """The write key: the user name of Basic authentication, or `writeKey` in the body."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(text.strip(), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    if scheme or request.content_type != "application/json":
        return bearer(request)
    named = body_of(request).get("writeKey")
    return named if isinstance(named, str) else ""


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object, read once. Raises Refused."""
    if not hasattr(request, "tracking_body"):
        request.tracking_body = _read(request)  # type: ignore[attr-defined]
    return request.tracking_body  # type: ignore[attr-defined]


def calls_of(request: HttpRequest, kind: str) -> list[Any]:
    """What the request asks for, call by call, each with what the batch says for all. Raises Refused."""
    body = body_of(request)
    if kind not in BATCHES:
        return [_with(body, {}) | {"type": kind}]
    calls = body.get("batch")
    if not isinstance(calls, list):
        raise Refused(400, "malformed", "batch: Must be a list of calls.", {"batch": ["Must be a list of calls."]})
    if len(request.body) > CALL_LIMIT or "Content-Encoding" in request.headers:
        for place, call in enumerate(calls):
            if len(dumps(call).encode()) > CALL_LIMIT:
                _too_large(CALL_LIMIT, f"batch.{place}")
    shared: dict[str, Any] = {name: body[name] for name in ("context", "sentAt") if name in body}
    return [_with(call, shared) if isinstance(call, dict) else call for call in calls]


def _with(call: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    whole = {**shared, **call}
    for name in OURS & whole.keys():
        del whole[name]
    outer, own = shared.get("context"), call.get("context")
    if isinstance(outer, dict) and isinstance(own, dict):
        whole["context"] = {**outer, **own}
    return whole


def _read(request: HttpRequest) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise Refused(415, "not_json", "Send the body as application/json.")
    limit = BATCH_LIMIT if request.path.rstrip("/").rpartition("/")[2] in BATCHES else CALL_LIMIT
    try:
        raw = request.body
    except RequestDataTooBig:
        _too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    except UnreadablePostError:
        raise Refused(400, "malformed", "The body ended early.") from None
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        raw = _unpacked(raw, limit)
    elif encoding not in ("", "identity"):
        raise Refused(415, "unknown_encoding", "Send the body as it is, or packed with gzip.")
    if len(raw) > limit:
        _too_large(limit)
    return object_of(raw)


def _unpacked(raw: bytes, limit: int) -> bytes:
    """What gzip packed, of which never more than `limit` is unpacked."""
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = reader.decompress(raw, limit + 1)
    except zlib.error:
        raise Refused(400, "malformed", "The body is not valid gzip.") from None
    if len(unpacked) > limit:
        _too_large(limit)
    if not reader.eof:
        raise Refused(400, "malformed", "The body ended early.")
    return unpacked


def _too_large(limit: int, path: str = "") -> NoReturn:
    message = f"Must be at most {limit:,} bytes."
    raise Refused(400, "too_large", f"{path or 'body'}: {message}", {path: [message]} if path else None)
