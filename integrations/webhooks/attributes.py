"""Typed attributes as the user and account webhooks send them: `{"Seats": {"n": [12]}}` (contracts 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from core.text import problem
from integrations.intake import EARLIEST, LATEST, moment_of
from properties.models import Definition
from properties.values import VALUES_LIMIT, cast

ID_LIMIT, ATTRIBUTES_LIMIT = 200, 200
Type = Definition.Type
TYPES = {"s": Type.TEXT, "n": Type.NUMBER, "b": Type.BOOLEAN, "d": Type.DATE}
_EXPECTED = {"s": "a text", "n": "a number", "b": "true or false", "d": "a time"}


class Wrong(Exception):
    """A record that is not taken: why, in the words of the answer. No value is repeated in them."""

    def __init__(self, code: str, message: str, field: str) -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


@dataclass(slots=True)
class Attribute:
    """What was sent under one name; `values` are of its type, times as ISO text."""

    name: str
    type: str
    values: list[Any]


@dataclass(slots=True)
class Sent:
    """One record: its ID in the sender's system, and its attributes by their names in lower case."""

    id: str
    created_at: datetime | None = None
    attributes: dict[str, Attribute] = field(default_factory=dict)

    def take(self, name: str) -> Attribute | None:
        """The attribute of this name, in any letter case, which no one else gets then."""
        return self.attributes.pop(name.casefold(), None)


def sent_of(record: Any) -> Sent:
    """What the record says. Raises Wrong for the first thing that cannot be understood."""
    if not isinstance(record, dict):
        raise Wrong("invalid_record", "Expected an object with an id and attributes.", "")
    attributes = record.get("attributes")
    if attributes is not None and not isinstance(attributes, dict):
        raise Wrong("invalid_attribute", "attributes: expected an object", "attributes")
    if attributes and len(attributes) > ATTRIBUTES_LIMIT:
        raise Wrong("invalid_attribute", f"attributes: at most {ATTRIBUTES_LIMIT}", "attributes")
    sent = Sent(id_of(record), _created_at(record))
    for name, said in (attributes or {}).items():
        if name.casefold() in sent.attributes:
            raise invalid(name, "stands twice, in another letter case")
        sent.attributes[name.casefold()] = _attribute(name, said)
    return sent


def id_of(record: Mapping[str, Any]) -> str:
    """Raises Wrong."""
    said = record.get("id")
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)  # many systems number what they have
    if not isinstance(said, str) or not said.strip() or problem(said, limit=ID_LIMIT):
        raise Wrong("invalid_id", f"id: expected a text of 1 to {ID_LIMIT} characters", "id")
    return said.strip()


def invalid(name: str, what: str) -> Wrong:
    return Wrong("invalid_attribute", f"{name}: {what}", f"attributes.{name}")


def _created_at(record: Mapping[str, Any]) -> datetime | None:
    said = record.get("createdAt")
    if said is None:
        return None
    try:
        moment = moment_of(said)
    except (ValueError, ArithmeticError):
        moment = None
    if moment is None or not EARLIEST <= moment < LATEST:
        raise Wrong("invalid_time", "createdAt: expected Unix seconds or an ISO 8601 time", "createdAt")
    return moment


def _attribute(name: str, said: Any) -> Attribute:
    if not isinstance(said, dict) or len(said) != 1 or not TYPES.keys() >= said.keys():
        raise invalid(name, "expected one of s, n, b and d with a list of values")
    [(tag, values)] = said.items()
    if not isinstance(values, list):
        raise invalid(name, f"expected a list under {tag}")
    if len(values) > VALUES_LIMIT:
        raise invalid(name, f"at most {VALUES_LIMIT} values")
    return Attribute(name, TYPES[tag], [_value(name, tag, value) for value in values])


def _value(name: str, tag: str, value: Any) -> Any:
    fits = {
        "s": isinstance(value, str),
        "n": isinstance(value, int | Decimal) and not isinstance(value, bool),
        "b": isinstance(value, bool),
        "d": isinstance(value, str | int | Decimal) and not isinstance(value, bool),
    }[tag]
    if not fits:
        raise invalid(name, f"expected {_EXPECTED[tag]}")
    if tag != "d":
        return value
    try:
        return cast(Type.DATE, value if isinstance(value, str) else moment_of(value))
    except (ValidationError, ValueError, ArithmeticError):
        raise invalid(name, "expected a time") from None
