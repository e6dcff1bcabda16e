"""JSON whose numbers stay what they were: decimals are read and written as `Decimal`, never through float (2.7)."""

import json
from decimal import Decimal
from typing import Any

import simplejson
from django.db import models


class ExactDecoder(json.JSONDecoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_float": Decimal})


class ExactEncoder(json.JSONEncoder):
    def encode(self, o: Any) -> str:
        return dumps(o)


class ExactJSONField(models.JSONField):
    """A JSON column that gives back decimals exactly. To the database it is a plain JSON column."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "encoder": ExactEncoder, "decoder": ExactDecoder})

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            return _exact(value)
        except (TypeError, ValueError):
            return super().from_db_value(value, expression, connection)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, options = super().deconstruct()
        options.pop("encoder"), options.pop("decoder")
        return name, "django.db.models.JSONField", list(args), options


_exact = ExactDecoder().decode  # made once: `json.loads` makes a decoder for each text
_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def dumps(value: Any) -> str:
    """JSON text of `value`, decimals as numbers with every digit. NaN and infinities raise ValueError."""
    try:
        return _plain(value)  # several times faster, and most values hold no decimal
    except TypeError:
        return simplejson.dumps(value, use_decimal=True, allow_nan=False, ensure_ascii=False)


def indented(value: Any) -> str:
    """The same on many lines, for people."""
    return simplejson.dumps(value, use_decimal=True, allow_nan=False, ensure_ascii=False, indent=2)


def loads(text: str | bytes, **options: Any) -> Any:
    """The value of JSON `text`; numbers with a fraction become `Decimal`. Raises ValueError for NaN and the like.

    `options` are those of `json.loads`.
    """
    return json.loads(text, cls=ExactDecoder, parse_constant=_refuse, **options)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
