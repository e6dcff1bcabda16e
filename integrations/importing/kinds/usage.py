"""Rows that are usage of the product: who did what in which module, and when (3.4)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.models import Source
from core.arrays import AnyOf
from engagement import usage
from engagement.models import UsageEvent
from integrations.importing.kind import Fault, Meaning
from integrations.importing.kinds.reported import WHO, WHO_GUESSES, Item, Reported
from integrations.importing.mapping import Plan


class Usage(Reported):
    name, thing, things = "usage", "usage event", "usage events"
    once = {"module": "Module", "activity": "Activity", "occurred_at": "Time", **WHO}
    dated = frozenset({"occurred_at"})
    exported = ("module", "activity", "occurred_at", *WHO)
    guesses = {
        **WHO_GUESSES, "module": ("module", "feature", "area", "page"),
        "activity": ("activity", "event", "action", "event name"),
        "occurred_at": ("occurred at", "time", "timestamp", "at", "date", "created at", "event time"),
    }  # fmt: skip
    headings = ("Module", "Activity", "Account", "Time")
    seen_at = "usage:list"
    limits = {**Reported.limits, "module": usage.MODULE_LIMIT, "activity": usage.ACTIVITY_LIMIT}
    setters = {
        **Reported.setters, "module": Reported._text, "activity": Reported._text, "occurred_at": Reported._moment,
    }  # fmt: skip

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        if not plan.of("module"):
            yield "Choose the column with the module: what of the product was used."
        if not plan.of("account_id", "user_id", "email"):
            yield "Choose a column that names the account or the customer."

    def complete(self, meaning: Meaning) -> None:
        if not meaning.faults and not meaning.item.get("module"):
            meaning.faults.append(Fault(self.column_named("module"), "Must not be empty."))
        super().complete(meaning)

    def reported_before(self, ids: list[str], source: Source) -> set[str]:
        there = UsageEvent.objects.filter(AnyOf("external_id", ids), source=source)
        return set(there.values_list("external_id", flat=True))  # type: ignore[arg-type]

    def record(
        self, told: list[tuple[Item, int | None, int | None]], source: Source, actor: Actor, now: datetime
    ) -> dict[int, str]:
        events = [
            usage.Event(
                item["module"], item.get("activity", ""), item.get("occurred_at", now), account, customer,
                item["external_id"],
            )
            for item, account, customer in told
        ]  # fmt: skip
        usage.record(events, source=source, actor=actor, now=now)
        return {}

    def shown(self, item: Item) -> list[Any]:
        return [item.get("module"), item.get("activity"), item.get("account_id"), item.get("occurred_at")]
