"""Whom an organisation's owner lets in and takes out (9)."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers import joining
from customers.creating import Draft, Taken, clean_name, create
from customers.identifying import Identity, identity
from customers.logins import add_login
from customers.matching import lock, lock_customers
from customers.models import Customer, Identifier, Login, Membership
from customers.suppressing import Suppressed

CANNOT = "This email cannot be used here. Ask us to add this person."


class NotOwner(Exception):
    """Only the owner of an organisation may do this."""


def own_membership(customer: Customer, account_id: int) -> Membership | None:
    """The customer's own place in an organisation that is there; None for another's, as for none at all."""
    rows = Membership.objects.filter(customer=customer, account=account_id, account__state=Account.State.ACTIVE)
    return rows.select_related("account").first()


@retrying
def invite(
    owner: Customer, account: Account, *, email: str, name: str, actor: Actor, now: datetime | None = None
) -> Login:
    """The login of who has this email, a member of the account from now on; made as far as it was not there.

    An email of somebody whom the owner cannot see (a customer of other organisations only, a deleted one, a member of
    staff) cannot be used, and nothing is said about why. Raises ValidationError and NotOwner.
    """
    one = identity(Identifier.Kind.EMAIL, email)
    cleaned = clean_name(name)
    with recorded(actor, "portal.invited", account, now=now) as entry:
        _require_owner(owner, account)
        customer = _visible_customer(one, owner)
        if customer and Membership.objects.filter(customer=customer, account=account).exists():
            raise ValidationError("They are a member of this organisation already.", code="member")
        customer = customer or _created(one, cleaned, actor, entry.at)
        first = not customer.memberships.filter(primary=True).exists()
        Membership.objects.create(customer=customer, account=account, primary=first)
        login = Login.objects.filter(customer=customer).select_related("user").first()
        try:
            return login or add_login(customer, one, name=cleaned, hashed=make_password(None))
        except ValidationError:  # staff, or another customer, signs in with it
            raise ValidationError(CANNOT, code="cannot") from None


@retrying
def remove(
    owner: Customer, account: Account, customer_id: int, *, actor: Actor, now: datetime | None = None
) -> Membership:
    """Takes a member out of the organisation; their profile and their login stay. Raises NotOwner, and
    Membership.DoesNotExist for who is no member and for the owner, who cannot be removed."""
    with transaction.atomic():
        _require_owner(owner, account)
        members = Membership.objects.filter(account=account, customer__state=Customer.State.ACTIVE, owner=False)
        membership = members.select_related("customer").get(customer=customer_id)
        joining.leave(membership, actor=actor, now=now)
    return membership


def _require_owner(owner: Customer, account: Account) -> None:
    if not Membership.objects.select_for_update().filter(customer=owner, account=account, owner=True).exists():
        raise NotOwner


def _visible_customer(email: Identity, owner: Customer) -> Customer | None:
    """Whose email it is, locked, if the owner sees them in an organisation of theirs; None when it is nobody's."""
    lock([email])
    found = Identifier.objects.filter(kind=email.kind, normalized=email.normalized).first()
    if found is None:
        return None
    customer = lock_customers([found.customer_id])[0]
    shared = Membership.objects.filter(customer=customer, account__in=owner.memberships.values("account"))
    if not customer.is_active or not shared.exists():
        raise ValidationError(CANNOT, code="cannot")
    return customer


def _created(email: Identity, name: str, actor: Actor, now: datetime) -> Customer:
    try:
        return create(Draft(name=name, identities=[email]), actor=actor, origin=Customer.Origin.PORTAL, now=now)
    except (Suppressed, Taken):
        raise ValidationError(CANNOT, code="cannot") from None
