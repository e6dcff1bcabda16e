"""Rows that are memberships: a customer's place in one account. Either is made when nobody knows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.models import Source
from customers.creating import clean_name
from customers.identifying import Identity
from customers.upserting import Place, Upsert, upsert_many
from integrations.importing.guessing import guess_by_names
from integrations.importing.kind import Fault, Kind, Meaning, Outcome
from integrations.importing.kinds import people
from integrations.importing.kinds.definitions import define
from integrations.importing.kinds.upserted import outcome_of
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Layout


@dataclass(slots=True)
class Belonging:
    """What a row says. What is None was left out and stays as it is."""

    account: str = ""
    name: str | None = None
    identities: list[Identity] = field(default_factory=list)
    contact: bool | None = None
    key_contact: bool | None = None
    properties: dict[str, list[Any]] = field(default_factory=dict)

    def upsert(self) -> Upsert:
        place = Place(self.account, self.contact, self.key_contact, self.properties)
        return Upsert(identities=self.identities, name=self.name, places=[place])


class Memberships(Kind):
    name, thing, things = "memberships", "membership", "memberships"
    once = {
        "account_id": "Account: its ID", "name": "Customer: name", "contact": "Is a contact",
        "key_contact": "Is a key contact",
    }  # fmt: skip
    many = {name: f"Customer: {label[0].lower()}{label[1:]}" for name, label in people.ONE_OF_EACH.items()} | {
        name: f"Customer: {label[0].lower()}{label[1:]}" for name, label in people.SEVERAL.items()
    }
    named = {"property": "Property of the membership", "p": "Property of the membership, values separated by ;"}
    exported = ("account_id", "name", *people.SEVERAL, "contact", "key_contact")
    guesses = {
        **people.GUESSES, "name": ("name", "full name", "customer name", "customer"),
        "contact": ("contact", "is contact"), "key_contact": ("key contact", "is key contact"),
    }  # fmt: skip
    subject = "membership"
    ranks_as_staff = True
    headings = ("Account", "Customer", "Contact")
    seen_at = "accounts:list"

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        if not plan.of("account_id"):
            yield "Choose the column with the account's ID: it says which account the customer belongs to."
        if not plan.of(*people.ONE_OF_EACH, *people.SEVERAL):
            yield "Choose a column that recognises the customer: an email, phone, user ID or handle."

    @classmethod
    def guess(cls, layout: Layout) -> Plan:
        return guess_by_names(layout, cls, rest="property")

    def blank(self) -> Belonging:
        return Belonging()

    def complete(self, meaning: Meaning) -> None:
        if not meaning.faults and not meaning.item.account:
            meaning.faults.append(Fault(self.column_named("account_id"), "Must not be empty: it names the account."))
        if not meaning.faults and not meaning.item.identities:
            meaning.faults.append(Fault("", "Has no email, phone, user ID or handle: nothing recognises the customer."))

    def weigh(self, item: Belonging) -> int:
        return len(item.identities)

    def prepare(self, layout: Layout) -> None:
        define(self.plan, layout, self.subject)

    def write(
        self, items: Sequence[Belonging], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        done = upsert_many([item.upsert() for item in items], actor=actor, now=now)
        return [outcome_of(self, one) for one in done]

    def shown(self, item: Belonging) -> list[Any]:
        who = item.name or ", ".join(one.value for one in item.identities)
        return [item.account, who, "Key contact" if item.key_contact else "Contact" if item.contact else ""]

    # What a cell does

    def _account_id(self, item: Belonging, use: Use, cell: str) -> None:
        item.account = people.account_id_of(cell)

    def _name(self, item: Belonging, use: Use, cell: str) -> None:
        item.name = clean_name(cell)

    def _contact(self, item: Belonging, use: Use, cell: str) -> None:
        item.contact = people.yes_or_no(cell)

    def _key_contact(self, item: Belonging, use: Use, cell: str) -> None:
        item.key_contact = people.yes_or_no(cell)

    setters = {
        **people.SETTERS, "account_id": _account_id, "name": _name, "contact": _contact, "key_contact": _key_contact,
    }  # fmt: skip
