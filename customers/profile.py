"""What the profile page shows of one customer, read once and only when a part of the page asks for it (2.4).

Parts of the page are answered alone after an edit, so everything here is lazy: a part costs its own queries.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Account
from audit.models import Change, Source
from customers.merging import merges_of
from customers.models import Customer, Identifier, Membership, Note, Tag
from properties import provenance
from properties.models import Definition
from properties.values import shown
from staff.models import User

VALUES_SHOWN = 5  # of one property; the others are folded
EMPTY_SHOWN = 20
NOTES_SHOWN = 10
NOTES_LIMIT = 500
MEMBERSHIPS_SHOWN = 50
CHANGES_READ = 200  # the latest ones, to say what a value was before
KINDS = {kind: position for position, kind in enumerate(Identifier.Kind.values)}
COMPANY = "company."


@dataclass(frozen=True)
class Origin:
    """Where a value came from: 'Set by Mina Okafor', when, and what stood there before."""

    text: str
    at: datetime | None = None
    was: str = ""


@dataclass(frozen=True)
class Shown:
    """A value as people read it; `url` when it is a link that may be followed."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Fact:
    """A property as one row of the page. `name` is what the row is called, `values` are empty for one without any."""

    definition: Definition
    name: str
    values: list[Shown] = field(default_factory=list)
    origin: Origin | None = None
    synced: str = ""
    can_reset: bool = False

    @property
    def key(self) -> str:
        return self.definition.key

    @property
    def first(self) -> list[Shown]:
        return self.values[:VALUES_SHOWN]

    @property
    def others(self) -> list[Shown]:
        return self.values[VALUES_SHOWN:]


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

    # Header

    @cached_property
    def company(self) -> str:
        """The primary account's name, else the `company.name` property (2.1)."""
        primary = next((one for one in self.memberships if one.primary), None)
        named = self.customer.properties.get("company.name") or [""]
        return primary.account.name if primary else str(named[0])

    @cached_property
    def merges(self) -> list[Merged]:
        """Who was merged into this customer, the latest first."""
        found = merges_of(self.customer)
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
    def key_facts(self) -> list[Fact]:
        return [fact for fact in self._facts if fact.definition.is_key and fact.values]

    @cached_property
    def scores(self) -> list[Any]:
        """The latest answer of each survey among those without an account (4.1)."""
        return [answer for answer in self._latest_answers if answer.account_id is None]

    @cached_property
    def badges(self) -> list[str]:
        """The names of the sources that know this customer."""
        return sorted(self._sources[pk].name for pk in self.customer.source_ids if pk in self._sources)

    @cached_property
    def name_origin(self) -> Origin | None:
        mark = self.customer.provenance.get(provenance.NAME)
        before = [name for name in self._names_before if name != self.customer.name]
        return self._origin(mark, was=before[0] if before else "")

    # Contact details

    @cached_property
    def identifiers(self) -> list[Identifier]:
        rows = list(self.customer.identifiers.all())
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
        return list(self.customer.notes.select_related("author")[: self.notes_shown + 1])

    @property
    def latest_notes(self) -> list[Note]:
        return self.notes[: self.notes_shown]

    @property
    def has_more_notes(self) -> bool:
        return len(self.notes) > self.notes_shown

    # What the parts above are made of

    @cached_property
    def _definitions(self) -> list[Definition]:
        return list(Definition.objects.exclude(subject=Definition.Subject.ACCOUNT))

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
        definition = definition or Definition(key=key, label=key)
        mark, type_ = marks.get(key), definition.type
        values = values if isinstance(values, list) else [values]
        was = (before or {}).get(key)
        return Fact(
            definition,
            name=key[len(COMPANY) :] if definition.of_company else definition.label,
            values=[_shown(value, type_) for value in values],
            origin=self._origin(mark, was=_joined(was, type_)) if values or was else None,
            synced=_joined(mark.get("synced"), type_) if mark and mark["by"] != "sync" else "",
            can_reset=provenance.can_reset(marks, key),
        )

    @cached_property
    def _before(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(before, after) of what was changed of the customer's own row lately, newest first."""
        latest = Change.objects.of("customer", self.customer.pk).order_by("-id").values("pk")[:CHANGES_READ]
        edits = Change.objects.filter(
            pk__in=latest, table=Customer._meta.db_table, operation=Change.Operation.UPDATE,
            before__has_any_keys=["properties", "name"],
        )  # fmt: skip
        found = edits.order_by("-id").values_list("before", "after")
        return [(before or {}, after or {}) for before, after in found]

    @cached_property
    def _values_before(self) -> dict[str, list[Any]]:
        """By key, the values before the ones that stand there now; a key is absent when it had none."""
        found: dict[str, list[Any]] = {}
        for before, after in self._before:
            old, new = before.get("properties") or {}, after.get("properties") or {}
            for key in {**old, **new}:
                if old.get(key) != new.get(key):
                    found.setdefault(key, old.get(key) or [])
        return found

    @cached_property
    def _names_before(self) -> list[str]:
        return [before["name"] for before, _ in self._before if before.get("name")]

    @cached_property
    def _latest_answers(self) -> list[Any]:
        """The latest answer per account and survey. Surveys stand above customers, so: the reverse accessor."""
        answers = self.customer.survey_responses.select_related("survey")
        return list(
            answers.order_by("account_id", "survey_id", "-answered_at", "-id").distinct("account_id", "survey_id")
        )

    @cached_property
    def _sources(self) -> dict[int, Source]:
        ids = {*self.customer.source_ids, *_marked(self._marks, "source_id")}
        ids |= {row.source_id for row in self.identifiers if row.source_id}
        return Source.objects.in_bulk(ids) if ids else {}

    @cached_property
    def _users(self) -> dict[int, User]:
        ids = _marked(self._marks, "actor_id")
        return User.objects.in_bulk(ids) if ids else {}

    @property
    def _marks(self) -> list[dict[str, Any]]:
        marks = [*self.customer.provenance.values()]
        for membership in self.memberships:
            marks += membership.provenance.values()
        return marks

    def _origin(self, mark: dict[str, Any] | None, *, was: str = "") -> Origin | None:
        if not mark:
            return Origin("Came with the first data", was=was) if was else None
        at = parse_datetime(mark["at"]) if mark.get("at") else None
        source = self._sources.get(mark.get("source_id") or 0)
        done = "Removed" if mark.get("removed") else "Set"
        if mark["by"] == "staff":
            user = self._users.get(mark.get("actor_id") or 0)
            return Origin(f"{done} by {user.name or user.email if user else 'a former colleague'}", at, was)
        through = source.name if source else ""
        if mark["by"] == "api":
            return Origin(f"{done} through the REST API{f' ({through})' if through else ''}", at, was)
        return Origin(f"From {through}" if through else "From a sync", at, was)

    def _origin_of_identifier(self, row: Identifier) -> Origin:
        source = self._sources.get(row.source_id or 0)
        return Origin(f"From {source.name}" if source else "Added by hand", row.created_at)


def _shown(value: Any, type_: str) -> Shown:
    text = shown(value, type_)
    return Shown(text, text if type_ == Definition.Type.URL and text.startswith(("http://", "https://")) else "")


def _joined(values: Any, type_: str) -> str:
    if not isinstance(values, list):
        return ""
    text = ", ".join(shown(value, type_) for value in values[:VALUES_SHOWN])
    return text if len(text) <= 120 else f"{text[:119]}…"


def _marked(marks: Iterable[dict[str, Any]], what: str) -> set[int]:
    return {mark[what] for mark in marks if mark.get(what)}
