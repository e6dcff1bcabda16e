"""What rows about usage and answers have in common: they name accounts and customers who must be there already."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from audit.actor import Actor
from audit.models import Source
from customers.suppressing import among, count_kept_out
from engagement.known import Known, Unknown
from integrations.importing.cells import ID_LIMIT, Wrong, checked, moment_of
from integrations.importing.guessing import guess_by_names
from integrations.importing.kind import Fault, Kind, Meaning, Outcome, id_of
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Layout

Item = dict[str, Any]
WHO = {
    "account_id": "Account: its ID", "user_id": "Customer: user ID", "email": "Customer: email",
    "external_id": "External ID",
}  # fmt: skip
WHO_GUESSES = {
    "account_id": ("account id", "organisation id", "organization id", "company id", "org id", "tenant id", "account"),
    "user_id": ("user id", "customer id", "external user id", "user", "respondent id"),
    "email": ("email", "e mail", "email address", "mail", "customer email", "user email", "respondent"),
    "external_id": ("external id", "id", "event id", "message id", "response id", "uuid"),
}  # fmt: skip


class Reported(Kind):
    """An item is a row as `engagement.reporting` takes it: texts by name, with moments and numbers read."""

    never_empty = frozenset({"external_id"})
    when: ClassVar[str]  # the name of the moment

    @classmethod
    def guess(cls, layout: Layout) -> Plan:
        return guess_by_names(layout, cls)

    def blank(self) -> Item:
        return {}

    def complete(self, meaning: Meaning) -> None:
        item = meaning.item
        if not (meaning.faults or item.get("account_id") or item.get("user_id") or item.get("email")):
            meaning.faults.append(Fault("", "Names neither an account nor a customer."))
        if not self.has_id:
            item["external_id"] = id_of(meaning.row)

    @abstractmethod
    def reported_before(self, ids: list[str], source: Source) -> set[str]:
        """Those of these external IDs that the source has reported."""

    @abstractmethod
    def record(
        self, told: list[tuple[Item, int | None, int | None]], source: Source, actor: Actor, now: datetime
    ) -> dict[int, str]:
        """Writes items, each with its account and customer. Returns, by place, why one was refused."""  # fmt: skip

    def write(
        self, items: Sequence[Item], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        known = Known(items)
        gone = among(known.nobodys)
        count_kept_out(gone, now)
        before = self.reported_before([item["external_id"] for item in items], source)
        outcomes: list[Any] = [Outcome("unchanged")] * len(items)
        told: dict[int, tuple[Item, int | None, int | None]] = {}
        for place, item in enumerate(items):
            if item["external_id"] in before:
                continue
            try:
                suppressed = bool(gone.intersection(known.identities(item)))
                customer = None if suppressed else known.customer(item)
                account = known.account(item)
            except Unknown as fault:
                outcomes[place] = [Fault(self.column_named(fault.field), str(fault))]
                continue
            outcomes[place] = Outcome("suppressed" if suppressed else "created", customer)
            before.add(item["external_id"])
            if account or customer:
                told[place] = (item, account, customer)
        places = list(told)
        for at, why in self.record(list(told.values()), source, actor, now).items():
            outcomes[places[at]] = [Fault(self.column_named("score"), why)]
        return outcomes

    # What a cell does

    def _text(self, item: Item, use: Use, cell: str) -> None:
        item[use.target] = checked(cell, self.limits.get(use.target, ID_LIMIT))

    def _external_id(self, item: Item, use: Use, cell: str) -> None:
        if not cell:
            raise Wrong("Must not be empty: it is how the same row is recognised the next time.")
        item["external_id"] = checked(cell, ID_LIMIT)

    def _moment(self, item: Item, use: Use, cell: str) -> None:
        item[use.target] = moment_of(cell, use.type)

    limits: ClassVar[dict[str, int]] = {"email": 320}
    setters = {"account_id": _text, "user_id": _text, "email": _text, "external_id": _external_id}
