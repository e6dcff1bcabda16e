"""Many pieces of feedback in a few statements: the semantics of `receive`, for files and other bulk.

Items are taken in order, as if each were a command of its own; tests compare the outcome with that of single ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core.text import fold
from core.writing_many import insert_many, insert_rows, next_ids, update_many
from customers.creating import Draft
from customers.matching import lock
from customers.matching_many import Directory
from customers.models import Customer, Membership, Tag
from customers.models.tag import hue_of
from feedback.models import Document, DocumentTag
from feedback.receiving import Incoming, author_draft
from properties.models import Definition
from properties.values import cast_all, type_of

# Definitions by key, and (key as spelled, typed values or what is wrong) by key and raw values
Cleaned = dict[Any, Any]

_STAFF_DECIDED = {Document.Link.STAFF, Document.Link.REMOVED}
_NEW = (
    "id", "title", "body", "body_format", "channel", "source", "external_id", "author", "author_email", "customer",
    "link", "account", "custom_fields", "metadata", "status", "state", "occurred_at", "received_at", "updated_at",
    "content_digest", "tag_ids",
)  # fmt: skip
_CHANGED = (
    "title", "body", "body_format", "channel", "author", "author_email", "customer", "link", "account",
    "custom_fields", "metadata", "status", "occurred_at", "content_digest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one item."""

    document_id: int
    status: Literal["created", "unchanged", "updated"]
    customer_id: int | None
    account_id: int | None
    occurred_at: datetime

    def with_status(self, status: Literal["created", "unchanged", "updated"]) -> "Kept":
        return replace(self, status=status)


@dataclass(slots=True)
class _Item:
    """An item that has to be written, with its place among those received."""

    place: int
    incoming: Incoming
    digest: bytes
    draft: Draft
    known_id: int | None
    staff_decided: bool
    customer_id: int | None = None
    account_id: int | None = None


def receive_many(
    incomings: Sequence[Incoming], *, source: Source, actor: Actor, now: datetime
) -> list[Kept | ValidationError]:
    """Keeps the documents and links their authors, inside the caller's audit entry.

    One outcome for each, in order; a ValidationError (keyed by field) for what is wrong, which stops no other. Together
    they may name 1,000 identifiers at most (reliability 2).
    """
    digests = [incoming.digest() for incoming in incomings]
    outcomes: list[Any] = [None] * len(incomings)
    changed: Sequence[int] = range(len(incomings))
    if _comes_once(incomings):  # then what is as it was needs no lock and no second look
        known = _known(source, incomings)
        for place in changed:
            outcomes[place] = _unchanged(known.get(incomings[place].external_id or ""), digests[place])
        changed = [place for place in changed if outcomes[place] is None]
    drafts = {place: _drafted(incomings[place]) for place in changed}
    lock({one for draft in drafts.values() if isinstance(draft, Draft) for one in draft.identities})
    keys = {key for place in changed for key in incomings[place].properties}
    cleaned: Cleaned = {}
    if keys:
        known_keys = definitions_of(keys)
        cleaned = {key: known_keys[key.lower()] for key in keys if key.lower() in known_keys}
    for run in _runs(incomings, changed):
        told = [(incomings[place], digests[place], drafts[place]) for place in run]
        found = _receive_run(told, cleaned, source=source, actor=actor, now=now)
        for place, outcome in zip(run, found, strict=True):
            outcomes[place] = outcome
    return outcomes


def definitions_of(keys: Iterable[str]) -> dict[str, Definition]:
    """The customer properties with these keys, in any letter case, by the key in lower case."""
    wanted = Definition.objects.filter(subject=Definition.Subject.CUSTOMER).annotate(folded=Lower("key"))
    return {one.key.lower(): one for one in wanted.filter(folded__in=[key.lower() for key in keys])}


def _comes_once(incomings: Sequence[Incoming]) -> bool:
    ids = [incoming.external_id for incoming in incomings if incoming.external_id]
    return len(ids) == len(set(ids))


def _unchanged(row: dict[str, Any] | None, digest: bytes) -> Kept | None:
    if not row or row["content_digest"] is None or bytes(row["content_digest"]) != digest:
        return None
    return Kept(row["id"], "unchanged", row["customer_id"], row["account_id"], row["occurred_at"])


def _drafted(incoming: Incoming) -> Draft | ValidationError:
    try:
        return author_draft(incoming)
    except ValidationError as error:
        return error


def _runs(incomings: Sequence[Incoming], places: Sequence[int]) -> Iterator[list[int]]:
    """Stretches in which no external ID comes twice: the second time it is an update of the first."""
    run: list[int] = []
    seen = set[str]()
    for place in places:
        external_id = incomings[place].external_id
        if external_id and external_id in seen:
            yield run
            run, seen = [], set()
        if external_id:
            seen.add(external_id)
        run.append(place)
    if run:
        yield run


def _receive_run(
    told: Sequence[tuple[Incoming, bytes, Draft | ValidationError]], cleaned: Cleaned, *, source: Source, actor: Actor,
    now: datetime,
) -> list[Kept | ValidationError]:  # fmt: skip
    known = _known(source, [incoming for incoming, _, _ in told])
    outcomes: list[Any] = [None] * len(told)
    items: list[_Item] = []
    for place, (incoming, digest, draft) in enumerate(told):
        row = known.get(incoming.external_id or "")
        if kept := _unchanged(row, digest):
            outcomes[place] = kept
            continue
        if isinstance(draft, ValidationError):
            outcomes[place] = draft
            continue
        try:
            draft.properties = _clean(incoming.properties, cleaned)
        except ValidationError as error:
            outcomes[place] = error
            continue
        decided = bool(row) and row["link"] in _STAFF_DECIDED  # type: ignore[index]
        items.append(_Item(place, incoming, digest, draft, row["id"] if row else None, decided))
    for item, document in _keep(items, source=source, actor=actor, now=now):
        outcomes[item.place] = Kept(
            document.pk, "updated" if item.known_id else "created", document.customer_id, document.account_id,
            document.occurred_at,
        )  # fmt: skip
    return outcomes


def _known(source: Source, incomings: Sequence[Incoming]) -> dict[str, dict[str, Any]]:
    ids = [incoming.external_id for incoming in incomings if incoming.external_id]
    columns = ("id", "external_id", "content_digest", "link", "customer_id", "account_id", "occurred_at")
    rows = Document.objects.filter(source=source, external_id__in=ids).values(*columns)
    return {row["external_id"]: row for row in rows}


def _clean(raw: dict[str, list[Any]], cleaned: Cleaned) -> dict[str, list[Any]]:
    """`clean_properties`, with each definition asked for once and each distinct list of values cast once."""
    values: dict[str, list[Any]] = {}
    for key, raws in raw.items():
        about = (key, *((type(one), one) for one in raws))
        if about not in cleaned:
            cleaned[about] = _cast(key, raws, cleaned)
        spelled, typed = cleaned[about]
        if isinstance(typed, ValidationError):
            raise typed
        if typed:
            values[spelled] = list(typed)
    return values


def _cast(key: str, raws: list[Any], cleaned: Cleaned) -> tuple[str, Any]:
    """The key as its definition spells it, and the values of its type, or what is wrong with them."""
    sent = [one for one in raws if one is not None]
    try:
        definition = cleaned.get(key)
        if definition is None:
            type_ = type_of(sent[0]) if sent else Definition.Type.TEXT
            definition = cleaned[key] = Definition.objects.for_key(key, type_=type_)
        return definition.key, cast_all(definition, sent)
    except ValidationError as error:
        return key, ValidationError({key: error})


def _keep(items: list[_Item], *, source: Source, actor: Actor, now: datetime) -> Iterator[tuple[_Item, Document]]:
    if not items:
        return
    accounts = _accounts(items)
    directory = Directory([item.draft for item in items if not item.staff_decided], actor=actor, now=now)
    for item in items:
        if not item.staff_decided:
            item.customer_id = directory.find_or_create(item.draft, origin=Customer.Origin.DOCUMENT)
        item.account_id = accounts.get(item.incoming.account_external_id)
    tags = _tags(items)
    created = [(item, _created(item, tags, source=source, now=now)) for item in items if not item.known_id]
    for pk, (_, document) in zip(next_ids(Document, len(created)), created, strict=True):
        document.pk = pk
    _count(directory, [document for _, document in created], now)
    directory.write()
    _join(items, now)
    insert_many([document for _, document in created], _NEW)
    updated = _updated([item for item in items if item.known_id])
    links = [(document.pk, tag_id) for item, document in [*created, *updated] for tag_id in _tag_ids(item, tags)]
    if updated:
        rows = [DocumentTag(document_id=document_id, tag_id=tag_id) for document_id, tag_id in links]
        DocumentTag.objects.bulk_create(rows, ignore_conflicts=True)
    elif links:
        insert_rows(DocumentTag, ("document", "tag"), links)
    yield from created
    yield from updated


def _created(item: _Item, tags: dict[str, int], *, source: Source, now: datetime) -> Document:
    document = Document(
        source_id=source.pk, external_id=item.incoming.external_id, occurred_at=now, received_at=now, updated_at=now,
        tag_ids=_tag_ids(item, tags),
    )  # fmt: skip
    _fill(document, item)
    return document


def _updated(items: list[_Item]) -> list[tuple[_Item, Document]]:
    """The documents that were here before, locked, with what was sent now."""
    if not items:
        return []
    locked = Document.objects.filter(pk__in=[item.known_id for item in items]).order_by("pk").defer("search_vector")
    documents = {document.pk: document for document in locked.select_for_update()}
    pairs = [(item, documents[item.known_id]) for item in items if item.known_id]
    for item, document in pairs:
        _fill(document, item)
    update_many([document for _, document in pairs], _CHANGED)
    return pairs


def _fill(document: Document, item: _Item) -> None:
    incoming = item.incoming
    document.title, document.body, document.body_format = incoming.title, incoming.body, incoming.body_format
    document.channel, document.status = incoming.channel, incoming.status
    document.author = {key: value for key, value in incoming.author.items() if value}
    document.custom_fields, document.metadata = incoming.custom_fields, incoming.metadata
    document.occurred_at = incoming.occurred_at or document.occurred_at
    document.content_digest = item.digest
    document.author_email = next((one.normalized for one in item.draft.identities if one.kind == "email"), "")
    if not item.draft.verified:
        document.author = {**document.author, "verified": False}
    if document.link in {Document.Link.NONE, Document.Link.MATCHED}:
        document.customer_id = item.customer_id
        document.link = Document.Link.MATCHED if item.customer_id else Document.Link.NONE
    document.account_id = item.account_id or document.account_id


def _count(directory: Directory, documents: list[Document], now: datetime) -> None:
    """Fills in for new customers what the triggers on documents would compute, so that these write nothing again."""
    for document in documents:
        customer = directory.new.get(document.customer_id or 0)
        if customer is None:
            continue
        first = not customer.feedback_count
        at = document.occurred_at
        customer.first_seen_at = at if first else min(customer.first_seen_at, at)
        customer.last_seen_at = at if first else max(customer.last_seen_at, at)
        customer.feedback_count += 1
        customer.channels = sorted({*customer.channels, str(document.channel)})
        customer.source_ids = [document.source_id] if document.source_id else []
        customer.last_linked_at = now


def _accounts(items: list[_Item]) -> dict[str, int]:
    """The accounts by their IDs in the sender's system, made when they are new."""
    wanted = dict.fromkeys(item.incoming.account_external_id for item in items if item.incoming.account_external_id)
    if not wanted:
        return {}
    found = dict(Account.objects.filter(external_id__in=wanted).values_list("external_id", "pk"))
    new = [Account(external_id=id_, name=id_, sort_name=fold(id_)[:300]) for id_ in wanted if id_ not in found]
    found |= {account.external_id: account.pk for account in Account.objects.bulk_create(new)}
    return {id_: pk for id_, pk in found.items() if id_}


def _join(items: list[_Item], now: datetime) -> None:
    """The authors belong to the accounts from now on; a customer's first account is the primary one."""
    pairs = dict.fromkeys(
        (item.customer_id, item.account_id)
        for item in items
        if item.customer_id and item.account_id and item.incoming.verified
    )
    if not pairs:
        return
    held = Membership.objects.filter(customer_id__in=[customer_id for customer_id, _ in pairs])
    rows = list(held.values_list("customer_id", "account_id", "primary"))
    members = {(customer_id, account_id) for customer_id, account_id, _ in rows}
    settled = {customer_id for customer_id, _, primary in rows if primary}
    new = []
    for customer_id, account_id in pairs:
        if (customer_id, account_id) in members:
            continue
        new.append(
            Membership(
                customer_id=customer_id, account_id=account_id, primary=customer_id not in settled, created_at=now
            )
        )
        settled.add(customer_id)
    insert_many(
        new, ("customer", "account", "primary", "contact", "key_contact", "properties", "provenance", "created_at")
    )


def _tags(items: list[_Item]) -> dict[str, int]:
    """Ids by name as sent; tags never seen are made."""
    names = dict.fromkeys(name for item in items for name in item.incoming.tags if name.strip())
    if not names:
        return {}
    folded = {name: fold(name) for name in names}
    known = dict(Tag.objects.filter(folded__in=set(folded.values())).values_list("folded", "pk"))
    new = {
        key: Tag(name=name, folded=key, hue=hue_of(key)) for name, key in reversed(folded.items()) if key not in known
    }
    known |= {tag.folded: tag.pk for tag in Tag.objects.bulk_create(list(reversed(new.values())))}
    return {name: known[key] for name, key in folded.items()}


def _tag_ids(item: _Item, tags: dict[str, int]) -> list[int]:
    return sorted({tags[name] for name in item.incoming.tags if name.strip()})
