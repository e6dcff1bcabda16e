"""Whom a document may belong to: the people that Add Customer offers (5.3)."""

from typing import Any

from django.core.exceptions import ValidationError

from core.text import fold
from customers.identifying import identity
from customers.models import Customer, Identifier
from customers.suggesting import MOST, search
from feedback.models import Document


def suggestions(document: Document, typed: str, viewer: Any) -> list[Customer]:
    """At most eight customers for what was typed; for nothing typed, those that the author's details point at."""
    typed = typed.strip()
    if typed:
        return search(typed, viewer, leave_out=document.customer_id)
    author = document.author if isinstance(document.author, dict) else {}
    found = _owner_of(str(author.get("email") or ""), viewer)
    name = str(author.get("name") or "").strip()
    if len(fold(name)) >= 3:
        found += [each for each in search(name, viewer, leave_out=None) if each not in found]
    return [each for each in found if each.pk != document.customer_id][:MOST]


def _owner_of(email: str, viewer: Any) -> list[Customer]:
    try:
        normalized = identity(Identifier.Kind.EMAIL, email).normalized
    except ValidationError:
        return []
    choosable = Customer.objects.visible_to(viewer).active().with_company(viewer)
    return list(choosable.filter(identifiers__kind="email", identifiers__normalized=normalized)[:1])


def owner_of(email: str) -> Customer | None:
    """Whoever holds this email, deleted customers included; None for a malformed one."""
    try:
        normalized = identity(Identifier.Kind.EMAIL, email).normalized
    except ValidationError:
        return None
    return Customer.objects.filter(identifiers__kind="email", identifiers__normalized=normalized).first()
