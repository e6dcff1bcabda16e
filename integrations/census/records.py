"""A record of a sync as an upsert (contracts 2)."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from accounts.upserting import AccountUpsert
from core.json import dumps
from customers.identifying import Identity, identity
from customers.models import Identifier
from customers.upserting import Place, Upsert
from integrations.census.plans import SyncPlan
from integrations.intake import moment_of
from integrations.keys import property_key

KINDS = {"user_id": Identifier.Kind.USER_ID, "email": Identifier.Kind.EMAIL, "phone": Identifier.Kind.PHONE}
LISTS = {"email": "emails", "phone": "phones", "account": "places", "tags": "tags"}  # a field that is sent replaces it


class Bad(Exception):
    """What is wrong with a record: the field, and a sentence that holds no value."""

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.field, self.message, self.code = field, message, code


def named(record: Any, plan: SyncPlan) -> str | int | None:
    """What names the record in the answer, as it was sent."""
    value = record.get(plan.identifier) if isinstance(record, dict) else None
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def identity_of(record: Any, plan: SyncPlan) -> Identity:
    """By what the record's customer is recognised. Raises Bad."""
    return _identities(KINDS[plan.by], [_identifier(record, plan)], plan.identifier)[0]


def account_id_of(record: Any, plan: SyncPlan) -> str:
    """Raises Bad."""
    return _identifier(record, plan)


def customer_of(record: Any, plan: SyncPlan) -> Upsert:
    """What a record says of a customer. Raises Bad."""
    by = identity_of(record, plan)
    upsert = Upsert(identities=[by], by=by, types=plan.types, operation=plan.operation)  # type: ignore[arg-type]
    accounts: list[str] | None = None
    flags: dict[str, bool | None] = {}
    replaced = set()
    for name, value in record.items():
        use = plan.use(name)
        if use in LISTS and use != plan.by:
            replaced.add(LISTS[use])
        match use:
            case "":
                _take_property(upsert.properties, name, value)
            case "user_id" | "email" | "phone" if name != plan.identifier:
                upsert.identities += _identities(KINDS[use], _list(value), name)
            case "name":
                upsert.name = _text(value, name)
            case "created_at":
                upsert.created_at = _moment(value, name)
            case "tags":
                upsert.tags = [_text(one, name) for one in _list(value)]
            case "account":
                accounts = [_text(one, name) for one in _list(value)]
            case "contact" | "key_contact":
                flags[use] = _flag(value, name)
    upsert.identities = list(dict.fromkeys(upsert.identities))
    contact, key_contact = flags.get("contact"), flags.get("key_contact")
    upsert.places = [Place(one, contact, key_contact) for one in accounts or [] if one]
    upsert.replace = frozenset(replaced)
    return upsert


def account_of(record: Any, plan: SyncPlan) -> AccountUpsert:
    """What a record says of an account. Raises Bad."""
    upsert = AccountUpsert(_identifier(record, plan), types=plan.types, operation=plan.operation)  # type: ignore[arg-type]
    for name, value in record.items():
        match plan.use(name):
            case "":
                _take_property(upsert.properties, name, value)
            case "name":
                upsert.name = _text(value, name)
            case "created_at":
                upsert.created_at = _moment(value, name)
    return upsert


def _identifier(record: Any, plan: SyncPlan) -> str:
    if not isinstance(record, dict):
        raise Bad("", "Each record must be an object.")
    value = named(record, plan)
    text = "" if value is None else str(value).strip()
    if not text:
        raise Bad(plan.identifier, "The identifier is missing.", "no_identifier")
    return text


def _take_property(properties: dict[str, list[Any]], name: str, value: Any) -> None:
    key = property_key(name)
    if key:
        properties[key] = [dumps(one) if isinstance(one, dict | list) else one for one in _list(value)]


def _identities(kind: str, values: list[Any], name: str) -> list[Identity]:
    found = []
    for value in values:
        text = _text(value, name)
        if text:
            try:
                found.append(identity(kind, text))
            except ValidationError as error:
                raise Bad(name, error.messages[0], error.code or "invalid") from None
    return found


def _list(value: Any) -> list[Any]:
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None]


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Bad(name, "Must be text.")
    return str(value).strip()


def _flag(value: Any, name: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise Bad(name, "Must be true or false.")
    return value


def _moment(value: Any, name: str) -> Any:
    if value is None:
        return None
    try:
        return moment_of(value)
    except (ValueError, OverflowError):
        raise Bad(name, "Must be a time: ISO 8601 such as 2026-02-03T14:30:00Z.") from None
