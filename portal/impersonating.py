"""A member of staff in the portal as one of its users (8.3): their own session stays, a row says as whom and how long.

Reading the row is all that a page does. What ended it besides 'Back to admin' (its time, a deactivation, a deletion) is
found by each page anew, and written down by a task within a minute, because safe methods change nothing.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core import clock
from core.retrying import retrying
from core.text import problem, tidy
from customers.models import Customer, Login
from staff.models import Impersonation, Role, User
from staff.permissions import may, teams_of

REASON_LIMIT = Impersonation._meta.get_field("reason").max_length or 300
RETURN_LIMIT = Impersonation._meta.get_field("return_to").max_length or 500
Mode = Impersonation.Mode

STOPPED, TIME, STAFF, CUSTOMER = "stopped", "time", "staff", "customer"
ENDINGS = {
    STOPPED: "You are back.",
    TIME: "It ended by itself: its time was up.",
    STAFF: "It ended because you may not impersonate this customer any more.",
    CUSTOMER: "It ended because this customer may not sign in any more.",
}


class Refused(Exception):
    """This impersonation may not begin; the message says why, and what to do."""


class AlreadyImpersonating(Refused):
    """One at a time; `running` is the one that goes on."""

    def __init__(self, running: Impersonation) -> None:
        super().__init__(f"You are in the portal as {running.target} already. End that first.")
        self.running = running


@retrying
def start(
    staff: User, customer: Customer, *, reason: str, mode: str = Mode.LOOK, session_key: str, return_to: str,
    now: datetime | None = None,
) -> Impersonation:  # fmt: skip
    """Lets `staff` into the portal as `customer`, from the session that `session_key` names.

    Raises ValidationError for the reason, Refused (AlreadyImpersonating among them), and writes nothing then.
    """
    reason = _clean_reason(reason)
    now = now or clock.now()
    for row in running(staff):
        if not ending_of(row, now):
            raise AlreadyImpersonating(row)
        end(row, ending_of(row, now), now=now)
    target = target_of(customer, staff)
    lasts = timedelta(minutes=settings.IMPERSONATION_MINUTES)
    actor = actor_of(staff, target)
    with recorded(actor, "impersonation.started", customer, now=now, facts={"mode": mode}) as entry:
        row = Impersonation.objects.create(
            staff=staff, target=target, mode=mode, reason=reason, session_digest=digest(session_key),
            return_to=return_to[:RETURN_LIMIT], started_at=entry.at, ends_at=entry.at + lasts,
        )  # fmt: skip
        entry.facts |= {"impersonation_id": row.pk}
        return row


@retrying
def end(row: Impersonation, why: str = STOPPED, *, now: datetime | None = None) -> Impersonation:
    """Ends it, once: an impersonation that has ended stays as it is. `why` is one of ENDINGS."""
    actor = Actor(via="portal", rank="staff", user_id=row.staff_id, on_behalf_of_id=row.target_id)
    with recorded(actor, "impersonation.ended", now=now, facts={"impersonation_id": row.pk, "why": why}) as entry:
        locked = Impersonation.objects.select_for_update().get(pk=row.pk)
        if locked.ended_at is not None:
            entry.discard()
            return locked
        login = Login.objects.filter(user=locked.target_id).first() if locked.target_id else None
        if login:
            entry.about(Customer(pk=login.customer_id))
        locked.ended_at = max(min(entry.at, locked.ends_at), locked.started_at)
        locked.save(update_fields=["ended_at"])
        return locked


def running(staff: User) -> QuerySet[Impersonation]:
    """What this member of staff has not ended, in any browser: one at most."""
    rows = Impersonation.objects.filter(staff=staff, ended_at=None)
    return rows.select_related("staff", "target__login__customer")


def of_session(staff: User, session_key: str | None) -> Impersonation | None:
    """The impersonation that was begun in this very session and that nobody has ended, its time up or not."""
    row = running(staff).filter(session_digest=digest(session_key)).first() if session_key else None
    if row is not None:
        row.staff = staff
    return row


def ending_of(row: Impersonation, now: datetime) -> str:
    """Why it is over although nobody ended it, "" while it goes on."""
    if now >= row.ends_at:
        return TIME
    if not (row.staff.is_active and may(row.staff, "impersonate")):
        return STAFF
    customer = _customer_of(row.target)
    if customer is None or row.target is None or not row.target.is_active or not customer.is_active:
        return CUSTOMER
    return "" if _sees(row.staff, customer) else STAFF


def end_those_over(now: datetime | None = None) -> int:
    """Writes down the end of those that are over; how many there were."""
    moment = now or clock.now()
    ended = 0
    open_ones = Impersonation.objects.filter(ended_at=None).select_related("staff", "target__login__customer")
    for row in open_ones:
        why = ending_of(row, moment)
        if why:
            end(row, why, now=moment)
            ended += 1
    return ended


def end_at_sign_out(request: HttpRequest | None, user: Any = None, **_: Any) -> None:
    """Whoever signs out leaves the portal as well."""
    if isinstance(user, User) and user.role != Role.PORTAL:
        for row in running(user):
            end(row)


def target_of(customer: Customer, staff: User) -> User:
    """The user as whom `customer` signs in. Raises Refused for whoever must not be impersonated."""
    login = Login.objects.select_related("user", "customer").filter(customer=customer).first()
    if login is None:
        raise Refused(f"{customer.display_name} has no login for the portal.")
    user = login.user
    if user.role != Role.PORTAL or user.is_superuser or user.is_staff:
        raise Refused("Only customers can be impersonated, never a member of staff.")
    if not user.is_active or not login.customer.is_active:
        raise Refused(f"{customer.display_name} may not sign in to the portal at present.")
    if not may(staff, "impersonate") or not _sees(staff, customer):
        raise Refused("Your role or your team does not let you impersonate this customer.")
    return user


def actor_of(staff: User, target: User) -> Actor:
    """`staff` acts, in the name of `target`: whatever is written down names both (8.4)."""
    return Actor(via="portal", rank="staff", user_id=staff.pk, on_behalf_of_id=target.pk)


def digest(session_key: str | None) -> str:
    return hashlib.sha256((session_key or "").encode()).hexdigest()


def _clean_reason(reason: str) -> str:
    fault = problem(reason, limit=REASON_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_reason")
    if not tidy(reason):
        raise ValidationError("Enter the reason.", code="required")
    return tidy(reason)


def _customer_of(user: User | None) -> Customer | None:
    login = getattr(user, "login", None)
    return login.customer if login else None


def _sees(staff: User, customer: Customer) -> bool:
    """Whether `staff` sees the customer and every account of theirs: the portal shows all of them (3.5)."""
    if teams_of(staff) is None:
        return True
    if not Customer.objects.visible_to(staff).filter(pk=customer.pk).exists():
        return False
    hidden = Account.objects.exclude(pk__in=Account.objects.visible_to(staff)).values("pk")
    return not customer.memberships.filter(account__in=hidden).exists()
