"""A document's customer: added, changed, removed by staff (5.3, 5.4). What staff decide, no sync undoes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.arrays import AnyOf
from core.retrying import retrying
from customers.creating import Draft, Taken, draft_of, enrich, insert
from customers.identifying import identity
from customers.matching import lock, lock_customers, match
from customers.models import Customer, Membership
from customers.suppressing import Suppressed, counting, require_open
from feedback.link_rules import Ruled
from feedback.models import Document
from staff.permissions import teams_of

_DECIDED = (Document.Link.STAFF, Document.Link.REMOVED)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link did: `previous_id` is who the document had before; `renamed_from` the name that an existing customer
    lost to the one typed, or None; `created` whether the customer is new."""

    customer: Customer
    previous_id: int | None
    created: bool = False
    renamed_from: str | None = None


@retrying
def link(
    document: Document, customer: Customer, *, actor: Actor, as_: str = Document.Link.STAFF, now: datetime | None = None
) -> Linked:
    """Gives the document this customer in place of whom it had. Raises Customer.DoesNotExist unless active.

    `as_` is how the link counts from now on: by staff, or for an undo what it was before.
    """
    with recorded(actor, "document.linked", document, now=now):
        locked = _lock(document, customer.pk)
        if not locked or not locked.is_active:
            raise Customer.DoesNotExist
        return Linked(locked, _assign(document, locked, as_))


@retrying
def unlink(
    document: Document, *, actor: Actor, as_: str = Document.Link.REMOVED, now: datetime | None = None
) -> Customer | None:
    """Takes the document's customer away. Returns who it was, counted anew, or None when there was nobody.

    `as_` is REMOVED, which no sync undoes, or for an undo what it was before.
    """
    with recorded(actor, "document.unlinked", document, now=now) as entry:
        _lock(document, None)
        current = Document.objects.select_for_update().get(pk=document.pk)
        if current.customer_id is None:
            entry.discard()
            return None
        previous_id = current.customer_id
        current.customer, current.link = None, as_
        current.save(update_fields=["customer", "link"])
        document.customer, document.link = None, as_
        return Customer.objects.get(pk=previous_id)


@counting
@retrying
def create_and_link(
    document: Document, *, email: str, name: str, properties: dict[str, Sequence[object]] | None = None, actor: Actor,
    viewer: Any = None, now: datetime | None = None,
) -> Linked:  # fmt: skip
    """Makes a customer and links it; an email that exists updates that customer's name instead (5.3). Whom a limited
    `viewer` makes joins the document's account, without which they would not see them (3.5).

    Raises ValidationError, Taken when the email is that of a deleted customer or of one whom `viewer` may not see, and
    Suppressed.
    """
    limited = viewer is not None and teams_of(viewer) is not None
    require_open()
    draft = draft_of(name=name, identities=[identity("email", email)], properties=properties or {})
    with recorded(actor, "document.linked", document, now=now) as entry:
        lock(draft.identities)
        found = match(draft.identities)
        if found.suppressed:
            raise Suppressed(min(found.suppressed))
        if found.customer_id is None:
            _lock(document, None)
            customer = insert(draft, actor=actor, origin=Customer.Origin.DOCUMENT, now=entry.at)
            if limited and document.account_id:
                Membership.objects.create(customer=customer, account_id=document.account_id, primary=True)
            return Linked(customer, _assign(document, customer), created=True)
        locked = _lock(document, found.customer_id)
        hidden = limited and not Customer.objects.visible_to(viewer).filter(pk=found.customer_id).exists()
        if hidden or not locked or not locked.is_active:
            raise Taken(draft.identities[0], Customer.objects.get(pk=found.customer_id))
        before = locked.name
        enrich(locked, Draft(draft.name, draft.identities, draft.properties), found, actor=actor, now=entry.at)
        renamed_from = before if before and before != locked.name else None
        return Linked(locked, _assign(document, locked), renamed_from=renamed_from)


@dataclass(slots=True)
class LinkedMany:
    """How many documents got a customer, another one, or an account."""

    linked: int = 0
    moved: int = 0
    filed: int = 0


@retrying
def link_by_rules(found: Mapping[int, Ruled], *, actor: Actor, now: datetime | None = None) -> LinkedMany:
    """Gives documents (by id) the customer and the account that link rules found, never undoing what staff linked or
    removed, and never replacing an account. Whoever was deleted or merged away meanwhile gains nothing."""
    done = LinkedMany()
    with recorded(actor, "document.linked_by_rule", now=now) as entry:
        held = Document.objects.filter(AnyOf("pk", found)).values_list("customer_id", flat=True)
        customers = lock_customers({pk for pk in (*held, *(one.customer_id for one in found.values())) if pk})
        active = {customer.pk for customer in customers if customer.is_active}
        wanted = {one.account_id for one in found.values() if one.account_id}
        accounts = set(Account.objects.active().filter(pk__in=wanted).values_list("pk", flat=True))
        rows = Document.objects.filter(AnyOf("pk", found)).order_by("pk").defer("body", "search_vector")
        changed = []
        for document in rows.select_for_update():
            ruled, before = found[document.pk], document.customer_id
            if document.link not in _DECIDED and ruled.customer_id in active and ruled.customer_id != before:
                document.customer_id, document.link = ruled.customer_id, Document.Link.RULE
                done.linked, done.moved = done.linked + (before is None), done.moved + (before is not None)
                changed.append(document)
            if document.account_id is None and ruled.account_id in accounts:
                document.account_id = ruled.account_id
                done.filed += 1
                changed += [document] if changed[-1:] != [document] else []
        if not changed:
            entry.discard()
            return done
        Document.objects.bulk_update(changed, ["customer", "link", "account"])
        entry.facts |= {"documents": len(changed)}
        return done


def _lock(document: Document, customer_id: int | None) -> Customer | None:
    """Locks the customers that gain and lose the document, in id order; returns the one with `customer_id`."""
    current_id = Document.objects.filter(pk=document.pk).values_list("customer_id", flat=True).get()
    customers = lock_customers(pk for pk in (current_id, customer_id) if pk is not None)
    return next((customer for customer in customers if customer.pk == customer_id), None)


def _assign(document: Document, customer: Customer, as_: str = Document.Link.STAFF) -> int | None:
    current = Document.objects.select_for_update().get(pk=document.pk)
    previous_id = current.customer_id
    current.customer, current.link = customer, as_
    current.save(update_fields=["customer", "link"])
    document.customer, document.link = customer, as_
    customer.refresh_from_db()
    return previous_id
