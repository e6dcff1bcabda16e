"""What the columns about a person have in common: identifiers, one a cell or several, and properties."""

from typing import Any

from core.spreadsheets import split
from core.text import tidy
from customers.identifying import identity
from integrations.importing.cells import ID_LIMIT, Wrong, checked
from integrations.importing.kind import Setter
from integrations.importing.mapping import Use
from properties.values import VALUES_LIMIT, cast, type_of

IDENTITIES_LIMIT = 200
KINDS = {"emails": "email", "phones": "phone", "user_ids": "user_id", "handles": "handle"}
ONE_OF_EACH = {
    "email": "Email", "phone": "Phone", "user_id": "User ID", "handle": "Handle",
}  # fmt: skip
SEVERAL = {
    "emails": "Emails, separated by ;", "phones": "Phones, separated by ;", "user_ids": "User IDs, separated by ;",
    "handles": "Handles, separated by ;",
}  # fmt: skip
NAMED = {"property": "Property", "p": "Property, values separated by ;"}
GUESSES = {
    "email": ("email", "e mail", "mail", "email address", "e mail address", "primary email", "customer email",
              "contact email", "user email", "work email"),
    "phone": ("phone", "telephone", "phone number", "mobile", "mobile phone", "primary phone"),
    "user_id": ("user id", "customer id", "external id", "external user id", "id", "uuid"),
    "handle": ("handle",),
    "account_id": ("account id", "organisation id", "organization id", "company id", "org id", "tenant id"),
}  # fmt: skip


def add_identity(kind: Any, item: Any, use: Use, cell: str) -> None:
    """An identifier as it stands in the cell. Raises ValidationError."""
    item.identities.append(identity(use.target, cell))


def add_identities(kind: Any, item: Any, use: Use, cell: str) -> None:
    item.identities += [identity(KINDS[use.target], value) for value in split(cell)]
    if len(item.identities) > IDENTITIES_LIMIT:
        raise Wrong(f"At most {IDENTITIES_LIMIT} identifiers; this has {len(item.identities)}.")


def one_value(kind: Any, item: Any, use: Use, cell: str) -> None:
    item.properties[use.name] = [cell]


def several_values(kind: Any, item: Any, use: Use, cell: str) -> None:
    values = split(cell)
    if len(values) > VALUES_LIMIT:
        raise Wrong(f"At most {VALUES_LIMIT} values; this has {len(values)}.")
    item.properties[use.name] = values


SETTERS: dict[str, Setter] = {
    **dict.fromkeys(ONE_OF_EACH, add_identity), **dict.fromkeys(SEVERAL, add_identities),
    "property": one_value, "p": several_values,
}  # fmt: skip


def account_id_of(cell: str) -> str:
    return checked(tidy(cell), ID_LIMIT)


def yes_or_no(cell: str) -> bool:
    return bool(cast(type_of(True), cell))
