"""The documents of many pieces of feedback, with their authors, accounts and tags, in a few statements for all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core.arrays import AnyOf, array_of
from core.json import loads
from core.text import fold
from core.writing_many import insert_many, insert_rows, next_ids, update_many
from customers.creating import Draft
from customers.identifying import Identity
from customers.matching import Match, lock_customers
from customers.matching_many import Directory
from customers.models import Customer, Membership, Tag
from customers.models.tag import hue_of
from customers.suppressing import among, count_kept_out
from feedback.link_rules import READABLE, Ruled
from feedback.models import Document, DocumentTag
from feedback.prepared import SAID, Kept, Prepared, Status
from feedback.receiving import Incoming, link_of, without_identity

_JSON = {"author", "custom_fields", "metadata"}
_NEW = (
    "id", *SAID, "source", "external_id", "customer", "link", "account", "occurred_at", "received_at", "updated_at",
    "state", "tag_ids", "anonymised_at",
)  # fmt: skip
_CHANGED = (*SAID, "customer", "link", "account", "occurred_at", "anonymised_at")


@dataclass(slots=True)
class Item:
    """An item that has to be written, with its place among those received, and what link rules made of it."""

    place: int
    incoming: Incoming
    said: tuple[Any, ...]
    draft: Draft
    known_id: int | None
    staff_decided: bool
    ruled: Ruled = field(default_factory=Ruled)
    suppressed: bool = False
    customer_id: int | None = None
    account_id: int | None = None
    tag_ids: list[int] = field(default_factory=list)

    @property
    def decided(self) -> bool:
        """Whether its author is not asked who it is from: staff decided, or a rule."""
        return self.staff_decided or self.ruled.customer_id is not None or self.ruled.is_suppressed

    @property
    def link(self) -> Document.Link:
        return link_of(self.customer_id, by_rule=self.customer_id == self.ruled.customer_id)


def keep(items: list[Item], *, source: Source, actor: Actor, now: datetime) -> Iterator[tuple[Item, Kept]]:
    """Writes the items, whose identities are locked, and those whom they make known; what became of each."""
    if not items:
        return
    accounts = _accounts(items)
    _hold(items)
    directory = Directory([item.draft for item in items if not item.decided], actor=actor, now=now)
    for item in items:
        if not item.decided:
            item.customer_id = directory.find_or_create(item.draft, origin=Customer.Origin.DOCUMENT)
        elif not item.staff_decided and not item.ruled.is_suppressed:
            item.customer_id = item.ruled.customer_id
        known_from, account_id = accounts.get(item.incoming.account_external_id, (0, None))
        item.account_id = account_id if item.place >= known_from else None
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
        moment = now.isoformat()
        rows = (_row(item, kept, source.pk, moment) for item, kept in zip(new, created, strict=True))
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


def _hold(items: list[Item]) -> None:
    """Locks whom rules found; those that somebody merged or purged meanwhile are found no more."""
    wanted = {item.ruled.customer_id for item in items if not item.staff_decided and item.ruled.customer_id}
    there = {one.pk for one in lock_customers(wanted) if one.state in READABLE} if wanted else set()
    for item in items:
        if item.ruled.customer_id not in there:
            item.ruled.customer_id = None


def _strip(items: list[Item], directory: Directory, now: datetime) -> None:
    """Takes the identities of people who were permanently deleted out of what was sent (6.3)."""
    times = Counter[Identity]()
    decided = among(one for item in items if item.decided for one in item.draft.identities)
    for item in items:
        if item.decided:
            gone = item.ruled.is_suppressed and not item.staff_decided
            found = Match(suppressed=decided.intersection(item.draft.identities), is_suppressed=gone)
        else:
            found = directory.refused(item.draft)
        found.suppressed = found.suppressed | item.ruled.suppressed
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
            for name, value in zip(SAID, bare.said, strict=True)
        )
    for number in sorted(set(times.values())):
        count_kept_out([one for one, count in times.items() if count == number], now, times=number)


def _created(item: Item, pk: int, now: datetime) -> Kept:
    status: Status = "suppressed" if item.suppressed else "created"
    account_id = item.account_id or item.ruled.account_id
    return Kept(pk, status, item.customer_id, account_id, item.incoming.occurred_at or now)


def _row(item: Item, kept: Kept, source_id: int, now: str) -> tuple[Any, ...]:
    """The values of `_NEW`."""
    return (
        kept.document_id, *item.said, source_id, item.incoming.external_id, kept.customer_id, item.link,
        kept.account_id, kept.occurred_at, now, now, Document.State.ACTIVE, array_of(item.tag_ids),
        now if item.suppressed else None,
    )  # fmt: skip


def _updated(items: list[Item], now: datetime) -> list[Kept]:
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


def _say(document: Document, item: Item, now: datetime) -> None:
    document.anonymised_at = now if item.suppressed else None
    for name, value in zip(SAID, item.said, strict=True):
        setattr(document, name, loads(value) if name in _JSON else value)
    document.occurred_at = item.incoming.occurred_at or document.occurred_at
    if document.link not in {Document.Link.STAFF, Document.Link.REMOVED}:
        document.customer_id, document.link = item.customer_id, item.link
    document.account_id = item.account_id or document.account_id or item.ruled.account_id


def _accounts(items: list[Item]) -> dict[str, tuple[int, int]]:
    """The accounts by their IDs in the sender's system, made when they are new, each with the place of the item that
    makes it: what a browser claims makes none."""
    wanted = dict.fromkeys(item.incoming.account_external_id for item in items if item.incoming.account_external_id)
    if not wanted:
        return {}
    held = Account.objects.filter(external_id__in=wanted).values_list("external_id", "pk")
    found = {id_: (0, pk) for id_, pk in held if id_}
    makers: dict[str, int] = {}
    for item in items:
        if item.incoming.verified and item.incoming.account_external_id not in found:
            makers.setdefault(item.incoming.account_external_id, item.place)
    makers.pop("", None)
    new = [Account(external_id=id_, name=id_, sort_name=fold(id_)[:300]) for id_ in makers]
    made = Account.objects.bulk_create(new)
    return found | {id_: (makers[id_], account.pk) for id_, account in zip(makers, made, strict=True)}


def _join(items: list[Item], now: datetime) -> None:
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


def _tag(items: list[Item]) -> None:
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
