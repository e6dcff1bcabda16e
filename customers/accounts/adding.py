"""People who come to an account by their email: an organisation with its owner (3.2), and contacts (3.3).

Whether the person is known is decided by the one matching rule. Whoever is known keeps their name, and their login.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts import editing
from accounts.models import Account, Team, TeamAccount
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers import joining
from customers.creating import Draft, Taken, find_or_create
from customers.editing import NotActive
from customers.identifying import Identity
from customers.logins import StaffEmail, add_login, find_login, signs_in_as_staff
from customers.matching import lock, lock_customers, match
from customers.models import Customer, Login, Membership
from customers.suppressing import Suppressed, counting, require_open
from staff.permissions import teams_of


class OwnedElsewhere(ValidationError):
    """The email belongs to a customer whom this colleague may not see (3.5)."""

    def __init__(self) -> None:
        super().__init__("This email cannot be used here. Ask an admin.", code="invisible")


class NoSight(ValidationError):
    """A limited colleague would not see what they add."""

    def __init__(self) -> None:
        super().__init__("Your team sees accounts by a rule, which a new one does not meet. Ask an admin to add it.")


class LoginNeeded(Exception):
    """Nobody signs in with the email, and nothing was said about how its owner shall."""


@dataclass(frozen=True)
class Added:
    """What there is now. `login_is_new`: it was made just now, so that an invitation may be sent."""

    account: Account
    customer: Customer
    login: Login
    login_is_new: bool


@counting
@retrying
def add_organisation(
    *, name: str, external_id: str = "", email: Identity, login: tuple[str, str] | None, actor: Actor,
    viewer: Any = None, now: datetime | None = None,
) -> Added:  # fmt: skip
    """A new account whose owner and contact is the person with this email, who can sign in to the portal.

    `login` is (name, hashed password) for a login, used when there is none. Raises LoginNeeded without it, Taken when
    the person is deleted, Suppressed, and ValidationError (StaffEmail, OwnedElsewhere, NoSight among them). With
    `viewer` only people whom they may see are used.
    """
    require_open()
    with recorded(actor, "organisation.added", now=now) as entry:
        lock([email], exclusive=True)  # who comes second finds the login that the first one made
        if signs_in_as_staff(email.value):
            raise StaffEmail
        held = find_login(email.value)
        account = editing.insert(name, external_id=external_id, actor=actor, now=entry.at)
        _show_to(account, viewer)
        entry.about(account)
        if held:
            customer = _usable(lock_customers([held.customer_id])[0], email, viewer)
        else:
            if login is None:
                raise LoginNeeded
            customer = _person(email, login[0], actor=actor, viewer=viewer, now=entry.at)
        joining.place_in(customer, account, owner=True, actor=actor, now=entry.at)
        if held:
            return Added(account, customer, held, login_is_new=False)
        assert login is not None
        return Added(account, customer, add_login(customer, email, name=login[0], hashed=login[1]), login_is_new=True)


@counting
@retrying
def add_contact(
    account: Account, *, email: Identity, name: str = "", key_contact: bool = False, actor: Actor, viewer: Any = None,
    now: datetime | None = None,
) -> Membership:  # fmt: skip
    """Makes the person with this email a contact of the account; a profile is made where there is none (3.3).

    Raises Taken when the person is deleted, Suppressed, OwnedElsewhere, and NotActive when the account is deleted.
    """
    require_open()
    with recorded(actor, "contact.added", now=now) as entry:
        lock([email])
        if not Account.objects.select_for_update(no_key=True).get(pk=account.pk).is_active:
            raise NotActive
        customer = _person(email, name, actor=actor, viewer=viewer, now=entry.at)
        entry.about(customer)
        return joining.place_in(customer, account, key_contact=key_contact, actor=actor, now=entry.at)


def _person(email: Identity, name: str, *, actor: Actor, viewer: Any, now: datetime) -> Customer:
    """Whose email this is, locked; a new customer called `name` if it is nobody's."""
    found = match([email])
    if found.suppressed:
        raise Suppressed(email)
    if found.customer_id is None:
        made, _, _ = find_or_create(Draft(name, [email]), actor=actor, origin=Customer.Origin.HAND, now=now)
        assert made is not None
        return made
    customer = _usable(lock_customers([found.customer_id])[0], email, viewer)
    if name and not customer.name:
        find_or_create(Draft(name, [email]), actor=actor, origin=Customer.Origin.HAND, now=now)
    return customer


def _usable(customer: Customer, email: Identity, viewer: Any) -> Customer:
    if viewer is not None and not Customer.objects.visible_to(viewer).filter(pk=customer.pk).exists():
        raise OwnedElsewhere
    if not customer.is_active:
        raise Taken(email, customer)
    return customer


def _show_to(account: Account, viewer: Any) -> None:
    """Puts the new account on the lists of a limited colleague's teams, so that they see what they add."""
    teams = teams_of(viewer) if viewer is not None else None
    if teams is None:
        return
    for team in Team.objects.filter(pk__in=teams, reach=Team.Reach.LIST).order_by("pk"):
        TeamAccount.objects.create(team=team, account=account)
    if not Account.objects.visible_to(viewer).filter(pk=account.pk).exists():
        raise NoSight
