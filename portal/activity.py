"""The customer's own log (8.4): what they did in the portal, and what staff did there in their name, each named."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from audit.actor import Actor
from audit.history import Book, Line, lines_of
from audit.models import Change, Entry
from audit.recording import recorded
from core.paging import Page, Sort, keyset
from customers.models import Customer, Identifier
from staff.models import Role, User

SIZE = 20
NEWEST = Sort("time", "at", descending=True)
SHOWN_TABLES = (Customer._meta.db_table, Identifier._meta.db_table)  # their changes read well without other names
PHRASES = {
    "customer.data_exported": "downloaded a copy of your data",
    "customer.deletion_cancelled": "took back the request to delete your data",
    "customer.deletion_requested": "asked for the deletion of your data",
    "customer.identifier_added": "added a contact detail",
    "customer.identifier_made_primary": "chose another contact detail to come first",
    "customer.identifier_removed": "removed a contact detail",
    "customer.renamed": "changed your name",
    "document.received": "sent feedback",
    "document.updated": "sent feedback",
    "impersonation.ended": "left your portal",
    "impersonation.started": "went into your portal",
    "membership.removed": "removed somebody from an organisation",
    "portal.invited": "invited somebody to an organisation",
    "portal.password_changed": "changed your password",
    "portal.preferences_changed": "changed your preferences",
    "portal.signed_in": "signed in",
}
MODES = {"look": "to look only", "act": "to act for you"}
ICONS = {
    "customer": "user", "document": "message-square", "impersonation": "venetian-mask", "membership": "building-2",
    "portal": "key",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One line of the log. `by_staff`: done by `who` in the customer's name."""

    at: datetime
    who: str
    did: str
    icon: str
    by_staff: bool
    lines: Sequence[Line] = ()


def log_of(user: User, customer: Customer, cursor: str | None) -> tuple[list[Told], Page]:
    """A page of the log, newest first, and the cursors beside it. A constant number of queries."""
    page = keyset(_entries_of(user), NEWEST, cursor, SIZE)
    changes = _changes([entry.pk for entry in page.rows], customer)
    book = Book(None, ("customer", customer.pk))
    return [_told(entry, user, changes[entry.pk], book) for entry in page.rows], page


def record_sign_in(sender: Any, user: Any, **_: Any) -> None:
    """Notes that a customer signed in. Colleagues' sign-ins are no matter of the portal."""
    if isinstance(user, User) and user.role == Role.PORTAL:
        login = getattr(user, "login", None)
        actor = Actor(via="portal", rank="staff", user_id=user.pk)
        with recorded(actor, "portal.signed_in", login.customer if login else user):
            pass


def _entries_of(user: User) -> QuerySet[Entry]:
    """Two walks along two indexes, put together: one OR of them would use neither."""
    own = Entry.objects.filter(actor=user).order_by().values("pk")
    for_them = Entry.objects.filter(on_behalf_of=user).order_by().values("pk")
    return Entry.objects.filter(pk__in=own.union(for_them, all=True), verb__in=PHRASES).select_related("actor")


def _changes(entry_ids: Sequence[int], customer: Customer) -> dict[int, list[Change]]:
    """What they changed of the customer's own record."""
    found: dict[int, list[Change]] = defaultdict(list)
    rows = Change.objects.filter(entry_id__in=entry_ids, table__in=SHOWN_TABLES, customer_id=customer.pk)
    for change in rows.order_by("pk") if entry_ids else []:
        found[change.entry_id].append(change)
    return found


def _told(entry: Entry, user: User, changes: Sequence[Change], book: Book) -> Told:
    by_staff = entry.actor_id != user.pk
    name = str(entry.actor) if entry.actor else "A member of staff"
    did = PHRASES[entry.verb]
    if entry.verb == "impersonation.started" and entry.facts.get("mode") in MODES:
        did = f"{did} {MODES[entry.facts['mode']]}"
    shown = [] if entry.verb.startswith("document.") else changes
    lines = [line for change in shown for line in lines_of(change, book) if line.label != "State"]
    icon = ICONS.get(entry.verb.partition(".")[0], "pencil")
    return Told(entry.at, name if by_staff else "You", did, icon, by_staff, lines)
