"""Contact details as a key without `contacts:reveal` gets them: that there is one, and not which (contracts 5).

Applied to a whole answer at once, whatever field the detail stands in: names, feedback and notes hold them, too.
"""

import re
from decimal import Decimal
from typing import Any

import phonenumbers
from django.conf import settings

EMAIL = re.compile(r"([^\s@<>()\[\],;:\"']{1,64})@((?:[\w-]+\.)+[\w-]{2,})")
PHONE = re.compile(r"\+\d[\d ().\-/]{6,}\d")
ENOUGH_DIGITS = re.compile(r"(?:\d\D{0,3}){7}")
SEARCHED = 20_000  # characters of a text that are looked at for phones without +
DETAILS = {"phones", "primary_phone", "phone", "handles", "handle"}  # whatever stands in these is one
MOMENTS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def masked(value: Any, field: str = "") -> Any:
    """The same answer without emails, phones and handles."""
    if isinstance(value, dict):
        return {name: masked(one, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [masked(one, field) for one in value]
    if not isinstance(value, str) or MOMENTS.fullmatch(value):
        return value
    if field in DETAILS and value and "@" not in value[1:]:
        return hidden(value)
    text = EMAIL.sub(lambda found: f"{found[1][0]}•••@{found[2]}", value)
    text = PHONE.sub(lambda found: hidden(found[0]), text)
    return _without_phones(text) if field in {"title", "body", "beginning", "notes", "text"} else text


def hidden(value: str) -> str:
    """`twitter:ana` as twitter:•••, `+34600111222` as •••22."""
    network, colon, _ = value.partition(":")
    return f"{network}:•••" if colon else f"•••{value[-2:]}"


def _without_phones(text: str) -> str:
    if not ENOUGH_DIGITS.search(text[:SEARCHED]):
        return text[:SEARCHED]
    text = text[:SEARCHED]
    for found in reversed(list(phonenumbers.PhoneNumberMatcher(text, settings.DEFAULT_PHONE_REGION))):
        text = text[: found.start] + hidden(found.raw_string) + text[found.end :]
    return text


def plain(value: Any) -> Any:
    """JSON without decimals: numbers where a float says the same, else text."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return value
