"""Names that other systems give to attributes, as keys of properties (2.7)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.json import dumps

KEY_LIMIT, DEPTH = 100, 4
_OTHER = re.compile(r"[^A-Za-z0-9_.]+")


def property_key(name: str) -> str:
    """The key for an attribute of this name: what a key cannot have becomes `_`. "" for a name without any letter."""
    key = _OTHER.sub("_", name.strip())[:KEY_LIMIT]
    return key if key.strip("._") else ""


def flattened(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, list[Any]]:
    """Values by property key: what is nested gets keys joined by dots, null an empty list, which clears."""
    found: dict[str, list[Any]] = {}
    for name, value in _walk(attributes, prefix, 1):
        key = property_key(name)
        if key:
            found[key] = _values(value)
    return found


def _walk(attributes: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        if isinstance(value, dict) and depth < DEPTH:
            yield from _walk(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return [dumps(one) if isinstance(one, dict | list) else one for one in value if one is not None]
    return [dumps(value)] if isinstance(value, dict) else [value]
