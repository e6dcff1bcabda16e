from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from integrations.intake import EARLIEST, LATEST, moment_of

BIGGEST = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=BIGGEST)]
MOST = 1_000  # records of a bulk call
RECORD = "x-record"  # stands for a reference until the document is whole
MANY = Field(min_length=1, max_length=MOST)
ShortText = Annotated[str, Field(max_length=320)]
Moment = Annotated[
    datetime,
    WithJsonSchema({"type": "string", "format": "date-time", "description": "ISO 8601, UTC"}),
]


def _moment(value: Any) -> Any:
    """Unix seconds, 13 digits as milliseconds, or ISO 8601 (contracts 'Common')."""
    if value is None:
        return None
    try:
        moment = moment_of(value)
    except ValueError:
        raise ValueError("Must be a time: Unix seconds, or ISO 8601 such as 2026-02-03T14:30:00Z") from None
    if not EARLIEST <= moment < LATEST:
        raise ValueError("Must be between the years 1970 and 2200")
    return moment


MomentIn = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0}],
         "description": "ISO 8601, or Unix seconds; 13 digits are milliseconds"}
    ),
]  # fmt: skip


class Taken(Schema):
    """Anything that is sent. Numbers may stand for text: many systems send their IDs so."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class Fault(Schema):
    model_config = ConfigDict(extra="allow")
    code: str
    message: str
    fields: dict[str, list[str]] | None = Field(None, description="What is wrong, by the path of the field")


class Error(Schema):
    error: Fault
    reference: str = Field(description="Tell it to whoever looks into the problem")


def _listed(value: Any) -> dict[str, list[Any]]:
    """Values by key, always lists; null is none."""
    if not isinstance(value, dict):
        raise ValueError("must be an object of values by key")
    found: dict[str, list[Any]] = {}
    for key, one in value.items():
        values = one if isinstance(one, list) else [] if one is None else [one]
        if any(isinstance(each, dict | list) for each in values):
            raise ValueError(f"{key} must be a text, a number, a boolean, or a list of them")
        found[key] = [each for each in values if each is not None]
    return found


_SCALAR = [{"type": "string", "maxLength": 2000}, {"type": "number"}, {"type": "boolean"}]
Properties = Annotated[
    Any,
    AfterValidator(_listed),
    WithJsonSchema(
        {
            "type": "object",
            "description": "Values by key: one, or a list. [] or null clears one; keys left out stay.",
            "additionalProperties": {"anyOf": [*_SCALAR, {"type": "array", "items": {"anyOf": _SCALAR}, "maxItems": 50},
                                               {"type": "null"}]},
            "propertyNames": {"pattern": "^[A-Za-z0-9_.]{1,100}$"},
        }
    ),
]  # fmt: skip
Values = Annotated[
    dict[str, list[Any]],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "array", "items": {"anyOf": _SCALAR}}}),
]


def many(name: str) -> dict[str, Any]:
    """The schema of the records of a bulk call; each of them is looked at by itself."""
    return {"type": "array", "items": {RECORD: name}, "minItems": 1, "maxItems": MOST}
