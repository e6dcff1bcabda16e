"""Which upserts say what is known already: found without a lock, so that a sync that runs again costs little."""

from collections.abc import Sequence
from typing import Any

from audit.actor import Actor
from customers.identifying import Identity
from customers.matching_many import Owners, owners_of
from customers.models import Customer, Identifier
from customers.upserting_changes import LISTS
from customers.upserting_known import Person, Seat, read
from customers.upserts import Place, Upsert, Upserted
from properties import provenance
from staff.permissions import teams_of

_STAYS = {Customer.State.ACTIVE, Customer.State.DELETED}


def unchanged(items: Sequence[Upsert], *, actor: Actor, viewer: Any) -> list[Upserted | None]:
    """What became of those that change nothing; None for each that needs a closer look, under its locks."""
    outcomes: list[Upserted | None] = [None] * len(items)
    owners = owners_of({one for item in items for one in item.every_identity})
    likely = {place: pk for place, item in enumerate(items) if (pk := _only_owner(item, owners))}
    if not likely:
        return outcomes
    about = [items[place] for place in likely]
    known = read(about, set(likely.values()), teams=teams_of(viewer), locked=False)
    for place, pk in likely.items():
        person = known.people.get(pk)
        if person is None or (known.visible is not None and (pk not in known.visible or items[place].says_places)):
            continue
        if _says_nothing_new(items[place], person, known.tags, actor):
            outcomes[place] = Upserted("unchanged", pk, deleted=person.state == Customer.State.DELETED)
    touched = {pk for place, item in enumerate(items) if outcomes[place] is None for pk in _of(item, owners)}
    for place, pk in likely.items():
        if pk in touched:  # by another item, and their order counts
            outcomes[place] = None
    return outcomes


def _only_owner(item: Upsert, owners: Owners) -> int | None:
    """Who has every identity of the item, if it is one customer."""
    if item.customer_id is not None or item.at or item.operation != "upsert":
        return None
    found = {tuple(owners.get((one.kind, one.normalized), ())) for one in item.every_identity}
    if len(found) != 1:
        return None
    [those] = found
    return those[0] if len(those) == 1 else None


def _of(item: Upsert, owners: Owners) -> set[int]:
    """Everybody whom the item may be about."""
    found = {pk for one in item.every_identity for pk in owners.get((one.kind, one.normalized), ())}
    return found | ({item.customer_id} if item.customer_id else set())


def _says_nothing_new(item: Upsert, person: Person, tags: dict[str, int], actor: Actor) -> bool:
    if person.state not in _STAYS or person.origin == Customer.Origin.DOCUMENT:
        return False
    if item.tags or "tags" in item.replace:
        return False
    if item.created_at and item.created_at != person.created_elsewhere_at:
        return False
    return (
        _same_name(item, person, actor)
        and all(_same_property(person, key, values, actor) for key, values in item.properties.items())
        and _same_identifiers(item, person, actor)
        and _same_seats(item, person, actor)
    )


def _same_name(item: Upsert, person: Person, actor: Actor) -> bool:
    if item.name is None:
        return True
    held = person.provenance.get(provenance.NAME)
    return item.name == person.name and (held is None or held["by"] == actor.rank)


def _same_property(person: Person, key: str, values: list[Any], actor: Actor) -> bool:
    """Whether the values as sent are those that this source said last."""
    held = person.provenance.get(key)
    if held is None:
        return False
    if held["by"] == actor.rank:
        return held.get("source_id") == actor.source_id and _same(person.properties.get(key, []), values)
    return actor.rank == "sync" and "synced" in held and _same(held["synced"], values)


def _same(stored: list[Any], sent: list[Any]) -> bool:
    return stored == sent and [type(one) for one in stored] == [type(one) for one in sent]


def _same_identifiers(item: Upsert, person: Person, actor: Actor) -> bool:
    wanted = item.every_identity
    for one in wanted:
        if item.verified and not person.held[one.kind, one.normalized].verified:
            return False
    if not item.replace:
        return all(person.primary(kind) or not _has(person, kind) for kind in Identifier.RANKED)
    keys = {(one.kind, one.normalized) for one in wanted}
    for key, held in person.held.items():
        ours = actor.rank != "sync" or (held.source_id and held.source_id == actor.source_id)
        if key not in keys and ours and LISTS.get(key[0]) in item.replace:
            return False
    return all(_leads(wanted, person, kind) for kind in Identifier.RANKED if LISTS[kind] in item.replace)


def _has(person: Person, kind: str) -> bool:
    return any(one.identity.kind == kind for one in person.held.values())


def _leads(wanted: list[Identity], person: Person, kind: str) -> bool:
    """Whether the first of what was sent is the primary one."""
    first = next((one for one in wanted if one.kind == kind), None)
    return first is None or person.held[kind, first.normalized].primary


def _same_seats(item: Upsert, person: Person, actor: Actor) -> bool:
    if not item.says_places:
        return True
    if not item.places and "places" not in item.replace:
        return False
    named = {place.account for place in item.places}
    if "places" in item.replace and any(account not in named for account in person.seats):
        return False
    return all(_same_seat(person.seats.get(place.account), place, actor) for place in item.places)


def _same_seat(seat: Seat | None, place: Place, actor: Actor) -> bool:
    if seat is None or place.properties:
        return False
    if place.contact is None and place.key_contact is None:
        return True
    held = seat.provenance.get(provenance.CONTACT)
    key_contact = seat.key_contact if place.key_contact is None else place.key_contact
    contact = key_contact or (seat.contact if place.contact is None else place.contact)
    return bool(held and held["by"] == actor.rank and (seat.contact, seat.key_contact) == (contact, key_contact))
