"""Customers who sign in to the portal of the demo directory: an owner of an organisation, a member, somebody alone."""

from datetime import datetime
from itertools import pairwise

from audit.actor import Actor
from customers.editing import add_identifier
from customers.joining import make_owner
from customers.logins import give_login
from customers.models import Customer, Membership
from integrations.seeding.catalogue import DEMO_PASSWORD

PORTAL_EMAILS = {who: f"{who}@customer.example" for who in ("owner", "member", "alone")}
LOOKED_AT = 500  # the first accounts, and the first customers of none
FEEDBACK = 2  # so that their pages show something


def make_portal_logins(*, actor: Actor, now: datetime) -> list[str]:
    """The emails that were given a login, each also an email of the customer who signs in with it."""
    made = []
    for who, customer in _cast().items():
        email = PORTAL_EMAILS[who]
        add_identifier(customer, "email", email, actor=actor, now=now)
        give_login(customer, email=email, name=customer.name, password=DEMO_PASSWORD, actor=actor, now=now)
        made.append(email)
    return made


def _cast() -> dict[str, Customer]:
    """The same people for the same directory."""
    found: dict[str, Customer] = {}
    places = Membership.objects.filter(customer__state="active", customer__feedback_count__gte=FEEDBACK)
    first = list(places.select_related("customer", "account").order_by("account_id", "-key_contact", "pk")[:LOOKED_AT])
    for one, other in pairwise(first):
        if one.account_id == other.account_id and one.key_contact and one.customer_id != other.customer_id:
            make_owner(one, actor=Actor.of_system("seed"))
            found |= {"owner": one.customer, "member": other.customer}
            break
    alone = Customer.objects.active().filter(memberships=None, feedback_count__gte=FEEDBACK).order_by("pk").first()
    return found | ({"alone": alone} if alone else {})
