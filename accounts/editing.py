"""Changes that people make to one account: name, account ID, properties. Each is one command with its audit entry.

Commands that take `version` refuse a stale form: they raise Stale with the account as it is now (reliability 4).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.retrying import retrying
from core.text import fold, problem, tidy
from properties import provenance
from properties.models import Definition
from properties.values import cast_all

NAME_LIMIT, EXTERNAL_ID_LIMIT = 300, 200
ACCOUNT = Definition.Subject.ACCOUNT


class Stale(Exception):
    """Somebody changed the account after the form was made; `account` is as it is now."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"Account {account.pk} is at version {account.version}")
        self.account = account


class NotActive(Exception):
    """The account is deleted or gone, so nothing about it can be edited."""


@contextmanager
def edited(
    account: Account, verb: str, *, actor: Actor, version: int | None = None, now: datetime | None
) -> Iterator[tuple[Account, Entry]]:
    """The account locked inside an audit entry of its own, checked to be active and, if asked, unchanged."""
    with recorded(actor, verb, account, now=now) as entry:
        locked = Account.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
        if locked is None or not locked.is_active:
            raise NotActive
        if version is not None and version != locked.version:
            raise Stale(locked)
        yield locked, entry


def clean_name(name: str) -> str:
    """The name as stored. Raises ValidationError."""
    fault = problem(name, limit=NAME_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_name")
    name = tidy(name)
    if not fold(name):
        raise ValidationError("Enter the account’s name.", code="required")
    return name


def clean_external_id(text: str) -> str | None:
    """The account ID as stored, None for none. Raises ValidationError."""
    fault = problem(text, limit=EXTERNAL_ID_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_account_id")
    return text.strip() or None


@retrying
def create(name: str, *, external_id: str = "", actor: Actor, now: datetime | None = None) -> Account:
    """A new account. Raises ValidationError, keyed by field, also when another account has the ID."""
    with recorded(actor, "account.created", now=now) as entry:
        account = insert(name, external_id=external_id, actor=actor, now=entry.at)
        entry.about(account)
        return account


def insert(name: str, *, external_id: str = "", actor: Actor, now: datetime) -> Account:
    """A new account inside the caller's audit entry. Raises as `create`."""
    cleaned, wanted = clean_name(name), clean_external_id(external_id)
    refuse_taken(wanted)
    marks = {provenance.NAME: provenance.stamp(actor, now)}
    return Account.objects.create(name=cleaned, external_id=wanted, provenance=marks)


@retrying
def rename(
    account: Account, name: str, *, actor: Actor, version: int | None = None, now: datetime | None = None
) -> Account:
    """Raises ValidationError, Stale, NotActive."""
    cleaned = clean_name(name)
    with edited(account, "account.renamed", actor=actor, version=version, now=now) as (locked, entry):
        if locked.name == cleaned:
            entry.discard()
            return locked
        locked.name = cleaned
        locked.provenance[provenance.NAME] = provenance.stamp(actor, entry.at)
        locked.save(update_fields=["name", "sort_name", "provenance"])
        return locked


@retrying
def set_external_id(
    account: Account, text: str, *, actor: Actor, version: int | None = None, now: datetime | None = None
) -> Account:
    """Says what the account is called in the customer's own system; "" for nothing. Raises as `rename`."""
    wanted = clean_external_id(text)
    with edited(account, "account.edited", actor=actor, version=version, now=now) as (locked, entry):
        if locked.external_id == wanted:
            entry.discard()
            return locked
        refuse_taken(wanted, but=locked)
        locked.external_id = wanted
        locked.save(update_fields=["external_id"])
        return locked


@retrying
def set_property(
    account: Account, key: str, raws: Sequence[object], *, actor: Actor, type_: str = Definition.Type.TEXT,
    version: int | None = None, now: datetime | None = None,
) -> Account:  # fmt: skip
    """Sets the values of one property; none at all removes it. A key never seen defines itself with `type_`.

    Raises ValidationError, Stale, NotActive. Nothing is defined when the values do not fit.
    """
    expected = Definition.objects.expected(key, subject=ACCOUNT, type_=type_)
    values = cast_all(expected, raws)
    verb = "account.property_set" if values else "account.property_removed"

    def change(locked: Account, at: datetime) -> bool:
        if not (expected.pk or values):
            return False
        definition = Definition.objects.for_key(key, subject=ACCOUNT, type_=type_)
        return provenance.put(locked.properties, locked.provenance, definition.key, values, actor=actor, now=at)

    return _change_properties(account, verb, change, actor=actor, version=version, now=now)


@retrying
def reset_property(account: Account, key: str, *, actor: Actor, now: datetime | None = None) -> Account:
    """Gives a property back to the syncs, at the value they sent last (2.7)."""

    def change(locked: Account, at: datetime) -> bool:
        return provenance.reset(locked.properties, locked.provenance, key, now=at)

    return _change_properties(account, "account.property_reset", change, actor=actor, version=None, now=now)


def _change_properties(
    account: Account, verb: str, change: Callable[[Account, datetime], bool], *, actor: Actor, version: int | None,
    now: datetime | None,
) -> Account:  # fmt: skip
    with edited(account, verb, actor=actor, version=version, now=now) as (locked, entry):
        if change(locked, entry.at):
            locked.save(update_fields=["properties", "provenance"])
        else:
            entry.discard()
        return locked


def refuse_taken(external_id: str | None, but: Account | None = None) -> None:
    """Raises ValidationError, keyed by field, when another account has the ID."""
    if external_id is None:
        return
    owner = Account.objects.filter(external_id=external_id).first()
    if owner and owner != but:
        text = "Another account has this ID already. Enter another one." if owner.is_active else (
            "A deleted account has this ID. Restore it, or enter another ID."
        )  # fmt: skip
        raise ValidationError({"external_id": ValidationError(text, code="taken")})
