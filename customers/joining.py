"""A customer's places in accounts: joined, left, and the attributes that belong to one membership (2.4, 3.3)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.retrying import retrying
from customers.editing import edited
from customers.matching import lock_customers
from customers.models import Customer, Membership
from properties import provenance
from properties.models import Definition
from properties.values import cast_all


class Changed(Exception):
    """Somebody changed the attribute after the form was made; `membership` is as it is now."""

    def __init__(self, membership: Membership) -> None:
        super().__init__(f"Membership {membership.pk} has other values now")
        self.membership = membership


@retrying
def join(customer: Customer, account: Account, *, actor: Actor, now: datetime | None = None) -> Membership:
    """The customer's membership in the account, primary if it is the first. Raises NotActive, ValidationError."""
    with edited(customer, "membership.added", actor=actor, version=None, now=now) as (locked, entry):
        if not Account.objects.active().filter(pk=account.pk).exists():
            raise ValidationError("This account is not there any more. Choose another one.", code="gone")
        membership, is_new = Membership.objects.get_or_create(
            customer=locked, account=account, defaults={"primary": not locked.memberships.filter(primary=True).exists()}
        )
        if not is_new:
            entry.discard()
        return membership


@retrying
def leave(membership: Membership, *, actor: Actor, now: datetime | None = None) -> None:
    """Takes the customer out of the account; the oldest other membership becomes primary in its place."""
    with _edited(membership, "membership.removed", actor=actor, now=now) as (row, entry):
        if row is None:
            entry.discard()
            return
        row.delete()
        if row.primary:
            following = Membership.objects.filter(customer_id=row.customer_id).order_by("pk").first()
            Membership.objects.filter(pk=following.pk).update(primary=True) if following else None


@retrying
def make_primary_account(membership: Membership, *, actor: Actor, now: datetime | None = None) -> None:
    """Makes this the account whose name is the customer's company (2.1)."""
    with _edited(membership, "membership.made_primary", actor=actor, now=now) as (row, entry):
        if row is None or row.primary:
            entry.discard()
            return
        Membership.objects.filter(customer_id=row.customer_id, primary=True).update(primary=False)
        Membership.objects.filter(pk=row.pk).update(primary=True)


@retrying
def set_contact(
    membership: Membership, *, contact: bool, key_contact: bool, actor: Actor, now: datetime | None = None
) -> None:
    """Makes the customer a contact of the account, a key contact (who is a contact too), or neither (3.3)."""
    contact = contact or key_contact
    made = "membership.made_contact" if contact else "membership.made_member"
    verb = "membership.made_key_contact" if key_contact else made
    with _edited(membership, verb, actor=actor, now=now) as (row, entry):
        if row is None or (row.contact, row.key_contact) == (contact, key_contact):
            entry.discard()
            return
        row.contact, row.key_contact = contact, key_contact
        row.owner = row.owner and contact  # an owner is a contact
        row.provenance[provenance.CONTACT] = provenance.stamp(actor, entry.at)
        row.save(update_fields=["contact", "key_contact", "owner", "provenance"])


@retrying
def make_owner(membership: Membership, *, actor: Actor, now: datetime | None = None) -> None:
    """Makes the customer the owner of the account, who is a contact of it too; whoever was it is it no more (3.1)."""
    with recorded(actor, "membership.made_owner", membership.customer, now=now) as entry:
        Account.objects.select_for_update(no_key=True).get(pk=membership.account_id)
        owners = Membership.objects.filter(account_id=membership.account_id, owner=True)
        people = lock_customers([membership.customer_id, *owners.values_list("customer_id", flat=True)])
        row = Membership.objects.filter(pk=membership.pk).first()
        if row is None or row.owner or not any(one.is_active and one.pk == row.customer_id for one in people):
            entry.discard()
            return
        owners.update(owner=False)
        row.owner = row.contact = True
        row.provenance[provenance.CONTACT] = provenance.stamp(actor, entry.at)
        row.save(update_fields=["owner", "contact", "provenance"])


@retrying
def end_ownership(membership: Membership, *, actor: Actor, now: datetime | None = None) -> None:
    """Leaves the account without an owner; the customer stays a contact."""
    with _edited(membership, "membership.no_owner", actor=actor, now=now) as (row, entry):
        if row is None or not row.owner:
            entry.discard()
            return
        row.owner = False
        row.save(update_fields=["owner"])


def place_in(
    customer: Customer, account: Account, *, owner: bool = False, key_contact: bool = False, actor: Actor, now: datetime
) -> Membership:
    """The membership of a locked customer as a contact, inside the caller's audit entry; made where there is none."""
    membership, _ = Membership.objects.get_or_create(
        customer=customer, account=account, defaults={"primary": not customer.memberships.filter(primary=True).exists()}
    )
    wanted = (True, membership.key_contact or key_contact, membership.owner or owner)
    if (membership.contact, membership.key_contact, membership.owner) != wanted:
        membership.contact, membership.key_contact, membership.owner = wanted
        membership.provenance[provenance.CONTACT] = provenance.stamp(actor, now)
        membership.save(update_fields=["contact", "key_contact", "owner", "provenance"])
    return membership


@retrying
def set_attribute(
    membership: Membership, key: str, raws: Sequence[object], *, actor: Actor, type_: str = Definition.Type.TEXT,
    expecting: list[Any] | None = None, now: datetime | None = None,
) -> Membership:  # fmt: skip
    """Sets one attribute of the membership; no value clears it. A key never seen defines itself with `type_`.

    Raises ValidationError, Membership.DoesNotExist, and Changed when it does not hold the values `expecting`.
    """
    expected = Definition.objects.expected(key, subject=Definition.Subject.MEMBERSHIP, type_=type_)
    values = cast_all(expected, raws)
    verb = "membership.attribute_set" if values else "membership.attribute_cleared"
    with _edited(membership, verb, actor=actor, now=now) as (row, entry):
        if row is None:
            raise Membership.DoesNotExist
        if expecting is not None and row.properties.get(expected.key, []) != expecting:
            raise Changed(row)
        if not (expected.pk or values):
            entry.discard()
            return row
        definition = Definition.objects.for_key(key, subject=Definition.Subject.MEMBERSHIP, type_=type_)
        if provenance.put(row.properties, row.provenance, definition.key, values, actor=actor, now=entry.at):
            row.save(update_fields=["properties", "provenance"])
        else:
            entry.discard()
        return row


@contextmanager
def _edited(
    membership: Membership, verb: str, *, actor: Actor, now: datetime | None
) -> Iterator[tuple[Membership | None, Entry]]:
    """The membership as it is now, its customer locked; None when it is gone."""
    with edited(membership.customer, verb, actor=actor, version=None, now=now) as (locked, entry):
        yield locked.memberships.select_related("account").filter(pk=membership.pk).first(), entry
