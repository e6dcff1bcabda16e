"""Rows that are customers: who they are, which accounts they belong to, what is known about them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.models import Source
from core.spreadsheets import split
from customers.creating import clean_name
from customers.upserting import Place, Upsert, upsert_many
from integrations.importing.cells import moment_of
from integrations.importing.guessing import guess_by_names
from integrations.importing.kind import Fault, Kind, Meaning, Outcome
from integrations.importing.kinds import people
from integrations.importing.kinds.definitions import define
from integrations.importing.kinds.documents import add_tags
from integrations.importing.kinds.upserted import outcome_of
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Layout


class Customers(Kind):
    name, thing, things = "customers", "customer", "customers"
    once = {
        "name": "Name", "first_name": "First name", "last_name": "Last name",
        "created_elsewhere_at": "Created in its own system",
    }  # fmt: skip
    many = {
        **people.ONE_OF_EACH, **people.SEVERAL, "account_id": "Account: its ID",
        "account_ids": "Accounts: their IDs, separated by ;", "tags": "Tags",
    }  # fmt: skip
    named = people.NAMED
    dated = frozenset({"created_elsewhere_at"})
    exported = ("name", *people.SEVERAL, "account_ids", "tags", "created_elsewhere_at")
    guesses = {
        **people.GUESSES,
        "name": ("name", "full name", "customer name", "contact name", "customer", "user name", "display name"),
        "first_name": ("first name", "given name", "firstname"),
        "last_name": ("last name", "family name", "surname", "lastname"),
        "emails": ("emails",), "phones": ("phones",), "user_ids": ("user ids",), "handles": ("handles",),
        "account_ids": ("account ids",), "tags": ("tags", "labels"),
        "created_elsewhere_at": ("created elsewhere at", "created at", "created", "signed up at", "signup date",
                                 "sign up date", "registered at", "joined", "customer since"),
    }  # fmt: skip
    ranks_as_staff = True
    headings = ("Name", "Identifiers", "Accounts")
    seen_at = "customers:list"

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        if not plan.of(*people.ONE_OF_EACH, *people.SEVERAL):
            yield "Choose a column that recognises a customer: an email, phone, user ID or handle."

    @classmethod
    def guess(cls, layout: Layout) -> Plan:
        return guess_by_names(layout, cls, rest="property")

    def blank(self) -> Upsert:
        return Upsert(identities=[])

    def complete(self, meaning: Meaning) -> None:
        item = meaning.item
        if not (item.identities or meaning.faults):
            meaning.faults.append(Fault("", "Has no email, phone, user ID or handle: nothing recognises the customer."))

    def weigh(self, item: Upsert) -> int:
        return len(item.identities)

    def prepare(self, layout: Layout) -> None:
        define(self.plan, layout, self.subject)

    def write(
        self, items: Sequence[Upsert], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        return [outcome_of(self, done) for done in upsert_many(items, actor=actor, now=now)]

    def shown(self, item: Upsert) -> list[Any]:
        return [
            item.name or "", ", ".join(one.value for one in item.identities),
            ", ".join(place.account for place in item.places),
        ]  # fmt: skip

    # What a cell does

    def _name(self, item: Upsert, use: Use, cell: str) -> None:
        item.name = clean_name(cell)

    def _first_name(self, item: Upsert, use: Use, cell: str) -> None:
        item.name = clean_name(f"{cell} {item.name or ''}")

    def _last_name(self, item: Upsert, use: Use, cell: str) -> None:
        item.name = clean_name(f"{item.name or ''} {cell}")

    def _created_elsewhere_at(self, item: Upsert, use: Use, cell: str) -> None:
        item.created_at = moment_of(cell, use.type)

    def _account_id(self, item: Upsert, use: Use, cell: str) -> None:
        item.places.append(Place(people.account_id_of(cell)))

    def _account_ids(self, item: Upsert, use: Use, cell: str) -> None:
        item.places += [Place(people.account_id_of(one)) for one in split(cell)]

    def _tags(self, item: Upsert, use: Use, cell: str) -> None:
        add_tags(item.tags, cell)

    setters = {
        **people.SETTERS, "name": _name, "first_name": _first_name, "last_name": _last_name,
        "created_elsewhere_at": _created_elsewhere_at, "account_id": _account_id, "account_ids": _account_ids,
        "tags": _tags,
    }  # fmt: skip
