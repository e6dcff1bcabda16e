"""What every endpoint for other systems shares: keys, bodies read safely, errors of one shape (contracts 'Common')."""

import functools
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from core import clock
from core.json import dumps, loads
from integrations.models import ApiKey
from properties.values import NUMBER_DIGITS
from staff.permissions import by_key

DEPTH_LIMIT = 32
LENGTH_LIMIT = 10_000  # members of one list or object

Endpoint = Callable[..., HttpResponse]
Guarded = Callable[..., HttpResponseBase]


class Refused(Exception):
    """A request that is not taken, with the answer that says why."""

    def __init__(
        self, status: int, code: str, message: str, fields: Mapping[str, list[str]] | None = None, *,
        facts: Mapping[str, Any] | None = None, **headers: str,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.code, self.message, self.fields = status, code, message, fields or {}
        self.facts = facts or {}  # more about it for the program that reads, such as whom a customer was merged into
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(dumps(body), status=status, content_type="application/json", headers=dict(headers or {}))


def bearer(request: HttpRequest) -> str:
    """The text of the key where most callers put it; "" for none."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def refusal(request: HttpRequest, refused: Refused, reference: str) -> HttpResponse:
    """The answer to a refused request, in the shape that most callers know."""
    error: dict[str, Any] = {"code": refused.code, "message": refused.message, **refused.facts}
    if refused.fields:
        error["fields"] = refused.fields
    return answer({"error": error, "reference": reference}, refused.status)


def endpoint(
    kind: str, *, methods: tuple[str, ...] = ("POST",), key_of: Callable[[HttpRequest], str] = bearer,
    refusal_of: Callable[[HttpRequest, Refused, str], HttpResponse] = refusal,
) -> Callable[[Endpoint], Guarded]:  # fmt: skip
    """A view for holders of a key of `kind`, who get JSON whatever happens. Cookies are ignored.

    `key_of` finds the key's text where a protocol puts it, and `refusal_of` says no in the protocol's own shape.
    """

    def decorate(view: Endpoint) -> Guarded:
        @by_key
        @csrf_exempt
        @functools.wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            reference = f"r_{secrets.token_hex(6)}"
            headers: dict[str, str] = {}
            try:
                if request.method not in methods:
                    raise Refused(405, "method_not_allowed", f"Use {' or '.join(methods)}.", Allow=", ".join(methods))
                key = _key(key_of(request), kind)
                headers = _within_limit(key)
                response = view(request, key, *args, reference=reference, **kwargs)
            except Refused as refused:
                response = refusal_of(request, refused, reference)
                headers |= refused.headers
            for name, value in headers.items():
                response[name] = value
            return response

        return answered

    return decorate


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object. Raises Refused 400, 413 or 415, with the path of what is wrong."""
    if request.content_type != "application/json":
        raise Refused(415, "not_json", "Send the body as application/json.")
    try:
        raw = request.body
    except RequestDataTooBig:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raise Refused(413, "too_large", f"The body must be at most {most:,} bytes.") from None
    except UnreadablePostError:
        raise Refused(400, "malformed", "The body ended early.") from None
    return object_of(raw)


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object that these bytes are. Raises Refused 400, with the path of what is wrong."""
    try:
        value = loads(raw.decode("utf-8-sig"), object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise _malformed(f"not valid JSON at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise _malformed("not valid JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Refused(400, "malformed", "The body must be a JSON object.")
    fault = _fault(value)
    if fault:
        path, message = fault
        raise Refused(400, "malformed", f"{path or 'body'}: {message}", {path: [message]})
    return value


class _Repeating(dict[str, Any]):
    """An object in which `key` stands twice: readers disagree about what that says, so nobody may send it."""

    key = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        found = _Repeating(found)
        found.key = next(name for name, many in Counter(name for name, _ in pairs).items() if many > 1)
    return found


def _malformed(what: str) -> Refused:
    return Refused(400, "malformed", f"The body is {what}.", {"body": [f"Is {what}."]})


def invalid(error: ValidationError, prefix: str = "") -> Refused:
    """The 422 that names every wrong field by its path."""
    if hasattr(error, "error_dict"):
        fields = {f"{prefix}{name}": messages for name, messages in error.message_dict.items()}
    else:
        fields = {prefix.rstrip("."): error.messages}
    first, messages = next(iter(fields.items()))
    return Refused(422, "invalid", f"{first}: {messages[0]}" if first else messages[0], fields)


def _key(text: str, kind: str) -> ApiKey:
    now = clock.now()
    key = ApiKey.objects.of_secret(text, now) if text else None
    if key is None:
        raise Refused(
            401, "unauthorized", "Send a valid key as 'Authorization: Bearer roster_…'.", WWW_Authenticate="Bearer"
        )
    if key.kind != kind:
        raise Refused(403, "wrong_key", f"This key is for {key.get_kind_display()}, not for this address.")
    key.used(now)
    return key


def _within_limit(key: ApiKey) -> dict[str, str]:
    """Counts the request in the key's minute. Without Redis nobody is limited."""
    limit, now = key.rate_limit or settings.RATE_LIMIT_PER_MINUTE, int(time.time())
    name, ends = f"rate:{key.pk}:{now // 60}", (now // 60 + 1) * 60
    cache.add(name, 0, timeout=120)
    try:
        used = cache.incr(name)
    except ValueError:  # it expired in between
        used = 1
    told = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, limit - used)),
        "X-RateLimit-Reset": str(ends),
    }
    if used > limit:
        wait: dict[str, Any] = {name.replace("-", "_"): value for name, value in told.items()}
        raise Refused(429, "too_many", "Too many requests this minute.", None, Retry_After=str(ends - now), **wait)
    return told


def _fault(value: Any, path: str = "", depth: int = 0) -> tuple[str, str] | None:
    """The path and the fault of the first thing in `value` that Roster does not take, or None."""
    match value:
        case str():
            if "\x00" in value:
                return path, "must not contain the NUL character"
            if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
                return path, "must not contain half of a surrogate pair"
        case bool() | None:
            return None
        case int() | Decimal():
            number = Decimal(value)
            if abs(number.adjusted()) > NUMBER_DIGITS or len(number.as_tuple().digits) > NUMBER_DIGITS:
                return path, f"must have at most {NUMBER_DIGITS} digits"
        case dict() | list():
            if depth >= DEPTH_LIMIT:
                return path, f"must be nested at most {DEPTH_LIMIT} levels deep"
            if len(value) > LENGTH_LIMIT:
                return path, f"must have at most {LENGTH_LIMIT:,} members"
            if isinstance(value, _Repeating):
                return f"{path}.{value.key}".lstrip("."), "must stand only once in its object"
            members = value.items() if isinstance(value, dict) else enumerate(value)
            for name, member in members:
                below = f"{path}.{name}" if path else str(name)
                fault = (_fault(name, path) if isinstance(name, str) else None) or _fault(member, below, depth + 1)
                if fault:
                    return fault
    return None
