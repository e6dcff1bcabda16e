"""Legal hold: as long as it stands, nothing of a customer is deleted, and whoever tries is told why (6.4)."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import problem, tidy
from customers.models import Customer, Membership, Note
from staff.models import User
from staff.permissions import teams_of

REASON_LIMIT = 300
UNTOLD = "On legal hold. Ask an admin about it"


class Held(Exception):
    """A deletion was refused because of a legal hold; the message names it."""


class NotThere(Exception):
    """The customer was merged away or is being permanently deleted."""


def hold_of(account: Account) -> str:
    """Why nothing of this account may be deleted, "" when it may."""
    return f"The account {account.name} is on legal hold: {account.legal_hold}" if account.legal_hold else ""


def holds_on(customer_ids: Iterable[int], *, told_to: int | None = None) -> dict[int, str]:
    """Why these customers may not be deleted, by customer: a hold of their own, else of an account they belong to.
    `told_to` is the user who reads it: of whom and of what they may not see, they are told no reason (3.5).

    Ask under the customers' locks.
    """
    ids = list(customer_ids)
    members = Membership.objects.filter(customer_id__in=ids).exclude(account__legal_hold="")
    places = list(members.select_related("account").order_by("-account"))
    own = dict(Customer.objects.filter(pk__in=ids).exclude(legal_hold="").values_list("pk", "legal_hold"))
    reader = _limited(told_to) if places or own else None
    if reader is not None:
        seen = set(
            Account.objects.visible_to(reader).filter(pk__in=[one.account_id for one in places]).values_list("pk")
        )
        people = set(Customer.objects.visible_to(reader).filter(pk__in=own).values_list("pk"))
        found = {
            one.customer_id: hold_of(one.account) if (one.account_id,) in seen else UNTOLD for one in places
        }  # fmt: skip
        return found | {pk: f"On legal hold: {why}" if (pk,) in people else UNTOLD for pk, why in own.items()}
    found = {one.customer_id: hold_of(one.account) for one in places}
    return found | {pk: f"On legal hold: {reason}" for pk, reason in own.items()}


def holds_on_accounts(account_ids: Iterable[int]) -> dict[int, str]:
    """Why nothing of these accounts may be deleted, by account."""
    held = Account.objects.filter(pk__in=list(account_ids)).exclude(legal_hold="")
    return {account.pk: hold_of(account) for account in held}


def _limited(user_id: int | None) -> User | None:
    """The user, if a team limits what they see."""
    user = User.objects.filter(pk=user_id).first() if user_id else None
    return user if user is not None and teams_of(user) is not None else None


@retrying
def hold(customer: Customer, reason: str, *, actor: Actor, now: datetime | None = None) -> Customer:
    """Puts an active or deleted customer on legal hold, or states another reason. Raises ValidationError, NotThere."""
    reason = _clean(reason)
    with recorded(actor, "customer.held", customer, now=now) as entry:
        locked = _locked(customer)
        if locked.legal_hold == reason:
            entry.discard()
        else:
            Customer.objects.filter(pk=locked.pk).update(legal_hold=reason)
            locked.legal_hold = reason
        return locked


@retrying
def lift(customer: Customer, reason: str, *, actor: Actor, now: datetime | None = None) -> Customer:
    """Ends a legal hold. The reason becomes a note: that is where the team looks for it.

    Raises ValidationError, NotThere.
    """
    reason = _clean(reason)
    with recorded(actor, "customer.hold_lifted", customer, now=now) as entry:
        locked = _locked(customer)
        if not locked.legal_hold:
            entry.discard()
            return locked
        body = f"Legal hold lifted: {reason}\nIt was: {locked.legal_hold}"
        Note.objects.create(customer=locked, author_id=actor.user_id, body=body)
        Customer.objects.filter(pk=locked.pk).update(legal_hold="")
        locked.legal_hold = ""
        return locked


def _locked(customer: Customer) -> Customer:
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if locked.state not in {Customer.State.ACTIVE, Customer.State.DELETED}:
        raise NotThere
    return locked


def _clean(reason: str) -> str:
    fault = problem(reason, limit=REASON_LIMIT)
    if fault:
        raise ValidationError(fault)
    if not tidy(reason):
        raise ValidationError("Enter the reason.")
    return tidy(reason)
