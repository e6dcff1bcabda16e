"""The objects of the destination and their fields, and what each field means (contracts 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from properties.models import Definition

USER, ACCOUNT = "user", "account"
OBJECTS = {USER: "Users", ACCOUNT: "Accounts"}
OPERATIONS = ["upsert", "insert", "update", "mirror"]
# What the types of the protocol are here, and how properties are told of there
TYPES: dict[str, str] = {
    "boolean": "boolean", "integer": "number", "float": "number", "decimal": "number", "string": "text",
    "date": "date", "date_time": "date",
}  # fmt: skip
_TOLD: dict[str, str] = {"number": "decimal", "date": "date_time", "boolean": "boolean"}


@dataclass(frozen=True)
class Field:
    """A field that is no property. `use` is what it means, `name` what it is called in a sync."""

    use: str
    name: str
    label: str
    type: str = "string"
    identifier: bool = False
    required: bool = False
    array: bool = False


def fields_of(kind: str, mapping: Mapping[str, Any]) -> list[Field]:
    """The fields of an object, those renamed that the integration's mapping names otherwise."""
    every = _USER if kind == USER else _ACCOUNT
    return [
        Field(one.use, named, one.label, one.type, one.identifier, one.required, one.array)
        if isinstance(named := mapping.get(one.use), str) and named and folded(named) != folded(one.name)
        else one
        for one in every
    ]


def told(kind: str, mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of an object as `list_fields` tells them, properties last."""
    fixed = fields_of(kind, mapping)
    listed = [_told(one.name, one.label, one.type, one.identifier, one.required, one.array) for one in fixed]
    taken = {folded(one.name) for one in fixed}
    subject = Definition.Subject.CUSTOMER if kind == USER else Definition.Subject.ACCOUNT
    properties = [one for one in Definition.objects.filter(subject=subject) if folded(one.key) not in taken]
    return listed + [_told(one.key, one.label, _TOLD.get(one.type, "string")) for one in properties]


def folded(name: str) -> str:
    """Names are compared without case, spaces and underscores."""
    return name.casefold().replace("_", "").replace(" ", "")


def _told(
    name: str, label: str, type_: str, identifier: bool = False, required: bool = False, array: bool = False
) -> dict[str, Any]:
    return {
        "field_api_name": name, "label": label, "identifier": identifier, "required": required, "createable": True,
        "updateable": True, "type": type_, "array": array,
    }  # fmt: skip


_USER = (
    Field("user_id", "user_id", "User ID", identifier=True, required=True),
    Field("email", "email", "Email", identifier=True),
    Field("name", "name", "Name"),
    Field("phone", "phone", "Phone"),
    Field("account", "account_id", "Account ID"),
    Field("contact", "contact", "Contact of the account", "boolean"),
    Field("key_contact", "key_contact", "Key contact of the account", "boolean"),
    Field("created_at", "created_at", "Created at", "date_time"),
    Field("tags", "tags", "Tags", array=True),
)
_ACCOUNT = (
    Field("account_id", "account_id", "Account ID", identifier=True, required=True),
    Field("name", "name", "Name"),
    Field("created_at", "created_at", "Created at", "date_time"),
)
