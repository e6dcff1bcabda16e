"""Commands of the API on accounts and memberships: several fields at once, in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts import editing
from accounts.models import Account
from accounts.upserting import AccountUpsert, AccountUpserted, upsert_accounts
from api.schemas.accounts import AccountIn, AccountPatch, MemberFields
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers.editing import NotActive, edited
from customers.models import Customer, Membership
from integrations.answers import Refused
from integrations.models import ApiKey
from properties import provenance
from properties.models import Definition
from properties.values import cast_all, type_of
from staff.permissions import teams_of


@retrying
def upsert(body: AccountIn, *, actor: Actor, key: ApiKey) -> AccountUpserted:
    """The account with this ID, made or brought up to date. Raises Refused, then nothing is written."""
    with recorded(actor, "account.edited") as entry:
        item = AccountUpsert(
            body.external_id or "", body.name, body.properties, created_at=body.created_at
        )  # fmt: skip
        [done] = upsert_accounts([item], actor=actor, now=entry.at, viewer=key)
        if done.status == "rejected":
            status = 409 if done.code == "being_deleted" else 422
            raise Refused(status, done.code, done.message, {done.field: [done.message]} if done.field else None)
        if done.deleted:
            message = "This account is deleted. Restore it first."
            raise Refused(409, "deleted", message, facts={"id": done.account_id})
        entry.about(Account(pk=done.account_id))
        if done.status == "created":
            entry.verb = "account.created"
        if done.status == "unchanged":
            entry.discard()
        return done


@retrying
def create(body: AccountIn, *, actor: Actor, key: ApiKey) -> Account:
    """A new account without an ID. Raises ValidationError, and Refused for a key that would not see it."""
    if teams_of(key) is not None:
        raise Refused(403, "limited_key", "A key bound to a team cannot add accounts.")
    with recorded(actor, "account.created") as entry:
        account = editing.insert(body.name or "", actor=actor, now=entry.at)
        entry.about(account)
        if _put(account, Definition.Subject.ACCOUNT, body.properties, actor, entry.at) or body.created_at:
            account.created_at = body.created_at or account.created_at
            account.save()
        return account


@retrying
def change(account: Account, body: AccountPatch, *, actor: Actor) -> Account:
    """Raises ValidationError by field, and `accounts.editing.NotActive`. What staff set stays."""
    given = body.model_fields_set
    with editing.edited(account, "account.edited", actor=actor, now=None) as (locked, entry):
        before = (locked.name, locked.external_id)
        if "name" in given and provenance.wins(locked.provenance, provenance.NAME, actor):
            locked.name = _named(body.name)
        if "external_id" in given:
            locked.external_id = editing.clean_external_id(body.external_id or "")
            editing.refuse_taken(locked.external_id, but=locked)
        if locked.name != before[0]:
            locked.provenance[provenance.NAME] = provenance.stamp(actor, entry.at)
        put = _put(locked, Definition.Subject.ACCOUNT, body.properties, actor, entry.at)
        if put or before != (locked.name, locked.external_id):
            locked.save()
        else:
            entry.discard()
        return locked


@retrying
def place(customer: Customer, account: Account, body: MemberFields, *, actor: Actor) -> Membership:
    """The customer's membership with these flags and attributes. Raises ValidationError and NotActive."""
    with edited(customer, "membership.added", actor=actor, version=None, now=None) as (locked, entry):
        if not Account.objects.active().filter(pk=account.pk).exists():
            raise NotActive
        primary = not locked.memberships.filter(primary=True).exists()
        row, is_new = Membership.objects.get_or_create(
            customer=locked, account=account, defaults={"primary": primary}
        )  # fmt: skip
        flags = _flag(row, body, actor, entry.at)
        put = _put(row, Definition.Subject.MEMBERSHIP, body.properties, actor, entry.at)
        if flags or put:
            row.save()
        if not is_new:
            entry.verb = _verb(row) if flags else "membership.attribute_set"
            if not (flags or put):
                entry.discard()
        return row


def _verb(row: Membership) -> str:
    if row.key_contact:
        return "membership.made_key_contact"
    return "membership.made_contact" if row.contact else "membership.made_member"


def _flag(row: Membership, body: MemberFields, actor: Actor, now: datetime) -> bool:
    """A key contact is a contact too, an owner as well. Whether that is different."""
    contact = row.contact if body.contact is None else body.contact
    key_contact = (row.key_contact and contact) if body.key_contact is None else body.key_contact
    wanted = (contact or key_contact, key_contact)
    if wanted == (row.contact, row.key_contact) or not provenance.wins(row.provenance, provenance.CONTACT, actor):
        return False
    row.contact, row.key_contact = wanted
    row.owner = row.owner and row.contact
    row.provenance[provenance.CONTACT] = provenance.stamp(actor, now)
    return True


def _put(row: Any, subject: str, given: Mapping[str, list[Any]], actor: Actor, now: datetime) -> bool:
    """Sets typed values, where the API may. Whether anything is different. Raises ValidationError by path."""
    types = {key: type_of(values[0]) if values else Definition.Type.TEXT for key, values in given.items()}
    try:
        known = Definition.objects.for_keys(types, subject=subject)
    except ValidationError as error:
        raise _below(error) from None
    changed = False
    for key, definition in known.items():
        try:
            values = cast_all(definition, given[key])
        except ValidationError as error:
            raise _below(ValidationError({key: error})) from None
        changed |= provenance.put(row.properties, row.provenance, definition.key, values, actor=actor, now=now)
    return changed


def _below(error: ValidationError) -> ValidationError:
    return ValidationError({f"properties.{key}": messages for key, messages in error.message_dict.items()})


def _named(name: str | None) -> str:
    try:
        return editing.clean_name(name or "")
    except ValidationError as error:
        raise ValidationError({"name": error}) from None
