"""What one upsert changes of one customer, where its rank lets it (2.7)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from audit.actor import Actor
from customers.editing import PRIMARY_KEYS
from customers.identifying import Identity
from customers.models import Customer, Identifier
from customers.upserting_known import Held, Person, Seat
from customers.upserts import Place, Upsert
from properties import provenance
from properties.casting import Typed

LISTS = {"email": "emails", "phone": "phones", "user_id": "user_ids", "handle": "handles"}


class Change:
    """Applies parts of an upsert to a person in memory. `changed` says that somebody could see a difference, `touched`
    that there is something to write, if only who said it."""

    def __init__(self, person: Person, item: Upsert, *, actor: Actor, now: datetime) -> None:
        self.person, self.item, self.actor, self.now = person, item, actor, now
        self.at = min(item.at, now) if item.at else None
        self.changed = self.touched = False

    @property
    def status(self) -> Literal["created", "updated", "unchanged"]:
        if self.person.is_new and not self.person.told:
            self.person.told = True
            return "created"
        return "updated" if self.changed else "unchanged"

    def set_name(self, name: str | None) -> None:
        """A name fills an empty one, or replaces one of the same rank or below (5.2)."""
        if name is None:
            return
        person, marks = self.person, self.person.provenance
        held = marks.get(provenance.NAME)
        if provenance.is_late(marks, provenance.NAME, self.actor, self.at):
            return
        wins = self.item.verified and provenance.wins(marks, provenance.NAME, self.actor)
        if name == person.name:
            outranks = bool(held and wins and held["by"] != self.actor.rank)
            newer = self.at is not None and wins and (held is None or held["at"] != self.at.isoformat())
            if outranks or newer:
                self._stamp(marks, provenance.NAME)
                self._row(changed=False)
        elif wins or (name and not person.name):
            person.name = name
            self._stamp(marks, provenance.NAME, removed=not name)
            self._row()

    def set_properties(self, values: Typed) -> None:
        person = self.person
        for key, new in values.items():
            before = person.properties.get(key)
            if self._put(person.properties, person.provenance, key, new):
                self._row(changed=person.properties.get(key) != before)

    def set_created_at(self) -> None:
        """When they came to be at the sender: of syncs the earliest, in whatever order these arrive."""
        person, said = self.person, self.item.created_at
        if person.origin == Customer.Origin.DOCUMENT:
            person.origin = origin_of(self.actor)  # known by more than feedback now (5.4)
            self._row()
        held = person.created_elsewhere_at
        if said is None or said == held or (held and self.actor.rank == "sync" and held < said):
            return
        person.created_elsewhere_at = said
        self._row()

    def set_tags(self, folded: Iterable[str], known: dict[str, int]) -> None:
        """Adds tags, by their ids or, where they are new, by their folded names."""
        person = self.person
        wanted = {known.get(one, one) for one in folded}
        tags = wanted if "tags" in self.item.replace else person.tags | wanted
        if tags != person.tags:
            person.tags = tags
            self._saw()

    # Identifiers

    def replaced_identifiers(self, wanted: Iterable[Identity]) -> list[Held]:
        """Those that the lists sent no longer hold: of a sync, only what this source gave."""
        kept = {(one.kind, one.normalized) for one in wanted}
        gone = [
            held
            for key, held in self.person.held.items()
            if key not in kept
            and LISTS.get(held.identity.kind) in self.item.replace
            and (self.actor.rank != "sync" or (held.source_id and held.source_id == self.actor.source_id))
        ]
        if gone:
            self._saw()
        return gone

    def add_identifier(self, one: Identity) -> bool:
        """Whether it is new to the customer."""
        held = self.person.held.get((one.kind, one.normalized))
        if held is None:
            self.person.held[one.kind, one.normalized] = Held(
                None, one, False, self.item.verified, self.actor.source_id
            )
            self._saw()
            return True
        if self.item.verified and not held.verified:
            held.verified = held.dirty = True  # what a browser claimed is confirmed
            self._saw()
        return False

    def choose_primaries(self, wanted: list[Identity]) -> None:
        """The first of a kind becomes primary; the first of a replaced list does where the actor may say so."""
        for kind in Identifier.RANKED:
            current = self.person.primary(kind)
            first = next((self.person.held[one.kind, one.normalized] for one in wanted if one.kind == kind), None)
            chosen = current or next((one for one in self.person.held.values() if one.identity.kind == kind), None)
            if first and first is not current and self._may_lead(kind, current):
                chosen = first
            if chosen is current or chosen is None:
                continue
            if current:
                current.primary, current.dirty = False, True
                self._stamp(self.person.provenance, PRIMARY_KEYS[kind])
                self._row()
            chosen.primary = chosen.dirty = True
            self._saw()

    def _may_lead(self, kind: str, current: Held | None) -> bool:
        """Whether the first of what was sent comes before the one that is primary now."""
        if current is None:
            return True
        if LISTS[kind] not in self.item.replace:
            return False
        marks, key = self.person.provenance, PRIMARY_KEYS[kind]
        by_hand = current.source_id is None and key not in marks and self.actor.rank == "sync"
        return not by_hand and provenance.wins(marks, key, self.actor)

    # Memberships

    def seat(self, place: Place, values: Typed) -> None:
        seats = self.person.seats
        seat = seats.get(place.account)
        if seat is None:
            primary = not any(one.primary for one in seats.values())
            seat = seats[place.account] = Seat(None, place.account, primary)
            self._stamp(seat.provenance, provenance.MEMBER)
            self._saw()
        self._set_contact(seat, place)
        for key, new in values.items():
            before = seat.properties.get(key)
            if self._put(seat.properties, seat.provenance, key, new):
                seat.dirty = True
                self._saw(changed=seat.properties.get(key) != before)

    def _set_contact(self, seat: Seat, place: Place) -> None:
        if place.contact is None and place.key_contact is None:
            return
        key_contact = seat.key_contact if place.key_contact is None else place.key_contact
        if place.contact is False and place.key_contact is None:
            key_contact = False
        contact = key_contact or (seat.contact if place.contact is None else place.contact)
        marks = seat.provenance
        if provenance.is_late(marks, provenance.CONTACT, self.actor, self.at):
            return
        if not provenance.wins(marks, provenance.CONTACT, self.actor):
            return
        held = marks.get(provenance.CONTACT)
        if (seat.contact, seat.key_contact) != (contact, key_contact):
            seat.contact, seat.key_contact, seat.owner = contact, key_contact, seat.owner and contact
            self._stamp(marks, provenance.CONTACT)
            seat.dirty = True
            self._saw()
        elif held is None or held["by"] != self.actor.rank or (self.at and held["at"] != self.at.isoformat()):
            self._stamp(marks, provenance.CONTACT)
            seat.dirty = True
            self._saw(changed=False)

    def set_own_contacts(self) -> None:
        """The flags alone, of the memberships that this source made."""
        for account, seat in self.person.seats.items():
            if isinstance(account, str) and self._is_ours(seat):
                self._set_contact(seat, Place(account, self.item.contact, self.item.key_contact))

    def replaced_seats(self) -> list[Seat]:
        """Memberships that are no longer sent: of a sync, those it made and nobody of a higher rank has touched."""
        if "places" not in self.item.replace:
            return []
        kept = {place.account for place in self.item.places}
        return [seat for account, seat in self.person.seats.items() if account not in kept and self._is_ours(seat)]

    def unseat(self, seat: Seat) -> None:
        del self.person.seats[seat.account]
        self._saw()
        if seat.primary and (following := next(iter(self.person.seats.values()), None)):
            following.primary = following.dirty = True

    def _is_ours(self, seat: Seat) -> bool:
        made = seat.provenance.get(provenance.MEMBER, {})
        ours = made.get("by") == self.actor.rank and made.get("source_id") == self.actor.source_id
        touched = any(not provenance.wins(seat.provenance, key, self.actor) for key in seat.provenance)
        return (ours or self.actor.rank != "sync") and not touched and not seat.owner

    # Notes of what was done

    def _put(self, values: Typed, marks: dict[str, dict[str, Any]], key: str, new: list[Any]) -> bool:
        return provenance.put(values, marks, key, new, actor=self.actor, now=self.now, at=self.at)

    def _stamp(self, marks: dict[str, dict[str, Any]], key: str, *, removed: bool = False) -> None:
        marks[key] = provenance.stamp(self.actor, self.at or self.now, removed=removed)

    def _row(self, *, changed: bool = True) -> None:
        self.person.dirty = True
        self._saw(changed=changed)

    def _saw(self, *, changed: bool = True) -> None:
        self.touched = True
        self.changed |= changed


def origin_of(actor: Actor) -> str:
    """How a customer whom `actor` describes came to be."""
    if actor.via == "import":
        return Customer.Origin.IMPORT
    return {"api": Customer.Origin.API, "staff": Customer.Origin.HAND}.get(actor.rank, Customer.Origin.SYNC)
