"""How each integration is doing: for the list of integrations and for the overview (10.1, 11.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from integrations.counting import Received, received
from integrations.models import ApiKey, Delivery, Integration

UNUSED = timedelta(days=180)
_FAILED = {Delivery.Status.FAILED, Delivery.Status.REFUSED}


@dataclass(frozen=True, slots=True)
class Health:
    """`state` and `tone` say how it is; `fault` why, when something is wrong."""

    integration: Integration
    state: str
    tone: str
    received: Received
    keys: int
    fault: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.tone in {"tone-bad", "tone-warn"}


def health(now: datetime, integrations: Iterable[Integration] | None = None) -> list[Health]:
    """Of all integrations, or of these: four queries, however many there are."""
    if integrations is None:
        integrations = Integration.objects.select_related("source").order_by("source__name")
    found = list(integrations)
    counts = received(now)
    keys: dict[int, int] = {}
    for (source_id,) in ApiKey.objects.usable(now).values_list("source_id"):
        keys[source_id] = keys.get(source_id, 0) + 1
    newest = Delivery.objects.filter(source=OuterRef("source")).order_by("-pk").values("pk")[:1]
    last = {
        one.source_id: one
        for one in Delivery.objects.filter(
            pk__in=Integration.objects.filter(pk__in=[one.pk for one in found]).values_list(Subquery(newest))
        ).defer("facts")
    }
    return [
        _of(one, counts.get(one.source_id, Received()), keys.get(one.source_id, 0), last.get(one.source_id))
        for one in found
    ]


def _of(one: Integration, counts: Received, keys: int, last: Delivery | None) -> Health:
    if one.closed_at is not None:
        return Health(one, "Closed", "tone-none", counts, keys)
    if not (keys or one.site_key or one.inbox_hash):
        return Health(one, "No key", "tone-warn", counts, keys, "Every key has ended.")
    if last is not None and last.status in _FAILED:
        return Health(one, "Failing", "tone-bad", counts, keys, last.message or f"{last.get_status_display()}.")
    if last is None and one.source.last_received_at is None:
        return Health(one, "Waiting", "tone-info", counts, keys)
    return Health(one, "Connected", "tone-ok", counts, keys)


def is_unused(key: ApiKey, now: datetime) -> bool:
    """Whether nobody has used it for so long that it might be forgotten."""
    return now - (key.last_used_at or key.created_at) > UNUSED
