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

REASON_LIMIT = 300


class Held(Exception):
    """A deletion was refused because of a legal hold; the message names it."""


class NotThere(Exception):
    """The customer was merged away or is being permanently deleted."""


def hold_of(account: Account) -> str:
    """Why nothing of this account may be deleted, "" when it may."""
    return f"The account {account.name} is on legal hold: {account.legal_hold}" if account.legal_hold else ""


def holds_on(customer_ids: Iterable[int]) -> dict[int, str]:
    """Why these customers may not be deleted, by customer: a hold of their own, else of an account they belong to.

    Ask under the customers' locks.
    """
    ids = list(customer_ids)
    members = Membership.objects.filter(customer_id__in=ids).exclude(account__legal_hold="")
    found = {one.customer_id: hold_of(one.account) for one in members.select_related("account").order_by("-account")}
    own = Customer.objects.filter(pk__in=ids).exclude(legal_hold="").values_list("pk", "legal_hold")
    return found | {pk: f"On legal hold: {reason}" for pk, reason in own}


def holds_on_accounts(account_ids: Iterable[int]) -> dict[int, str]:
    """Why nothing of these accounts may be deleted, by account."""
    held = Account.objects.filter(pk__in=list(account_ids)).exclude(legal_hold="")
    return {account.pk: hold_of(account) for account in held}


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
