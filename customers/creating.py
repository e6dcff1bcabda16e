"""How a customer comes to exist or is found again: one rule for every way in (2.5, 5.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import ascii_lower, problem, tidy
from customers.identifying import Identity
from customers.matching import Match, lock, lock_customers, match, note_duplicates
from customers.models import Customer, Identifier, Membership
from customers.models.customer import NAME_LIMIT, sort_key
from customers.suppressing import Suppressed, counting, require_open
from properties import provenance
from properties.models import Definition
from properties.values import cast_all, type_of


@dataclass(slots=True)
class Draft:
    """What is known of a person before the directory is asked. `properties` are typed values by key.

    `verified` is False for what a browser merely claims.
    """

    name: str = ""
    identities: list[Identity] = field(default_factory=list)
    properties: dict[str, list[Any]] = field(default_factory=dict)
    verified: bool = True


class Taken(Exception):
    """An identifier that the command needs belongs to somebody already."""

    def __init__(self, identity: Identity, customer: Customer) -> None:
        super().__init__(f"{identity.value} belongs to customer {customer.pk}")
        self.identity = identity
        self.customer = customer


def clean_name(name: str) -> str:
    """The name as stored. Raises ValidationError."""
    fault = problem(name, limit=NAME_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_name")
    return tidy(name)


def clean_properties(raw: Mapping[str, Sequence[object]]) -> dict[str, list[Any]]:
    """Typed values by the key's own spelling, defined where it is new. Raises ValidationError by key."""
    sent = {key: [one for one in raws if one is not None] for key, raws in raw.items()}
    types = {key: type_of(values[0]) if values else Definition.Type.TEXT for key, values in sent.items()}
    cleaned: dict[str, list[Any]] = {}
    for key, definition in Definition.objects.for_keys(types).items():
        try:
            values = cast_all(definition, sent[key])
        except ValidationError as error:
            raise ValidationError({key: error}) from None
        if values:
            cleaned[definition.key] = values
    return cleaned


@counting
@retrying
def create(draft: Draft, *, actor: Actor, origin: str = Customer.Origin.HAND, now: datetime | None = None) -> Customer:
    """A new customer from `draft`. Raises Taken when an email, user ID or handle of it is somebody's already, and
    Suppressed when one was somebody's who was permanently deleted."""
    require_open()
    with recorded(actor, "customer.created", now=now) as entry:
        customer = _insert_unless_taken(draft, actor=actor, origin=origin, now=entry.at)
        entry.about(customer)
        return customer


@counting
@retrying
def create_by_hand(
    *, name: str, identities: Sequence[Identity], properties: dict[str, Sequence[object]] | None = None,
    types: dict[str, str] | None = None, account: Account | None = None, actor: Actor, now: datetime | None = None,
) -> Customer:  # fmt: skip
    """A new customer as staff typed it in, in `account` if given. `types` are those of properties never seen before.

    Raises ValidationError (by property key), Taken and Suppressed; then nothing is written, no definition either.
    """
    require_open()
    with recorded(actor, "customer.created", now=now) as entry:
        Definition.objects.for_keys(types or {})
        draft = draft_of(name=name, identities=list(identities), properties=properties)
        customer = _insert_unless_taken(draft, actor=actor, origin=Customer.Origin.HAND, now=entry.at)
        if account:
            Membership.objects.create(customer=customer, account=account, primary=True)
        entry.about(customer)
        return customer


def _insert_unless_taken(draft: Draft, *, actor: Actor, origin: str, now: datetime) -> Customer:
    lock(draft.identities)
    found = match(draft.identities)
    if found.suppressed:
        raise Suppressed(min(found.suppressed))
    for one, owners in found.owners.items():
        if owners and one.kind != Identifier.Kind.PHONE:
            raise Taken(one, Customer.objects.get(pk=owners[0]))
    return insert(draft, actor=actor, origin=origin, now=now)


def find_or_create(draft: Draft, *, actor: Actor, origin: str, now: datetime) -> tuple[Customer | None, Match, bool]:
    """Whose the draft is, with what it adds; or the customer made for it. Returns (customer, match, whether made).

    Runs inside the caller's audit entry. The customer is locked until the transaction ends, and may be soft-deleted:
    what arrives for it is kept with it (6.1). None when nothing in the draft recognises anybody.
    """
    if not draft.identities:
        return None, Match(), False
    lock(draft.identities)
    found = match(draft.identities)
    if found.customer_id is None:
        if found.is_suppressed or all(found.owners.values()):
            return None, found, False  # permanently deleted; or only a phone that several share: nobody in particular
        return insert(draft, actor=actor, origin=origin, now=now), found, True
    customer = lock_customers([found.customer_id])[0]
    enrich(customer, draft, found, actor=actor, now=now)
    note_duplicates(found)
    return customer, found, False


def insert(draft: Draft, *, actor: Actor, origin: str, now: datetime) -> Customer:
    """Writes a new customer with identifiers; the first email and phone become primary."""
    marks: dict[str, Any] = {}
    values: dict[str, list[Any]] = {}
    for key, new in draft.properties.items():
        provenance.put(values, marks, key, new, actor=actor, now=now)
    if draft.name:
        marks[provenance.NAME] = provenance.stamp(actor, now)
    customer = Customer.objects.create(
        name=draft.name, origin=origin, properties=values, provenance=marks,
        # What the triggers would compute: written right away, they find nothing to write again
        search_text=search_text_of(draft.name, draft.identities),
        primary_email=_first(draft, Identifier.Kind.EMAIL), primary_phone=_first(draft, Identifier.Kind.PHONE),
        created_at=now, updated_at=now, first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    add_identifiers(customer, draft.identities, actor=actor, verified=draft.verified, now=now)
    return customer


def enrich(customer: Customer, draft: Draft, found: Match, *, actor: Actor, now: datetime) -> None:
    """Adds what is new: identities nobody owns, an empty or synced name, property values that may be set (5.2)."""
    before = (customer.name, dict(customer.properties), {key: dict(mark) for key, mark in customer.provenance.items()})
    if draft.name and draft.name != customer.name and _may_name(customer.name, customer.provenance, draft, actor):
        customer.name = draft.name
        customer.provenance[provenance.NAME] = provenance.stamp(actor, now)
    for key, new in draft.properties.items():
        provenance.put(customer.properties, customer.provenance, key, new, actor=actor, now=now)
    if before != (customer.name, customer.properties, customer.provenance):
        customer.save(update_fields=["name", "sort_name", "properties", "provenance"])
    add_identifiers(customer, found.free(), actor=actor, verified=draft.verified, now=now)
    if draft.verified and found.claimed:
        confirm((customer.pk, kind, normalized) for kind, normalized in found.claimed)


def confirm(claimed: Iterable[tuple[int, str, str]]) -> None:
    """What a browser claimed of these (customer, kind, normalized) is true: a system has said so itself."""
    for customer_id, kind, normalized in sorted(claimed):
        held = Identifier.objects.filter(customer_id=customer_id, kind=kind, normalized=normalized)
        held.filter(verified=False).update(verified=True)


def add_identifiers(
    customer: Customer, new: Sequence[Identity], *, actor: Actor, verified: bool = True, now: datetime
) -> None:
    """Gives the customer these identities; the first of a kind that has a primary becomes it."""
    if not new:
        return
    ranked = set(customer.identifiers.filter(primary=True).values_list("kind", flat=True))
    rows = []
    for one in new:
        first = one.kind in Identifier.RANKED and one.kind not in ranked
        ranked |= {one.kind} if first else set()
        rows.append(
            Identifier(
                customer=customer, kind=one.kind, value=one.value, normalized=one.normalized, digest=one.digest,
                primary=first, verified=verified, source_id=actor.source_id,
            )
        )  # fmt: skip
    Identifier.objects.bulk_create(rows)


def search_text_of(name: str, identities: Sequence[Identity]) -> str:
    """What the triggers would compute: the folded name and every identifier, in one order."""
    ordered = sorted((one.kind, one.normalized) for one in identities)
    return " ".join([sort_key(name), *(ascii_lower(normalized) for _, normalized in ordered)])


def _first(draft: Draft, kind: str) -> str:
    return next((one.value for one in draft.identities if one.kind == kind), "")


def _may_name(name: str, marks: dict[str, Any], draft: Draft, actor: Actor) -> bool:
    return not name or (draft.verified and provenance.wins(marks, provenance.NAME, actor))


def draft_of(
    *, name: str = "", identities: list[Identity] | None = None, properties: dict[str, Sequence[object]] | None = None,
    verified: bool = True,
) -> Draft:  # fmt: skip
    """A cleaned draft. Raises ValidationError keyed by what is wrong."""
    return Draft(
        name=clean_name(name),
        identities=identities or [],
        properties=clean_properties(properties or {}),
        verified=verified,
    )
