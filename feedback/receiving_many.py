"""Many pieces of feedback in a few statements: the semantics of `receive`, for files and other bulk.

Items are taken in order, as if each were a command of its own; tests compare the outcome with that of single ones.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core.arrays import AnyOf
from core.json import dumps, loads
from core.text import fold
from core.writing_many import array_of, insert_many, insert_rows, next_ids, update_many
from customers.creating import Draft
from customers.identifying import Identity
from customers.matching import Match, lock
from customers.matching_many import Directory
from customers.models import Customer, Membership, Tag
from customers.models.tag import hue_of
from customers.suppressing import among, count_kept_out, require_open
from feedback.models import Document, DocumentTag
from feedback.receiving import Incoming, author_draft, without_identity
from properties.models import Definition
from properties.values import cast_all, type_of

Status = Literal["created", "unchanged", "updated", "suppressed"]
# Definitions by key, and (key as spelled, typed values or what is wrong) by key and raw values
Cleaned = dict[Any, Any]

_STAFF_DECIDED = {Document.Link.STAFF, Document.Link.REMOVED}
_SAID = (
    "title", "body", "body_format", "channel", "status", "author", "author_email", "custom_fields", "metadata",
    "content_digest",
)  # fmt: skip
_JSON = {"author", "custom_fields", "metadata"}
_NEW = (
    "id", *_SAID, "source", "external_id", "customer", "link", "account", "occurred_at", "received_at", "updated_at",
    "state", "tag_ids", "anonymised_at",
)  # fmt: skip
_CHANGED = (*_SAID, "customer", "link", "account", "occurred_at", "anonymised_at")


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one item."""

    document_id: int
    status: Status
    customer_id: int | None
    account_id: int | None
    occurred_at: datetime

    def with_status(self, status: Status) -> "Kept":
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One piece of feedback with all that can be known of it without the database.

    `draft` is who wrote it, or why nobody can have; `said` are the values of `_SAID`, JSON as text.
    """

    incoming: Incoming
    digest: bytes
    draft: Draft | ValidationError
    said: tuple[Any, ...] = ()

    @classmethod
    def of(cls, incoming: Incoming) -> "Prepared":
        digest = incoming.digest()
        try:
            draft = author_draft(incoming)
        except ValidationError as error:
            return cls(incoming, digest, error)
        author: dict[str, Any] = {key: value for key, value in incoming.author.items() if value}
        if not draft.verified:
            author["verified"] = False
        email = next((one.normalized for one in draft.identities if one.kind == "email"), "")
        said = (
            incoming.title, incoming.body, incoming.body_format, incoming.channel, incoming.status, dumps(author),
            email, dumps(incoming.custom_fields), dumps(incoming.metadata), digest,
        )  # fmt: skip
        return cls(incoming, digest, draft, said)


@dataclass(slots=True)
class _Item:
    """An item that has to be written, with its place among those received."""

    place: int
    incoming: Incoming
    said: tuple[Any, ...]
    draft: Draft
    known_id: int | None
    staff_decided: bool
    suppressed: bool = False
    customer_id: int | None = None
    account_id: int | None = None
    tag_ids: list[int] = field(default_factory=list)


def receive_many(
    told: Sequence[Prepared], *, source: Source, actor: Actor, now: datetime
) -> list[Kept | ValidationError]:
    """Keeps the documents and links their authors, inside the caller's audit entry.

    One outcome for each, in order; a ValidationError (keyed by field) for what is wrong, which stops no other. Together
    they may name 1,000 identifiers at most (reliability 2). Raises IntakeStopped.
    """
    require_open()
    outcomes: list[Any] = [None] * len(told)
    changed: Sequence[int] = range(len(told))
    if _comes_once(told):  # then what is as it was needs no lock and no second look
        known = _known(source, told)
        for place in changed:
            outcomes[place] = _unchanged(known, told[place])
        changed = [place for place in changed if outcomes[place] is None]
    drafts = [told[place].draft for place in changed]
    lock({one for draft in drafts if isinstance(draft, Draft) for one in draft.identities})
    keys = {key for place in changed for key in told[place].incoming.properties}
    cleaned: Cleaned = {}
    if keys:
        known_keys = definitions_of(keys)
        cleaned = {key: known_keys[key.lower()] for key in keys if key.lower() in known_keys}
    for run in _runs(told, changed):
        found = _receive_run([told[place] for place in run], cleaned, source=source, actor=actor, now=now)
        for place, outcome in zip(run, found, strict=True):
            outcomes[place] = outcome
    return outcomes


def definitions_of(keys: Iterable[str]) -> dict[str, Definition]:
    """The customer properties with these keys, in any letter case, by the key in lower case."""
    wanted = Definition.objects.filter(subject=Definition.Subject.CUSTOMER).annotate(folded=Lower("key"))
    return {one.key.lower(): one for one in wanted.filter(folded__in=[key.lower() for key in keys])}


def _comes_once(told: Sequence[Prepared]) -> bool:
    ids = _external_ids(told)
    return len(ids) == len(set(ids))


def _external_ids(told: Sequence[Prepared]) -> list[str]:
    return [one.incoming.external_id for one in told if one.incoming.external_id]


def _unchanged(known: dict[str, dict[str, Any]], one: Prepared) -> Kept | None:
    row = known.get(one.incoming.external_id or "")
    if row and row["anonymised_at"]:
        return Kept(row["id"], "suppressed", None, row["account_id"], row["occurred_at"])
    if not row or row["content_digest"] is None or bytes(row["content_digest"]) != one.digest:
        return None
    return Kept(row["id"], "unchanged", row["customer_id"], row["account_id"], row["occurred_at"])


def _runs(told: Sequence[Prepared], places: Sequence[int]) -> Iterator[list[int]]:
    """Stretches in which no external ID comes twice: the second time it is an update of the first."""
    run: list[int] = []
    seen = set[str]()
    for place in places:
        external_id = told[place].incoming.external_id
        if external_id and external_id in seen:
            yield run
            run, seen = [], set()
        if external_id:
            seen.add(external_id)
        run.append(place)
    if run:
        yield run


def _receive_run(
    told: Sequence[Prepared], cleaned: Cleaned, *, source: Source, actor: Actor, now: datetime
) -> list[Kept | ValidationError]:
    known = _known(source, told)
    outcomes: list[Any] = [None] * len(told)
    items: list[_Item] = []
    for place, one in enumerate(told):
        if kept := _unchanged(known, one):
            outcomes[place] = kept
            continue
        if isinstance(one.draft, ValidationError):
            outcomes[place] = one.draft
            continue
        try:
            properties = _clean(one.incoming.properties, cleaned)
        except ValidationError as error:
            outcomes[place] = error
            continue
        row = known.get(one.incoming.external_id or "")
        decided = bool(row) and row["link"] in _STAFF_DECIDED  # type: ignore[index]
        draft = Draft(one.draft.name, one.draft.identities, properties, one.draft.verified)
        items.append(_Item(place, one.incoming, one.said, draft, row["id"] if row else None, decided))
    for item, kept in _keep(items, source=source, actor=actor, now=now):
        outcomes[item.place] = kept
    return outcomes


def _known(source: Source, told: Sequence[Prepared]) -> dict[str, dict[str, Any]]:
    columns = (
        "id",
        "external_id",
        "content_digest",
        "link",
        "customer_id",
        "account_id",
        "occurred_at",
        "anonymised_at",
    )
    rows = Document.objects.filter(AnyOf("external_id", _external_ids(told)), source=source).values(*columns)
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


def _keep(items: list[_Item], *, source: Source, actor: Actor, now: datetime) -> Iterator[tuple[_Item, Kept]]:
    if not items:
        return
    accounts = _accounts(items)
    directory = Directory([item.draft for item in items if not item.staff_decided], actor=actor, now=now)
    for item in items:
        if not item.staff_decided:
            item.customer_id = directory.find_or_create(item.draft, origin=Customer.Origin.DOCUMENT)
        item.account_id = accounts.get(item.incoming.account_external_id)
    _strip(items, directory, now)
    _tag(items)
    new = [item for item in items if not item.known_id]
    created = [_created(item, pk, now) for item, pk in zip(new, next_ids(Document, len(new)), strict=True)]
    for item, kept in zip(new, created, strict=True):
        if customer := directory.new.get(kept.customer_id or 0):
            customer.saw(kept.occurred_at, channel=str(item.incoming.channel), source_id=source.pk)
    directory.write()
    _join(items, now)
    if new:
        rows = (_row(item, kept, source.pk, now) for item, kept in zip(new, created, strict=True))
        insert_rows(Document, _NEW, rows)
    old = [item for item in items if item.known_id]
    updated = _updated(old, now)
    done = [*zip(new, created, strict=True), *zip(old, updated, strict=True)]
    links = [(kept.document_id, tag_id) for item, kept in done for tag_id in item.tag_ids]
    if updated:
        DocumentTag.objects.bulk_create(
            [DocumentTag(document_id=document_id, tag_id=tag_id) for document_id, tag_id in links],
            ignore_conflicts=True,
        )
    elif links:
        insert_rows(DocumentTag, ("document", "tag"), links)
    yield from done


def _strip(items: list[_Item], directory: Directory, now: datetime) -> None:
    """Takes the identities of people who were permanently deleted out of what was sent (6.3)."""
    times = Counter[Identity]()
    staff = among(one for item in items if item.staff_decided for one in item.draft.identities)
    for item in items:
        if item.staff_decided:
            found = Match(suppressed=staff.intersection(item.draft.identities))
        else:
            found = directory.refused(item.draft)
        if not found.suppressed:
            continue
        times.update(found.suppressed)
        item.suppressed = found.is_suppressed
        item.incoming, item.draft = without_identity(item.incoming, item.draft, found)
        bare = Prepared.of(item.incoming)
        email = next((one.normalized for one in item.draft.identities if one.kind == "email"), "")
        digest = None if item.suppressed else item.said[-1]
        item.said = tuple(
            {"author_email": email, "content_digest": digest}.get(name, value)
            for name, value in zip(_SAID, bare.said, strict=True)
        )
    for number in sorted(set(times.values())):
        count_kept_out([one for one, count in times.items() if count == number], now, times=number)


def _created(item: _Item, pk: int, now: datetime) -> Kept:
    status: Status = "suppressed" if item.suppressed else "created"
    return Kept(pk, status, item.customer_id, item.account_id, item.incoming.occurred_at or now)


def _row(item: _Item, kept: Kept, source_id: int, now: datetime) -> tuple[Any, ...]:
    """The values of `_NEW`."""
    link = Document.Link.MATCHED if kept.customer_id else Document.Link.NONE
    return (
        kept.document_id, *item.said, source_id, item.incoming.external_id, kept.customer_id, link,
        kept.account_id, kept.occurred_at, now, now, Document.State.ACTIVE, array_of(item.tag_ids),
        now if item.suppressed else None,
    )  # fmt: skip


def _updated(items: list[_Item], now: datetime) -> list[Kept]:
    """What became of the documents that were here before: locked, with what was sent now."""
    if not items:
        return []
    locked = Document.objects.filter(AnyOf("pk", [item.known_id for item in items])).order_by("pk")
    documents = {document.pk: document for document in locked.defer("search_vector").select_for_update()}
    for item in items:
        _say(documents[item.known_id], item, now)  # type: ignore[index]
    update_many(list(documents.values()), _CHANGED)
    return [
        Kept(
            document.pk,
            "suppressed" if document.anonymised_at else "updated",
            document.customer_id,
            document.account_id,
            document.occurred_at,
        )
        for document in (documents[item.known_id] for item in items)  # type: ignore[index]
    ]


def _say(document: Document, item: _Item, now: datetime) -> None:
    document.anonymised_at = now if item.suppressed else None
    for name, value in zip(_SAID, item.said, strict=True):
        setattr(document, name, loads(value) if name in _JSON else value)
    document.occurred_at = item.incoming.occurred_at or document.occurred_at
    if document.link in {Document.Link.NONE, Document.Link.MATCHED}:
        document.customer_id = item.customer_id
        document.link = Document.Link.MATCHED if item.customer_id else Document.Link.NONE
    document.account_id = item.account_id or document.account_id


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


def _tag(items: list[_Item]) -> None:
    """Fills in the ids of the tags; those never seen are made."""
    names = dict.fromkeys(name for item in items for name in item.incoming.tags if name.strip())
    if not names:
        return
    folded = {name: fold(name) for name in names}
    known = dict(Tag.objects.filter(folded__in=set(folded.values())).values_list("folded", "pk"))
    new = {
        key: Tag(name=name, folded=key, hue=hue_of(key)) for name, key in reversed(folded.items()) if key not in known
    }
    known |= {tag.folded: tag.pk for tag in Tag.objects.bulk_create(list(reversed(new.values())))}
    for item in items:
        item.tag_ids = sorted({known[folded[name]] for name in item.incoming.tags if name.strip()})
