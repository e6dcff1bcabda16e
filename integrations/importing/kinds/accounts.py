"""Rows that are accounts, recognised by their ID in the customer's own system."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from accounts.upserting import AccountUpsert, upsert_accounts
from audit.actor import Actor
from audit.models import Source
from core.text import problem, tidy
from integrations.importing.cells import Wrong, moment_of
from integrations.importing.guessing import guess_by_names
from integrations.importing.kind import Fault, Kind, Outcome
from integrations.importing.kinds import people
from integrations.importing.kinds.definitions import define
from integrations.importing.kinds.upserted import outcome_of
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Layout

NAME_LIMIT = 300


class Accounts(Kind):
    name, thing, things = "accounts", "account", "accounts"
    once = {"account_id": "Account ID", "name": "Name", "created_at": "Created"}
    named = people.NAMED
    dated = frozenset({"created_at"})
    never_empty = frozenset({"account_id"})
    exported = ("account_id", "name", "created_at")
    guesses = {
        "account_id": (*people.GUESSES["account_id"], "id", "external id", "account", "uuid"),
        "name": ("name", "account name", "company", "company name", "organisation", "organization",
                 "organisation name", "organization name"),
        "created_at": ("created at", "created", "created date", "date created"),
    }  # fmt: skip
    subject = "account"
    ranks_as_staff = True
    headings = ("Account ID", "Name")
    seen_at = "accounts:list"

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        if not plan.of("account_id"):
            yield "Choose the column with the account's ID: it is how the account is recognised the next time."

    @classmethod
    def guess(cls, layout: Layout) -> Plan:
        return guess_by_names(layout, cls, rest="property")

    def blank(self) -> AccountUpsert:
        return AccountUpsert(external_id="")

    def prepare(self, layout: Layout) -> None:
        define(self.plan, layout, self.subject)

    def write(
        self, items: Sequence[AccountUpsert], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        return [outcome_of(self, done) for done in upsert_accounts(items, actor=actor, now=now)]

    def shown(self, item: AccountUpsert) -> list[Any]:
        return [item.external_id, item.name or ""]

    # What a cell does

    def _account_id(self, item: AccountUpsert, use: Use, cell: str) -> None:
        if not cell:
            raise Wrong("Must not be empty: it is how the account is recognised the next time.")
        item.external_id = people.account_id_of(cell)

    def _name(self, item: AccountUpsert, use: Use, cell: str) -> None:
        item.name = tidy(cell)
        if fault := problem(item.name, limit=NAME_LIMIT):
            raise Wrong(fault)

    def _created_at(self, item: AccountUpsert, use: Use, cell: str) -> None:
        item.created_at = moment_of(cell, use.type)

    setters = {
        "account_id": _account_id, "name": _name, "created_at": _created_at,
        "property": people.one_value, "p": people.several_values,
    }  # fmt: skip
