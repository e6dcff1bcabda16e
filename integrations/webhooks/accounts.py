"""Accounts as the webhook sends them, from typed attributes to what becomes of them (contracts 1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.upserting import AccountUpsert, AccountUpserted, upsert_accounts
from audit.actor import Actor
from customers.suppressing import require_open
from integrations.deliveries import Verdict
from integrations.mapping import mapping_of
from integrations.models import Integration
from integrations.webhooks.attributes import Sent, Wrong, invalid, sent_of
from integrations.webhooks.verdicts import Told, told, verdict_of_wrong
from properties.models import Definition


def take_accounts(
    records: Sequence[Any], *, integration: Integration, actor: Actor, now: datetime, viewer: Any = None
) -> list[Verdict]:
    """What became of each record, in order. Runs inside the caller's audit entry. Raises IntakeStopped."""
    require_open()
    mapping = mapping_of(integration)
    verdicts: list[Verdict | None] = [None] * len(records)
    items: dict[int, AccountUpsert] = {}
    for place, record in enumerate(records):
        try:
            items[place] = upsert_of(sent_of(record), mapping)
        except Wrong as wrong:
            verdicts[place] = verdict_of_wrong(wrong, record)
    found = upsert_accounts(list(items.values()), actor=actor, now=now, viewer=viewer)
    for place, one in zip(items, found, strict=True):
        verdicts[place] = _verdict(one, records[place], mapping)
    return [one for one in verdicts if one]


def upsert_of(sent: Sent, mapping: Mapping[str, str]) -> AccountUpsert:
    """The record as an upsert. Raises Wrong."""
    item = AccountUpsert(sent.id, created_at=sent.created_at)
    if said := sent.take(mapping["name"]):
        if said.type != Definition.Type.TEXT:
            raise invalid(said.name, "expected a text")
        item.name = said.values[0] if said.values else ""
    item.properties = {one.name: one.values for one in sent.attributes.values()}
    item.types = {one.name: one.type for one in sent.attributes.values()}
    return item


def _verdict(one: AccountUpserted, record: Any, mapping: Mapping[str, str]) -> Verdict:
    code, message, field = one.code, one.message, one.field
    if one.status == "rejected":
        code, message, field = told(code, message, field, "id" if field == "external_id" else mapping.get(field, field))
    status = "unchanged" if one.status == "skipped" else one.status
    return Told(
        status, str(record["id"]).strip(), code, message, field, account_id=one.account_id, body=record,
        deleted=one.deleted,
    )  # fmt: skip
