"""Many records at once: a verdict each, and one delivery in the log, in the transaction that changed the records."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpResponse

from api.rest import ApiRequest, actor_of, reply
from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from integrations.deliveries import Verdict, log
from integrations.models import ApiKey, Delivery

VERBS = {"usage": "usage.reported", "surveys": "surveys.reported", "deliveries": "deliveries.reported"}


@dataclass(frozen=True)
class Sender:
    """Who sends the records: the source, as which actor, and with which key (None for a replay)."""

    source: Source
    actor: Actor
    key: ApiKey | None = None
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, request: ApiRequest) -> "Sender":
        return cls(request.key.source, actor_of(request), request.key)

    @property
    def took_ms(self) -> int:
        return int((time.monotonic() - self.began) * 1_000)

    def log(self, verdicts: Sequence[Verdict], operation: str, now: datetime) -> Delivery:
        return log(
            verdicts, source=self.source, key=self.key, via=Delivery.Via.API, now=now, operation=operation,
            took_ms=self.took_ms,
        )  # fmt: skip


Take = Callable[[Sequence[Any], Sender, datetime], list[Verdict]]


@retrying
def taken(values: Sequence[Any], operation: str, sender: Sender, take: Take) -> tuple[list[Verdict], Delivery]:
    """Records that one transaction can take."""
    with recorded(sender.actor, VERBS[operation], sender.source) as entry:
        verdicts = take(values, sender, entry.at)
        entry.facts |= {"records": len(values)}
        return verdicts, sender.log(verdicts, operation, entry.at)


def answered(verdicts: Sequence[Verdict], delivery: Delivery) -> HttpResponse:
    results = [_result(place, one) for place, one in enumerate(verdicts)]
    return reply({"received": len(results), "results": results, "reference": delivery.reference})


def _result(place: int, one: Verdict) -> dict[str, Any]:
    found: dict[str, Any] = {"index": place, "status": one.status}
    if one.document_id:
        found["id"] = one.document_id
    if one.code:
        found |= {"code": one.code, "message": one.message, "field": one.field or None}
    return found
