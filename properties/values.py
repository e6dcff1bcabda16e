"""Typed values of properties: from what people type or systems send, to what is stored, to what is shown (2.7).

Stored values are JSON: text, choice and URL are strings; numbers are exact; dates are ISO strings, `YYYY-MM-DD` or
`YYYY-MM-DDTHH:MM:SSZ`; booleans are booleans. A property holds a list of them.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.dateparse import parse_date, parse_datetime

from core.text import problem, tidy
from properties.models import Definition

VALUE_LIMIT = 2_000
VALUES_LIMIT = 50
NUMBER_DIGITS = 30

Value = str | int | bool | Decimal
Type = Definition.Type

_YES, _NO = {"yes", "true", "1", "on", "y"}, {"no", "false", "0", "off", "n"}
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][+-]?\d{1,2})?")
_web_address = URLValidator(schemes=["http", "https"])


def cast(type_: str, raw: object) -> Value:
    """One value of this type from text or JSON. Raises ValidationError with a sentence that says how to fix it."""
    if isinstance(raw, str):
        fault = problem(raw, limit=VALUE_LIMIT)
        if fault:
            raise ValidationError(fault, code="invalid_text")
        raw = raw.strip()
    match type_:
        case Type.NUMBER:
            return _number(raw)
        case Type.DATE:
            return _date(raw)
        case Type.BOOLEAN:
            return _boolean(raw)
        case Type.URL:
            return _url(raw)
        case _:
            return _text(raw)


def cast_all(definition: Definition, raws: Sequence[object]) -> list[Value]:
    """The list to store; blank ones and repeats are left out. Raises ValidationError."""
    if len(raws) > VALUES_LIMIT:
        raise ValidationError(f"At most {VALUES_LIMIT} values; this has {len(raws)}.", code="too_many")
    values: list[Value] = []
    for raw in raws:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            continue
        value = cast(definition.type, raw)
        if definition.type == Type.CHOICE and definition.choices and value not in definition.choices:
            raise ValidationError(f"Choose one of: {', '.join(map(str, definition.choices))}.", code="invalid_choice")
        if not any(value == known and type(value) is type(known) for known in values):
            values.append(value)
    return values


def type_of(value: object) -> str:
    """The type that a property takes from the first value sent for it."""
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, int | float | Decimal):
        return Type.NUMBER
    return Type.TEXT


def shown(value: object, type_: str = Type.TEXT) -> str:
    """The value for people to read: 'Yes', '12,480.5', '3 Feb 2026'."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float | Decimal):
        return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    if type_ == Type.DATE and isinstance(value, str):
        moment = parse_datetime(value) if "T" in value else None
        if moment:
            return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
        day = parse_date(value[:10])
        return f"{day.day} {day:%b %Y}" if day else value
    return str(value)


def as_input(value: object) -> str:
    """The value as one would type it again: `cast` gives the same value back."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if not isinstance(raw, str | int | float | Decimal):
        raise ValidationError("Must be text.", code="wrong_type")
    text = str(raw) if not isinstance(raw, str) else tidy(raw)
    if not text:
        raise ValidationError("Must not be empty.", code="empty")
    return text


def _number(raw: object) -> int | Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValidationError("Must be a number, such as 12 or 12.5.", code="wrong_type")
    text = str(raw)
    if isinstance(raw, str):
        if not text or not _NUMBER.fullmatch(text):
            raise ValidationError("Must be a number, such as 12 or 12.5.", code="wrong_type")
        text = text.replace(",", "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValidationError("Must be a number, such as 12 or 12.5.", code="wrong_type") from None
    if (
        not number.is_finite()
        or abs(number.adjusted()) > NUMBER_DIGITS
        or len(number.as_tuple().digits) > NUMBER_DIGITS
    ):
        raise ValidationError(f"Must have at most {NUMBER_DIGITS} digits.", code="too_long")
    if number == number.to_integral_value():
        return int(number)
    return number.normalize()


def _date(raw: object) -> str:
    if isinstance(raw, datetime):
        return _moment(raw)
    if isinstance(raw, date):
        return raw.isoformat()
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        seconds = float(raw)
        try:
            return _moment(
                datetime.fromtimestamp(seconds / (1000 if abs(seconds) >= 1e12 else 1), UTC)
            )  # or milliseconds
        except (ValueError, OverflowError, OSError):
            raise ValidationError("Must be a date between the years 1 and 9999.", code="wrong_type") from None
    fault = ValidationError("Must be a date, such as 2026-02-03 or 2026-02-03T14:30:00Z.", code="wrong_type")
    if not isinstance(raw, str):
        raise fault
    try:
        if len(raw) == 10:
            day = parse_date(raw)
            if day:
                return day.isoformat()
        moment = parse_datetime(raw)
    except ValueError:
        raise fault from None
    if not moment:
        raise fault
    return _moment(moment)


def _moment(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError:
        raise ValidationError("Must be a date between the years 1 and 9999.", code="wrong_type") from None


def _boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).lower() if isinstance(raw, str | int) else ""
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValidationError("Must be yes or no.", code="wrong_type")


def _url(raw: object) -> str:
    text = _text(raw)
    try:
        _web_address(text)
    except ValidationError:
        raise ValidationError(
            "Must be a web address that begins with http:// or https://.", code="wrong_type"
        ) from None
    return text
