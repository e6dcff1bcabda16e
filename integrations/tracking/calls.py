"""One call of a tracking client, checked: who, when, what (contracts 3)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

from core.text import problem
from customers.identifying import USER_ID_LIMIT
from integrations.intake import EARLIEST, moment_of
from integrations.tracking.reading import TYPES

EVENTS = ("track", "page", "screen")
MESSAGE_LIMIT = 200


class Wrong(Exception):
    """What is wrong with a call: the path of the field, and a sentence that holds no value."""

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.field, self.message, self.code = field, message, code


@dataclass(slots=True)
class Call:
    """`at` is when it happened, by the server's clock; `body` what was sent. `traits` are those of identify and group,
    the properties of events."""

    place: int
    type: str
    at: datetime
    body: dict[str, Any]
    message_id: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    previous_id: str = ""
    traits: dict[str, Any] = field(default_factory=dict)

    @property
    def is_event(self) -> bool:
        return self.type in EVENTS


def call_of(body: Any, place: int, now: datetime) -> Call:
    """The call that `body` is. Raises Wrong."""
    if not isinstance(body, dict):
        raise Wrong("", "Must be an object.")
    kind = body.get("type")
    if kind not in TYPES:
        raise Wrong("type", f"Must be one of: {', '.join(TYPES)}.")
    call = Call(
        place, kind, _happened(body, now), body, _message_id(body), _text(body, "userId"), _text(body, "anonymousId"),
        traits=_mapping(body, "properties" if kind in EVENTS else "traits"),
    )  # fmt: skip
    if kind == "alias":
        call.previous_id = _text(body, "previousId")
        _require(call.previous_id, "previousId")
        _require(call.user_id, "userId")
    elif not (call.user_id or call.anonymous_id):
        raise Wrong("userId", "Send userId or anonymousId.")
    if kind == "group":
        call.group_id = _text(body, "groupId")
        _require(call.group_id, "groupId")
    if kind == "track":
        _require(_text(body, "event", limit=10_000), "event")
    return call


def _happened(body: dict[str, Any], now: datetime) -> datetime:
    """The moment by our clock: the sender's clock may be wrong, but it is as wrong in `sentAt` as in `timestamp`.

    What was received before (`receivedAt`, in the body of a replay) counts from then. Never in the future: such a call
    would win over all that follow.
    """
    received = _moment(body, "receivedAt") or now
    happened, sent = _moment(body, "timestamp"), _moment(body, "sentAt")
    if happened and sent:
        try:
            happened = received - (sent - happened)
        except OverflowError:
            raise Wrong("timestamp", "Must be between the years 1970 and 2200.") from None
    return max(EARLIEST, min(happened or received, received, now))


@lru_cache(4_096)  # what was sent together has much in common
def _parsed(text: str) -> datetime:
    return moment_of(text)


def _moment(body: dict[str, Any], name: str) -> datetime | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        return _parsed(value) if isinstance(value, str) else moment_of(value)
    except (ValueError, OverflowError):
        raise Wrong(name, "Must be a time: ISO 8601 such as 2026-02-03T14:30:00Z, or Unix seconds.") from None


def _message_id(body: dict[str, Any]) -> str:
    """The ID that repeats have too; of a longer one its hash."""
    text = _text(body, "messageId", limit=10_000)
    return text if len(text) <= MESSAGE_LIMIT else sha256(text.encode()).hexdigest()


def _text(body: dict[str, Any], name: str, *, limit: int = USER_ID_LIMIT) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)  # many systems send their IDs as numbers
    if not isinstance(value, str):
        raise Wrong(name, "Must be text.")
    fault = problem(value, limit=limit)
    if fault:
        raise Wrong(name, fault)
    return value.strip()


def _mapping(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Wrong(name, "Must be an object.")
    return value or {}


def _require(text: str, name: str) -> None:
    if not text:
        raise Wrong(name, "Must not be empty.")
