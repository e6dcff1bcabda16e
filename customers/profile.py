"""What the profile page shows of one customer, read once and only when a part of the page asks for it (2.4).

Parts of the page are answered alone after an edit, so everything here is lazy: a part costs its own queries.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from accounts.models import Account
from customers.facts import Fact, Origin, fact_of, marked, origin_of, values_before
from customers.models import Customer, Identifier, Membership, Note, Segment, Tag
from customers.profile_records import MEMBERSHIPS_SHOWN, NOTES_LIMIT, NOTES_SHOWN, Records
from customers.segment_filters import of_customer
from properties import provenance
from properties.models import Definition
from staff.models import User
from staff.permissions import permissions_of, teams_of

EMPTY_SHOWN = 20
KINDS = {kind: position for position, kind in enumerate(Identifier.Kind.values)}


@dataclass(frozen=True)
class Place:
    """A membership with its attributes and the latest answers that the customer gave for that account."""

    membership: Membership
    facts: list[Fact]
    scores: list[Any]

    @property
    def account(self) -> Account:
        return self.membership.account

    @property
    def role(self) -> str:
        if self.membership.key_contact:
            return "Key contact"
        return "Contact" if self.membership.contact else "Member"


@dataclass(frozen=True)
class Merged:
    """A merge into this customer that stands. `days_left` counts the day that has begun."""

    pk: int
    names: str
    number: int
    by: str
    at: datetime
    undoable: bool
    days_left: int


class Profile:
    """One customer as `viewer` may see it."""

    def __init__(self, customer: Customer, viewer: Any, *, every_note: bool = False) -> None:
        self.customer = customer
        self.viewer = viewer
        self.notes_shown = NOTES_LIMIT if every_note else NOTES_SHOWN
        self._records = Records(customer.pk, every_note=every_note)

    def read_ahead(self) -> None:
        """Asks for what the whole page shows in one message; without it each part asks for its own."""
        self._records.ahead()

    # Header

    @cached_property
    def company(self) -> str:
        """The primary account's name, else the `company.name` property (2.1)."""
        named = self.customer.properties.get("company.name") or [""]
        return self.company_account.name if self.company_account else str(named[0])

    @property
    def company_account(self) -> Account | None:
        return next((one.account for one in self.memberships if one.primary), None)

    @cached_property
    def merges(self) -> list[Merged]:
        """Who was merged into this customer, the latest first."""
        found = self._records.merges
        if not found:
            return []
        absorbed = Customer.objects.in_bulk({pk for merge in found for pk in merge.source_ids})
        now = timezone.now()
        return [
            Merged(
                merge.pk, ", ".join(absorbed[pk].display_name for pk in merge.source_ids if pk in absorbed),
                len(merge.source_ids), str(merge.actor) if merge.actor else "", merge.merged_at,
                merge.can_be_undone(now), max(-((now - merge.undo_until) // timedelta(days=1)), 0),
            )
            for merge in found
        ]  # fmt: skip

    @property
    def is_key_contact(self) -> bool:
        return any(membership.key_contact for membership in self.memberships)

    @cached_property
    def tags(self) -> list[Tag]:
        return list(Tag.objects.filter(pk__in=self.customer.tag_ids)) if self.customer.tag_ids else []

    @cached_property
    def segments(self) -> list[Segment]:
        """Every segment that the customer is in, as far as the viewer may know (2.9)."""
        possible, customers = self._records.segments, Customer.objects.visible_to(self.viewer)
        dynamic = [one for one in possible if one.kind == Segment.Kind.DYNAMIC]
        inside = of_customer(self.customer.pk, customers, dynamic, timezone.now()) if dynamic else []
        return [one for one in possible if one.kind == Segment.Kind.STATIC or one in inside]

    @cached_property
    def key_facts(self) -> list[Fact]:
        return [fact for fact in self._facts if fact.definition.is_key and fact.values]

    @cached_property
    def scores(self) -> list[Any]:
        """The latest answer of each survey among those without an account (4.1)."""
        return [answer for answer in self._latest_answers if answer.account_id is None]

    @property
    def has_answered(self) -> bool:
        """Whether there is any answer to a survey."""
        return bool(self._latest_answers)

    @property
    def has_campaigns(self) -> bool:
        """Whether the section of campaigns has anything to load; whoever sees a part only is not told by this."""
        return bool(self._records.any_delivery) or teams_of(self.viewer) is not None

    @property
    def has_usage(self) -> bool:
        """As `has_campaigns`."""
        return bool(self._records.any_usage) or teams_of(self.viewer) is not None

    @cached_property
    def badges(self) -> list[str]:
        """The names of the sources that know this customer."""
        return sorted(self.sources[pk] for pk in self.customer.source_ids if pk in self.sources)

    @cached_property
    def name_origin(self) -> Origin | None:
        mark = self.customer.provenance.get(provenance.NAME)
        before = [name for name in self._names_before if name != self.customer.name]
        return self._origin(mark, was=before[0] if before else "")

    # Contact details

    @cached_property
    def identifiers(self) -> list[Identifier]:
        rows = self._records.identifiers
        return sorted(rows, key=lambda row: (KINDS[row.kind], not row.primary, row.pk))

    @cached_property
    def contact_details(self) -> list[tuple[Identifier, Origin]]:
        return [(row, self._origin_of_identifier(row)) for row in self.identifiers]

    # Properties

    @cached_property
    def properties(self) -> list[Fact]:
        return [fact for fact in self._facts if fact.values and not fact.definition.of_company]

    @cached_property
    def company_properties(self) -> list[Fact]:
        return [fact for fact in self._facts if fact.values and fact.definition.of_company]

    @cached_property
    def removed(self) -> list[Fact]:
        """Those that somebody took away although a sync sends them."""
        return [fact for fact in self._removed if not fact.definition.of_company]

    @cached_property
    def removed_of_company(self) -> list[Fact]:
        return [fact for fact in self._removed if fact.definition.of_company]

    @property
    def _removed(self) -> list[Fact]:
        return [fact for fact in self._facts if fact.can_reset and not fact.values]

    @property
    def channels(self) -> list[str]:
        """How the customer's feedback arrived, in words."""
        return ["API" if channel == "api" else channel.capitalize() for channel in self.customer.channels]

    @cached_property
    def empty(self) -> list[Fact]:
        """Those that other customers have."""
        without = [fact for fact in self._facts if not (fact.values or fact.can_reset)]
        return [fact for fact in without if not fact.definition.of_company][:EMPTY_SHOWN]

    def fact(self, key: str) -> Fact | None:
        """The property with this key, in any letter case, whether or not the customer has a value."""
        return next((fact for fact in self._facts if fact.key.lower() == key.lower()), None)

    # Accounts

    @cached_property
    def memberships(self) -> list[Membership]:
        """Those of accounts that the viewer may see."""
        if permissions_of(self.viewer) and teams_of(self.viewer) is None:
            return self._records.memberships
        visible = Account.objects.visible_to(self.viewer).active()
        rows = self.customer.memberships.filter(account__in=visible).select_related("account")
        return list(rows[: MEMBERSHIPS_SHOWN + 1])

    @cached_property
    def places(self) -> list[Place]:
        definitions = {
            one.key.lower(): one for one in self._definitions if one.subject == Definition.Subject.MEMBERSHIP
        }
        return [
            Place(
                membership,
                [self._fact(definitions.get(key.lower()), key, values, membership.provenance)
                 for key, values in membership.properties.items()],
                [answer for answer in self._latest_answers if answer.account_id == membership.account_id],
            )
            for membership in self.memberships[:MEMBERSHIPS_SHOWN]
        ]  # fmt: skip

    # Notes

    @cached_property
    def notes(self) -> list[Note]:
        return self._records.notes

    @property
    def latest_notes(self) -> list[Note]:
        return self.notes[: self.notes_shown]

    @property
    def has_more_notes(self) -> bool:
        return len(self.notes) > self.notes_shown

    # What the parts above are made of

    @cached_property
    def _definitions(self) -> list[Definition]:
        return self._records.definitions

    @cached_property
    def _facts(self) -> list[Fact]:
        """Every property of customers in the order of their definitions; keys without one come last."""
        customer = self.customer
        held = {key.lower(): (key, values) for key, values in customer.properties.items()}
        facts = []
        for definition in self._definitions:
            if definition.subject == Definition.Subject.CUSTOMER:
                key, values = held.pop(definition.key.lower(), (definition.key, []))
                facts.append(self._fact(definition, key, values, customer.provenance, before=self._values_before))
        facts += [self._fact(None, key, values, customer.provenance) for key, values in sorted(held.values())]
        return facts

    def _fact(
        self, definition: Definition | None, key: str, values: Any, marks: provenance.Provenance,
        before: dict[str, list[Any]] | None = None,
    ) -> Fact:  # fmt: skip
        return fact_of(definition, key, values, marks, self, was=(before or {}).get(key))

    @cached_property
    def _before(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(before, after) of what was changed of the customer's own row lately, newest first."""
        return [(change.before or {}, change.after or {}) for change in self._records.changes]

    @cached_property
    def _values_before(self) -> dict[str, list[Any]]:
        """By key, the values before the ones that stand there now; a key is absent when it had none."""
        return values_before(self._before)

    @cached_property
    def _names_before(self) -> list[str]:
        return [before["name"] for before, _ in self._before if before.get("name")]

    @property
    def _latest_answers(self) -> list[Any]:
        return self._records.latest_answers

    @cached_property
    def sources(self) -> dict[int, str]:
        return dict(self._records.sources)

    @cached_property
    def users(self) -> dict[int, User]:
        ids = marked(self._marks, "actor_id")
        return User.objects.in_bulk(ids) if ids else {}

    @property
    def _marks(self) -> list[dict[str, Any]]:
        marks = [*self.customer.provenance.values()]
        for membership in self.memberships:
            marks += membership.provenance.values()
        return marks

    def _origin(self, mark: dict[str, Any] | None, *, was: str = "") -> Origin | None:
        return origin_of(mark, self, was=was)

    def _origin_of_identifier(self, row: Identifier) -> Origin:
        source = self.sources.get(row.source_id or 0)
        return Origin(f"From {source}" if source else "Added by hand", row.created_at)
