"""Legal hold of an account: as long as it stands, nothing of it, of its people and its feedback is deleted (6.4)."""

from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import problem, tidy

REASON_LIMIT = 280


class NotThere(Exception):
    """The account is being permanently deleted."""


@retrying
def hold(account: Account, reason: str, *, actor: Actor, now: datetime | None = None) -> Account:
    """Puts an active or deleted account on legal hold, or states another reason. Raises ValidationError, NotThere."""
    reason = _clean(reason)
    with recorded(actor, "account.held", account, now=now) as entry:
        locked = _locked(account)
        if locked.legal_hold == reason:
            entry.discard()
        else:
            _write(locked, reason)
        return locked


@retrying
def lift(account: Account, reason: str, *, actor: Actor, now: datetime | None = None) -> Account:
    """Ends a legal hold. The reason stands in the account's history. Raises ValidationError, NotThere."""
    reason = _clean(reason)
    with recorded(actor, "account.hold_lifted", account, now=now) as entry:
        locked = _locked(account)
        if locked.legal_hold:
            _write(locked, f"Lifted: {reason}")  # each statement is a line of the history
            _write(locked, "")
        else:
            entry.discard()
        return locked


def _write(account: Account, reason: str) -> None:
    Account.objects.filter(pk=account.pk).update(legal_hold=reason)
    account.legal_hold = reason


def _locked(account: Account) -> Account:
    locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if locked.state == Account.State.PURGING:
        raise NotThere
    return locked


def _clean(reason: str) -> str:
    fault = problem(reason, limit=REASON_LIMIT)
    if fault:
        raise ValidationError(fault)
    if not tidy(reason):
        raise ValidationError("Enter the reason.")
    return tidy(reason)
