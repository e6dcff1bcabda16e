"""Which field of what another system sends carries what, as the integration says (contracts 1 to 3)."""

from collections.abc import Mapping
from typing import Any

from integrations.models import Integration

# By kind of integration: what there is to carry, what a page calls it, and which field carries it when nobody said
FIELDS: dict[str, dict[str, tuple[str, str]]] = {
    "user": {
        "name": ("Name", "Name"), "email": ("Email", "Email"), "phone": ("Phone", "Phone"),
        "account": ("Account IDs", "AccountId"), "contact": ("Is a contact", "Contact"),
        "key_contact": ("Is the key contact", "KeyContact"),
    },
    "account": {"name": ("Name", "Name")},
    "census": {
        "name": ("Name", "Name"), "email": ("Email", "Email"), "phone": ("Phone", "Phone"),
        "account": ("Account IDs", "AccountId"),
    },
    "tracking": {"module": ("Module of an event", "module")},
}  # fmt: skip


def mapping_of(integration: Integration) -> dict[str, str]:
    """The field that carries each thing, those of the integration before the usual ones."""
    usual = {name: field for name, (_, field) in FIELDS.get(integration.source.kind, {}).items()}
    chosen = {name: field for name, field in integration.mapping.items() if name in usual and field}
    return usual | chosen


def fields_in(body: Any) -> dict[str, list[Any]]:
    """The fields of a record as its sender named them, each with its values, whatever kind of record it is."""
    if not isinstance(body, Mapping):
        return {}
    inside = next(
        (
            body[name]
            for name in ("attributes", "traits", "properties", "record")
            if isinstance(body.get(name), Mapping)
        ),
        body,
    )
    return {str(name): _values(value) for name, value in inside.items()}


def becomes(body: Any, mapping: Mapping[str, str], labels: Mapping[str, str]) -> list[tuple[str, list[Any], str]]:
    """(field, its values, what it would become) of every field of a record."""
    meant = {field.casefold(): labels[name] for name, field in mapping.items() if name in labels}
    return [(name, values, meant.get(name.casefold(), "")) for name, values in fields_in(body).items()]


def _values(value: Any) -> list[Any]:
    """`{"s": ["EU"]}`, `["EU"]` and `"EU"` alike."""
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in {"s", "n", "b", "d"}:
        value = next(iter(value.values()))
    return list(value) if isinstance(value, list) else [] if value is None else [value]
