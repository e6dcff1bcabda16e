"""Feedback that arrives, by any way in: kept once, its author recognised or made a customer (5.1, 5.2)."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.json import dumps
from core.retrying import retrying
from customers.creating import Draft, clean_name, clean_properties, find_or_create
from customers.identifying import Identity, identity
from customers.matching import Match, lock, lock_customers
from customers.models import Customer, Membership, Tag
from customers.suppressing import among, count_kept_out, require_open
from feedback.anonymising import Known
from feedback.link_rules import READABLE, Ruled, Rules
from feedback.models import Document, DocumentTag

TITLE_LIMIT = 500
AUTHOR_FIELDS = ("name", "email", "phone", "user_id", "handle")
# Where senders put identity when the author lacks it (5.2)
METADATA_NAMES = {
    "name": ("name", "userName", "user_name", "fullName", "full_name", "customerName", "customer_name"),
    "email": ("email", "userEmail", "user_email", "customerEmail", "customer_email"),
    "phone": ("phone", "userPhone", "user_phone", "phoneNumber", "phone_number"),
    "user_id": ("userId", "user_id", "externalUserId", "external_user_id"),
}


@dataclass(slots=True)
class Incoming:
    """One piece of feedback as received, already of the right types and lengths.

    `author` has some of name, email, phone, user_id, handle; `properties` are raw values by key, from `cf_*` fields or
    mapped columns; `verified` is False for what a browser claims.
    """

    title: str = ""
    body: str = ""
    body_format: str = Document.BodyFormat.TEXT
    channel: str = Document.Channel.API
    external_id: str | None = None
    occurred_at: datetime | None = None
    author: dict[str, str] = field(default_factory=dict)
    account_external_id: str = ""
    status: str = ""
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, list[Any]] = field(default_factory=dict)
    verified: bool = True

    def digest(self) -> bytes:
        """SHA-256 of all that was sent: the same again changes nothing."""
        said = {name: getattr(self, name) for name in self.__slots__}
        said["occurred_at"] = self.occurred_at.isoformat() if self.occurred_at else None
        return hashlib.sha256(dumps(dict(sorted(said.items()))).encode()).digest()


@dataclass(frozen=True, slots=True)
class Received:
    """What became of it. `suppressed` are identities of permanently deleted people that were left out."""

    document: Document
    status: Literal["created", "unchanged", "updated", "suppressed"]
    customer: Customer | None
    suppressed: frozenset[Identity] = frozenset()


@retrying
def receive(incoming: Incoming, *, source: Source, actor: Actor, now: datetime | None = None) -> Received:
    """Keeps the document and links its author; one whose author was permanently deleted is kept without the identity.

    Raises ValidationError keyed by field, and IntakeStopped; then nothing is kept.
    """
    require_open()
    digest = incoming.digest()
    known = _known(source, incoming)
    if known and known.anonymised_at:  # what was taken out of it does not come back
        return Received(known, "suppressed", None, frozenset(author_draft(incoming).identities))
    if known and not incoming.verified:
        return Received(known, "unchanged", known.customer)  # whoever guesses an ID may not rewrite what is there
    if known and known.content_digest is not None and bytes(known.content_digest) == digest:
        return Received(known, "unchanged", known.customer)
    draft = author_draft(incoming)
    with recorded(actor, "document.updated" if known else "document.received", known, now=now) as entry:
        if incoming.verified:
            draft.properties = clean_properties(incoming.properties)
        rules = Rules.of(source)
        customer, found, ruled = _customer(draft, known, incoming, rules, actor=actor, now=entry.at)
        if found.suppressed:
            count_kept_out(found.suppressed, entry.at)
            incoming, draft = without_identity(incoming, draft, found)
        account = _account(incoming, customer)
        document = _written(incoming, known, source=source, digest=digest, now=entry.at)
        _recognise(document, draft, customer, by_rule=customer is not None and customer.pk == ruled.customer_id)
        if found.is_suppressed:
            document.content_digest, document.anonymised_at = None, entry.at
        if account:
            document.account = account
        elif document.account_id is None:
            document.account_id = ruled.account_id
        document.save()
        _tag(document, incoming.tags)
        entry.about(document)
    status: Literal["created", "updated", "suppressed"] = "updated" if known else "created"
    return Received(
        document, "suppressed" if found.is_suppressed else status, document.customer, frozenset(found.suppressed)
    )


def author_draft(incoming: Incoming) -> Draft:
    """Who wrote it, from the author, else from the metadata. A malformed author detail is the sender's error; malformed
    metadata is nobody's identity. Raises ValidationError keyed `author.<field>`."""
    said = {key: str(incoming.author.get(key) or "").strip() for key in AUTHOR_FIELDS}
    found: list[Identity] = []
    for kind in AUTHOR_FIELDS[1:]:
        try:
            if said[kind]:
                found.append(identity(kind, said[kind]))
            elif guess := _from_metadata(incoming.metadata, kind):
                found += _if_well_formed(kind, guess)
        except ValidationError as error:
            raise ValidationError({f"author.{kind}": error}) from None
    try:
        name = clean_name(said["name"] or _from_metadata(incoming.metadata, "name"))
    except ValidationError as error:
        raise ValidationError({"author.name": error}) from None
    return Draft(name=name, identities=found, verified=incoming.verified)


def _from_metadata(metadata: dict[str, Any], field_name: str) -> str:
    for key in METADATA_NAMES.get(field_name, ()):
        value = metadata.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()[:300]
    return ""


def _if_well_formed(kind: str, value: str) -> list[Identity]:
    try:
        return [identity(kind, value)]
    except ValidationError:
        return []


def _known(source: Source, incoming: Incoming) -> Document | None:
    if not incoming.external_id:
        return None
    return Document.objects.filter(source=source, external_id=incoming.external_id).select_related("customer").first()


def _customer(
    draft: Draft, known: Document | None, incoming: Incoming, rules: Rules, *, actor: Actor, now: datetime
) -> tuple[Customer | None, Match, Ruled]:
    """Whose it is, found by the source's rules first, else by its author; staff's decision stands."""
    named = rules.identities(incoming)
    lock([*draft.identities, *named])
    ruled = rules.find([incoming])[0]
    decided = known is not None and known.link in {Document.Link.STAFF, Document.Link.REMOVED}
    by_rule = None if decided or ruled.is_suppressed else _still_there(ruled)
    if decided or by_rule or ruled.is_suppressed:  # its author's details stay with the document
        suppressed = among([*draft.identities, *named])
        return by_rule, Match(suppressed=suppressed, is_suppressed=ruled.is_suppressed and not decided), ruled
    customer, found, _ = find_or_create(draft, actor=actor, origin=Customer.Origin.DOCUMENT, now=now)
    found.suppressed |= ruled.suppressed
    return customer, found, ruled


def _still_there(ruled: Ruled) -> Customer | None:
    """The customer that a rule found, locked; None when somebody merged or purged them meanwhile."""
    locked = lock_customers([ruled.customer_id] if ruled.customer_id else [])
    return next((one for one in locked if one.state in READABLE), None)


def without_identity(incoming: Incoming, draft: Draft, found: Match) -> tuple[Incoming, Draft]:
    """What was sent without the suppressed identities; when they make the whole nobody's, without any of the author."""
    gone = {*draft.identities, *found.suppressed} if found.is_suppressed else found.suppressed
    names = [draft.name] if found.is_suppressed else []
    known = Known(names, [(one.kind, text) for one in gone for text in (one.value, one.normalized)])
    kinds = {one.kind for one in gone}
    kept = replace(
        incoming,
        title=known.text(incoming.title)[:TITLE_LIMIT],
        body=known.text(incoming.body),
        author={}
        if found.is_suppressed
        else {name: value for name, value in incoming.author.items() if name not in kinds},
        custom_fields=known.data(incoming.custom_fields),
        metadata=known.data(incoming.metadata),
    )
    return kept, replace(draft, identities=[one for one in draft.identities if one not in gone])


def _account(incoming: Incoming, customer: Customer | None) -> Account | None:
    """The account by its ID in the sender's system, made when it is new; its author belongs to it from now on. What a
    browser claims makes neither."""
    if not incoming.account_external_id:
        return None
    account = Account.objects.filter(external_id=incoming.account_external_id).first()
    if account is None and incoming.verified:
        account = Account.objects.create(external_id=incoming.account_external_id, name=incoming.account_external_id)
    if account is None or customer is None or not incoming.verified:
        return account
    if not Membership.objects.filter(customer=customer, account=account).exists():
        first = not Membership.objects.filter(customer=customer, primary=True).exists()
        Membership.objects.create(customer=customer, account=account, primary=first)
    return account


def _written(incoming: Incoming, known: Document | None, *, source: Source, digest: bytes, now: datetime) -> Document:
    """The document with what was sent, its row locked when it exists already."""
    if known:
        document = Document.objects.select_for_update().get(pk=known.pk)
    else:
        document = Document(source=source, external_id=incoming.external_id, occurred_at=now)
    document.title, document.body, document.body_format = incoming.title, incoming.body, incoming.body_format
    document.channel, document.status = incoming.channel, incoming.status
    document.author = {key: value for key, value in incoming.author.items() if value}
    document.custom_fields, document.metadata = incoming.custom_fields, incoming.metadata
    document.occurred_at = incoming.occurred_at or document.occurred_at
    document.content_digest = digest
    return document


def _recognise(document: Document, draft: Draft, customer: Customer | None, *, by_rule: bool) -> None:
    document.author_email = next((one.normalized for one in draft.identities if one.kind == "email"), "")
    if not draft.verified:
        document.author = {**document.author, "verified": False}
    if document.link not in {Document.Link.STAFF, Document.Link.REMOVED}:
        document.customer = customer
        document.link = link_of(customer.pk if customer else None, by_rule=by_rule)


def link_of(customer_id: int | None, *, by_rule: bool) -> Document.Link:
    """How a document that arrives comes to its customer."""
    if customer_id is None:
        return Document.Link.NONE
    return Document.Link.RULE if by_rule else Document.Link.MATCHED


def _tag(document: Document, names: list[str]) -> None:
    tags = [Tag.objects.named(name) for name in names if name.strip()]
    DocumentTag.objects.bulk_create([DocumentTag(document=document, tag=tag) for tag in tags], ignore_conflicts=True)
