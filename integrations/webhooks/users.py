"""Users as the webhook sends them, from typed attributes to what becomes of customers (contracts 1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from audit.actor import Actor
from customers.identifying import Identity, identity
from customers.upserting import Place, Upsert, Upserted, upsert_many
from integrations.deliveries import Verdict
from integrations.mapping import mapping_of
from integrations.models import Integration
from integrations.webhooks.attributes import Attribute, Sent, Wrong, invalid, sent_of
from integrations.webhooks.verdicts import Told, told, verdict_of_wrong
from properties.models import Definition

CONTACTS_LIMIT = 8  # emails of one record, and phones: 50 records must not name more than 1,000 identifiers
Type = Definition.Type


def take_users(
    records: Sequence[Any], *, integration: Integration, actor: Actor, now: datetime, viewer: Any = None
) -> list[Verdict]:
    """What became of each record, in order; 50 at most. Runs inside the caller's audit entry. Raises IntakeStopped."""
    mapping = mapping_of(integration)
    verdicts: list[Verdict | None] = [None] * len(records)
    items: dict[int, Upsert] = {}
    names: dict[int, dict[str, str]] = {}
    for place, record in enumerate(records):
        try:
            sent = sent_of(record)
            names[place] = {key: one.name for key, one in sent.attributes.items()}
            items[place] = upsert_of(sent, mapping)
        except Wrong as wrong:
            verdicts[place] = verdict_of_wrong(wrong, record)
    found = upsert_many(list(items.values()), actor=actor, now=now, viewer=viewer)
    for place, one in zip(items, found, strict=True):
        verdicts[place] = _verdict(one, records[place], mapping, names[place])
    return [one for one in verdicts if one]


def upsert_of(sent: Sent, mapping: Mapping[str, str]) -> Upsert:
    """The record as an upsert. Raises Wrong."""
    carried = {name: sent.take(field) for name, field in mapping.items()}
    item = Upsert(identities=[_identity("user_id", sent.id, "id", "id")], created_at=sent.created_at)
    replaced = set()
    for name, kind in (("email", "email"), ("phone", "phone")):
        if said := carried.get(name):
            item.identities += _contacts(kind, said)
            replaced.add(f"{kind}s")
    if said := carried.get("name"):
        item.name = str(_texts(said)[0]) if said.values else ""
    flags = {name: _flags(carried[name]) for name in ("contact", "key_contact") if carried.get(name)}
    if said := carried.get("account"):
        item.places = _places(said, flags, carried)
        replaced.add("places")
    else:
        item.contact, item.key_contact = _one(flags, carried, "contact"), _one(flags, carried, "key_contact")
    item.replace = frozenset(replaced)
    item.properties = {one.name: one.values for one in sent.attributes.values()}
    item.types = {one.name: one.type for one in sent.attributes.values()}
    return item


def _identity(kind: str, value: str, name: str, field: str) -> Identity:
    try:
        return identity(kind, value)
    except ValidationError as error:
        raise Wrong(
            "invalid_id" if field == "id" else "invalid_attribute", f"{name}: {error.messages[0]}", field
        ) from None


def _contacts(kind: str, said: Attribute) -> list[Identity]:
    if len(said.values) > CONTACTS_LIMIT:
        raise invalid(said.name, f"at most {CONTACTS_LIMIT} values")
    texts = [text for text in _texts(said) if text.strip()]
    found = [_identity(kind, text, said.name, f"attributes.{said.name}") for text in texts]
    return list({one.normalized: one for one in reversed(found)}.values())[::-1]


def _texts(said: Attribute) -> list[str]:
    """Its values as text; numbers are numbers that somebody gave to accounts, or that call a phone."""
    if said.type not in {Type.TEXT, Type.NUMBER}:
        raise invalid(said.name, "expected a text")
    return [
        format(one, "f") if said.type == Type.NUMBER and not isinstance(one, int) else str(one) for one in said.values
    ]


def _flags(said: Attribute | None) -> list[bool]:
    if said is None:
        return []
    if said.type != Type.BOOLEAN:
        raise invalid(said.name, "expected true or false")
    return said.values or [False]


def _places(said: Attribute, flags: Mapping[str, list[bool]], carried: Mapping[str, Attribute | None]) -> list[Place]:
    """The accounts in order, each with its flags: one for all of them, or one for each."""
    accounts = list(dict.fromkeys(text.strip() for text in _texts(said) if text.strip()))
    places = [Place(account) for account in accounts]
    for name, values in flags.items():
        if len(values) not in {1, len(places)}:
            raise _not_each(carried[name])
        for place, value in zip(places, values * len(places) if len(values) == 1 else values, strict=False):
            setattr(place, name, value)
    return places


def _one(flags: Mapping[str, list[bool]], carried: Mapping[str, Attribute | None], name: str) -> bool | None:
    if name not in flags:
        return None
    if len(flags[name]) > 1:
        raise _not_each(carried[name])
    return flags[name][0]


def _not_each(said: Attribute | None) -> Wrong:
    return invalid(said.name if said else "", "expected one value, or one for each account")


def _verdict(one: Upserted, record: Any, mapping: Mapping[str, str], names: Mapping[str, str]) -> Verdict:
    code, message, field = one.code, one.message, one.field
    if one.status == "rejected":
        carrier = {"accounts": "account", "memberships": "account"}.get(field, field)
        name = mapping.get(carrier, carrier)
        code, message, field = told(one.code, one.message, field, names.get(name.casefold(), name))
    status = "unchanged" if one.status == "skipped" else one.status
    return Told(
        status, str(record["id"]).strip(), code, message, field, customer_id=one.customer_id, body=record,
        blank=one.kept_out, deleted=one.deleted,
    )  # fmt: skip
