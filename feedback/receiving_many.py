"""Many pieces of feedback in a few statements: the semantics of `receive`, for files and other bulk.

Items are taken in order, as if each were a command of its own; tests compare the outcome with that of single ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Lower

from audit.actor import Actor
from audit.models import Source
from core.arrays import array_of
from customers.creating import Draft
from customers.matching import LOCKS_LIMIT, lock
from customers.suppressing import require_open
from feedback.keeping_many import Item, keep
from feedback.link_rules import Rules
from feedback.models import Document
from feedback.prepared import Kept, Prepared
from properties.models import Definition
from properties.values import cast_all, type_of

# Definitions by key, and (key as spelled, typed values or what is wrong) by key and raw values
Cleaned = dict[Any, Any]

_STAFF_DECIDED = {Document.Link.STAFF, Document.Link.REMOVED}
# One look into the unique index for each: asked for all at once, a source that the statistics do not know yet is taken
# for a small one, and every document of it read
_KNOWN = """
    SELECT d.* FROM unnest(%s::text[]) AS wanted (external_id)
    CROSS JOIN LATERAL (
        SELECT id, external_id, content_digest, link, customer_id, account_id, occurred_at, anonymised_at
        FROM feedback_document WHERE source_id = %s AND external_id = wanted.external_id OFFSET 0
    ) d
"""


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
    ids = _external_ids(told)
    if len(ids) == len(set(ids)):  # then what is as it was needs no lock and no second look, nor does what is new
        known = _known(source, ids)
        for place in changed:
            outcomes[place] = _unchanged(known, told[place])
        changed = [place for place in changed if outcomes[place] is None]
        ids = list(known)
    rules = Rules.of(source) if changed else Rules([])
    _lock([told[place] for place in changed], rules)
    keys = {key for place in changed for key in told[place].incoming.properties}
    cleaned: Cleaned = {}
    if keys:
        known_keys = definitions_of(keys)
        cleaned = {key: known_keys[key.lower()] for key in keys if key.lower() in known_keys}
    for run in _runs(told, changed, rules):
        known = _known(source, ids)
        run_told = [told[place] for place in run]
        found = _receive_run(run_told, known, cleaned, rules, source=source, actor=actor, now=now)
        for place, outcome in zip(run, found, strict=True):
            outcomes[place] = outcome
    return outcomes


def _lock(told: Sequence[Prepared], rules: Rules) -> None:
    """Locks who wrote them, and whom the fields name that rules look at; these only as far as locks reach: they are
    looked up, and make nobody."""
    authors = {one for each in told for one in each.identities}
    named = {one for each in told for one in rules.identities(each.incoming)} - authors if rules else set()
    lock([*authors, *sorted(named)[: max(0, LOCKS_LIMIT - len(authors))]])


def definitions_of(keys: Iterable[str]) -> dict[str, Definition]:
    """The customer properties with these keys, in any letter case, by the key in lower case."""
    wanted = Definition.objects.filter(subject=Definition.Subject.CUSTOMER).annotate(folded=Lower("key"))
    return {one.key.lower(): one for one in wanted.filter(folded__in=[key.lower() for key in keys])}


def _external_ids(told: Sequence[Prepared]) -> list[str]:
    return [one.incoming.external_id for one in told if one.incoming.external_id]


def _unchanged(known: dict[str, dict[str, Any]], one: Prepared) -> Kept | None:
    row = known.get(one.incoming.external_id or "")
    if row and row["anonymised_at"]:
        return Kept(row["id"], "suppressed", None, row["account_id"], row["occurred_at"])
    if not row:
        return None
    if one.incoming.verified and (row["content_digest"] is None or bytes(row["content_digest"]) != one.digest):
        return None  # what a browser claims again changes nothing
    return Kept(row["id"], "unchanged", row["customer_id"], row["account_id"], row["occurred_at"])


def _runs(told: Sequence[Prepared], places: Sequence[int], rules: Rules) -> Iterator[list[int]]:
    """Stretches in which no external ID comes twice, as the second time it is an update of the first, and no rule looks
    for whom an earlier item makes known."""
    run: list[int] = []
    seen = set[object]()
    for place in places:
        incoming = told[place].incoming
        named: set[object] = {("document", incoming.external_id)} if incoming.external_id else set()
        if not seen.isdisjoint(named | rules.looks_for(incoming) if rules else named):
            yield run
            run, seen = [], set()
        seen |= named
        if rules:
            seen |= {
                ("account", incoming.account_external_id),
                *told[place].identities,
                *map(str.lower, incoming.properties),
            }
        run.append(place)
    if run:
        yield run


def _receive_run(
    told: Sequence[Prepared], known: dict[str, dict[str, Any]], cleaned: Cleaned, rules: Rules, *,
    source: Source, actor: Actor, now: datetime,
) -> list[Kept | ValidationError]:  # fmt: skip
    outcomes: list[Any] = [None] * len(told)
    items: list[Item] = []
    for place, one in enumerate(told):
        if kept := _unchanged(known, one):
            outcomes[place] = kept
            continue
        if isinstance(one.draft, ValidationError):
            outcomes[place] = one.draft
            continue
        try:
            properties = _clean(one.incoming.properties, cleaned) if one.incoming.verified else {}
        except ValidationError as error:
            outcomes[place] = error
            continue
        row = known.get(one.incoming.external_id or "")
        decided = bool(row) and row["link"] in _STAFF_DECIDED  # type: ignore[index]
        draft = Draft(one.draft.name, one.draft.identities, properties, one.draft.verified)
        items.append(Item(place, one.incoming, one.said, draft, row["id"] if row else None, decided))
    if rules:
        for item, ruled in zip(items, rules.find([item.incoming for item in items]), strict=True):
            item.ruled = ruled
    for item, kept in keep(items, source=source, actor=actor, now=now):
        outcomes[item.place] = kept
    return outcomes


def _known(source: Source, external_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The documents that are here already, by their external IDs."""
    if not external_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [array_of(external_ids), source.pk])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
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
