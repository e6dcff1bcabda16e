"""The deletion that a customer asks for (9): a soft deletion like any other, with a page for them until it runs."""

from datetime import datetime

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers import deleting
from customers.models import Customer


@retrying
def ask(customer: Customer, *, actor: Actor, now: datetime | None = None) -> Customer:
    """Deletes the customer's record at their own request. Raises Held while a legal hold forbids it, and NotActive."""
    with recorded(actor, "customer.deletion_requested", customer, now=now) as entry:
        deleting.delete(customer, actor=actor, now=entry.at)
        Customer.objects.filter(pk=customer.pk).update(deletion_requested_at=entry.at)
    return Customer.objects.get(pk=customer.pk)


@retrying
def cancel(customer: Customer, *, actor: Actor, now: datetime | None = None) -> Customer:
    """Takes the request back: everything is as it was. Raises NotDeleted once it is too late."""
    with recorded(actor, "customer.deletion_cancelled", customer, now=now) as entry:
        deleting.restore(customer, actor=actor, now=entry.at)
    return Customer.objects.get(pk=customer.pk)
