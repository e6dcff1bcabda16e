"""What one upsert does to the part of the directory held in memory: whom it is about, and what it may change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.editing import clean_external_id
from audit.actor import Actor
from core.text import fold, problem, tidy
from core.writing_many import next_ids
from customers import suppressing
from customers.creating import clean_name
from customers.identifying import MATCHING_ORDER, Identity
from customers.matching_many import Owners, owners_of
from customers.models import Customer, Identifier
from customers.upserting_changes import Change, origin_of
from customers.upserting_known import Person, read
from customers.upserts import Place, Upsert, Upserted
from properties.casting import Casting, Typed
from properties.models import Definition
from staff.permissions import teams_of

TAG_LIMIT = 60
MOST_OWNERS = 10  # of a phone: one that more share recognises nobody, whatever is taken away from them
_ORDER = {kind: place for place, kind in enumerate(MATCHING_ORDER)}
_PHONE = Identifier.Kind.PHONE
_SUPPRESSED = Upserted("suppressed")


@dataclass(slots=True)
class Clean:
    """An upsert's values as they would be stored, with the definitions that would be new."""

    name: str | None
    properties: Typed
    tags: dict[str, str]  # names by folded name
    places: list[tuple[Place, Typed]]
    new: list[Definition]
    new_attributes: list[Definition]


class Plan:
    """The items applied in order to what is known of everybody they may be about; their identities are locked."""

    def __init__(self, items: Sequence[Upsert], *, actor: Actor, now: datetime, viewer: Any = None) -> None:
        self.items, self.actor, self.now = items, actor, now
        every = {one for item in items for one in item.every_identity}
        self._owners: Owners = owners_of(every)
        self._suppressed = {(one.kind, one.normalized) for one in suppressing.among(every)}
        about = {owner for owners in self._owners.values() if len(owners) <= MOST_OWNERS for owner in owners}
        self.known = read(items, about, teams=teams_of(viewer), locked=True)
        self.properties = Casting(Definition.Subject.CUSTOMER, {key for item in items for key in item.properties})
        attributes = {key for item in items for place in item.places for key in place.properties}
        self.attributes = Casting(Definition.Subject.MEMBERSHIP, attributes)
        self.touched: set[int] = set()
        self.kept_out: list[Identity] = []
        self.new_tags: dict[str, str] = {}  # names by folded name
        self.named_accounts: set[str] = set()
        self.gone_identifiers: list[int] = []
        self.gone_seats: list[int] = []
        self._ids = iter(next_ids(Customer, sum(map(self._is_nobodys, items))))

    def run(self) -> list[Upserted]:
        return [self._take(item) for item in self.items]

    def _take(self, item: Upsert) -> Upserted:
        try:
            clean = self._clean(item)
        except ValidationError as error:
            name, messages = next(iter(error.message_dict.items()))
            return Upserted("rejected", None, "invalid", messages[0], name)
        target, refusal = self._find(item)
        if refusal:
            return refusal
        person = self.known.people[target] if target is not None else None
        if person is None and item.operation == "update":
            return Upserted("skipped")
        if person and item.operation == "insert":
            return Upserted("skipped", person.pk, deleted=person.state == Customer.State.DELETED)
        if refusal := self._fault_of(person, item):
            return refusal
        self.properties.take(clean.new)
        self.attributes.take(clean.new_attributes)
        left_out = [one for one in item.every_identity if self._is_suppressed(one)]
        self.kept_out += left_out
        if person is None:
            person = self._made()
        change = Change(person, item, actor=self.actor, now=self.now)
        change.set_name(clean.name)
        change.set_properties(clean.properties)
        change.set_created_at()
        self.new_tags |= {folded: name for folded, name in clean.tags.items() if folded not in self.known.tags}
        change.set_tags(clean.tags, self.known.tags)
        self._identify(change, item)
        self._seat(change, item, clean)
        if change.touched or person.is_new:
            self.touched.add(person.pk)
        deleted = person.state == Customer.State.DELETED
        return Upserted(change.status, person.pk, deleted=deleted, kept_out=bool(left_out))

    def _clean(self, item: Upsert) -> Clean:
        """Raises ValidationError by field."""
        try:
            name = None if item.name is None else clean_name(item.name)
        except ValidationError as error:
            raise ValidationError({"name": error}) from None
        tags: dict[str, str] = {}
        for tag in item.tags:
            if problem(tag, limit=TAG_LIMIT) or not fold(tag):
                raise ValidationError({"tags": f"Each must be text of 1 to {TAG_LIMIT} characters."})
            tags.setdefault(fold(tag), tidy(tag))
        try:
            properties, new = self.properties.cast(item.properties, item.types)
        except ValidationError as error:
            raise _below("properties", error) from None
        places: list[tuple[Place, Typed]] = []
        new_attributes: list[Definition] = []
        for place in item.places:
            try:
                if place.account != (clean_external_id(place.account) or ""):
                    raise ValidationError("Must not begin or end with white space.")
                if not place.account:
                    raise ValidationError("Must not be empty.")
            except ValidationError as error:
                raise ValidationError({"accounts": error}) from None
            try:
                values, more = self.attributes.cast(place.properties, {})
            except ValidationError as error:
                raise _below("memberships", error) from None
            places.append((place, values))
            new_attributes += more
        return Clean(name, properties, tags, places, new, new_attributes)

    # Whom it is about

    def _find(self, item: Upsert) -> tuple[int | None, Upserted | None]:
        """The customer's id, None for nobody; or why the item is not taken."""
        every = item.every_identity
        target = item.customer_id
        if target is None:
            if not every:
                return None, _rejected("no_identifier", "Send an email, a phone, a user ID or a handle.")
            for one in [item.by] if item.by else sorted(every, key=lambda one: _ORDER[one.kind]):
                if self._is_suppressed(one):
                    self.kept_out += [other for other in every if self._is_suppressed(other)]
                    return None, _SUPPRESSED
                target = self._owner(one)
                if target is not None:
                    break
        if target is None and any(self._is_suppressed(one) for one in every):
            self.kept_out += [other for other in every if self._is_suppressed(other)]
            return None, _SUPPRESSED
        if item.customer_id is not None and not (
            item.customer_id in self.known.people and self._is_visible(item.customer_id)
        ):
            return None, _rejected("not_found", "There is no such customer.")
        for one in every:
            owners = self._owners.get((one.kind, one.normalized), ())
            if one.kind != _PHONE and owners and (list(owners) != [target] or not self._is_visible(owners[0])):
                return None, _conflict(one.kind)
        if target is None and all(self._owners.get((one.kind, one.normalized)) for one in every):
            return None, _rejected("ambiguous", "Several customers have this phone. Send another identifier.", "phone")
        return target, None

    def _owner(self, one: Identity) -> int | None:
        owners = self._owners.get((one.kind, one.normalized), ())
        if len(owners) != 1 or (one.kind == _PHONE and not self._is_visible(owners[0])):
            return None
        return owners[0]

    def _is_visible(self, customer_id: int) -> bool:
        return self.known.visible is None or customer_id in self.known.visible

    def _is_suppressed(self, one: Identity) -> bool:
        return (one.kind, one.normalized) in self._suppressed

    def _is_nobodys(self, item: Upsert) -> bool:
        owned = (self._owners.get((one.kind, one.normalized)) for one in item.every_identity)
        return item.customer_id is None and not any(owned)

    def _fault_of(self, person: Person | None, item: Upsert) -> Upserted | None:
        """Why the item cannot be written to whom it is about."""
        if person and person.state == Customer.State.MERGED:
            return _rejected("not_found", "There is no such customer.")
        if person and person.state == Customer.State.PURGING:
            return _rejected("being_deleted", "Being permanently deleted. Send it again later.")
        if any(self.known.accounts.get(place.account, (0, ""))[1] == "purging" for place in item.places):
            return _rejected("being_deleted", "Being permanently deleted. Send it again later.", "accounts")
        shown = self.known.visible_accounts
        if shown is None:
            return None
        if not all(place.account in shown for place in item.places):
            return _rejected("unknown_account", "This key has no such account.", "accounts")
        if person is None and not item.places:
            return _rejected("account_required", "Name an account: this key sees those of some only.", "accounts")
        return None

    def _made(self) -> Person:
        pk = next(self._ids, None) or next_ids(Customer, 1)[0]
        origin = origin_of(self.actor)
        person = self.known.people[pk] = Person(pk, origin=origin, is_new=True)
        if self.known.visible is not None:
            self.known.visible.add(pk)
        return person

    # What it adds to whom

    def _identify(self, change: Change, item: Upsert) -> None:
        person = change.person
        wanted = [one for one in item.every_identity if not self._is_suppressed(one)]
        for held in change.replaced_identifiers(wanted):
            del person.held[held.identity.kind, held.identity.normalized]
            owners = self._owners.get((held.identity.kind, held.identity.normalized), [])
            if person.pk in owners:
                owners.remove(person.pk)
            if held.pk:
                self.gone_identifiers.append(held.pk)
        for one in wanted:
            if change.add_identifier(one):
                self._owners.setdefault((one.kind, one.normalized), []).append(person.pk)
        change.choose_primaries(wanted)

    def _seat(self, change: Change, item: Upsert, clean: Clean) -> None:
        for place, values in clean.places:
            self.named_accounts.add(place.account)
            change.seat(place, values)
        if not clean.places:
            change.set_own_contacts()
        for seat in change.replaced_seats():
            if self.known.visible_accounts is not None and seat.account not in self.known.visible_accounts:
                continue
            change.unseat(seat)
            if seat.pk:
                self.gone_seats.append(seat.pk)


def _rejected(code: str, message: str, field: str = "") -> Upserted:
    return Upserted("rejected", None, code, message, field)


def _conflict(kind: str) -> Upserted:
    label = Identifier.Kind(kind).label
    label = label if kind == "user_id" else label.lower()
    return _rejected("identifier_conflict", f"This {label} cannot be used here: it belongs to another customer.", kind)


def _below(name: str, error: ValidationError) -> ValidationError:
    return ValidationError({f"{name}.{key}": messages for key, messages in error.message_dict.items()})
