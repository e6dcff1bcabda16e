"""What identify and group say of people and organisations, as upserts (contracts 3).

Reserved traits become what they mean: name (or firstName and lastName), email, phone, createdAt; `company` becomes the
`company.` properties, and with an ID a place in that account. Every other trait is a property.
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.upserting import AccountUpsert
from core.text import tidy
from customers.identifying import Identity, identity
from customers.models import Identifier
from customers.upserting import Place, Upsert
from integrations.intake import moment_of
from integrations.keys import flattened
from integrations.tracking.calls import Call, Wrong

_NO_PROPERTIES = {"id", "name", "email", "phone", "createdAt", "created_at"}


def person_of(call: Call, known_as: list[Identity]) -> Upsert:
    """What an identify call says of the person who is `known_as`. Raises Wrong."""
    traits = call.traits
    places = []
    company = traits.get("company")
    if isinstance(company, dict) and company.get("id") not in (None, ""):
        places.append(Place(account=_account_id(company["id"], "traits.company.id")))
    elif isinstance(company, str):
        traits = {**traits, "company": {"name": company}}
    details = [*_identities(Identifier.Kind.EMAIL, traits), *_identities(Identifier.Kind.PHONE, traits)]
    return Upsert(
        identities=[*known_as, *details],
        name=_name(traits),
        properties=_properties(traits),
        places=places,
        created_at=_created_at(traits),
        at=call.at,
    )


def account_of(call: Call) -> AccountUpsert:
    """What a group call says of the account. Raises Wrong."""
    return AccountUpsert(
        external_id=_account_id(call.group_id, "groupId"), name=_text(call.traits, "name") or None,
        properties=_properties(call.traits), created_at=_created_at(call.traits), at=call.at, operation="upsert",
    )  # fmt: skip


def member_of(call: Call, known_as: list[Identity]) -> Upsert:
    """Who belongs to the account of a group call."""
    return Upsert(identities=known_as, places=[Place(account=call.group_id)], at=call.at)


def _properties(traits: dict[str, Any]) -> dict[str, list[Any]]:
    return flattened({name: value for name, value in traits.items() if name not in _NO_PROPERTIES})


def _name(traits: dict[str, Any]) -> str | None:
    """None when nothing is said of it; "" when it is to be cleared."""
    if "name" in traits:
        return _text(traits, "name")
    parts = [_text(traits, name) for name in ("firstName", "lastName")]
    return tidy(" ".join(part for part in parts if part)) or None


def _identities(kind: str, traits: dict[str, Any]) -> list[Identity]:
    found = traits.get(kind)
    values = found if isinstance(found, list) else [found]
    identities = []
    for value in values:
        if value is None or value == "":
            continue
        try:
            identities.append(identity(kind, value if isinstance(value, str) else str(value)))
        except ValidationError as error:
            raise Wrong(f"traits.{kind}", error.messages[0], f"invalid_{kind}") from None
    return identities


def _created_at(traits: dict[str, Any]) -> datetime | None:
    name = "createdAt" if "createdAt" in traits else "created_at"
    value = traits.get(name)
    if value is None or value == "":
        return None
    try:
        return moment_of(value)
    except (ValueError, OverflowError):
        raise Wrong(f"traits.{name}", "Must be a time: ISO 8601, or Unix seconds.") from None


def _text(traits: dict[str, Any], name: str) -> str:
    value = traits.get(name)
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        raise Wrong(f"traits.{name}", "Must be text.")
    return tidy(str(value))


def _account_id(value: Any, path: str) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 1 <= len(text) <= 200:
        raise Wrong(path, "Must be text of 1 to 200 characters.")
    return text
