"""The log of what other systems delivered: one row a request, one a record (10.8)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import Source
from integrations.models import ApiKey, Delivery, DeliveryRecord

BODY_LIMIT = 65_536  # characters of JSON kept of one record


@dataclass(slots=True)
class Verdict:
    """What became of one record. `message` names fields, never values; `body` is what was sent, None to keep none."""

    status: str
    external_id: str = ""
    code: str = ""
    message: str = ""
    field: str = ""
    customer_id: int | None = None
    account_id: int | None = None
    document_id: int | None = None
    body: Any = None


def log(
    verdicts: Sequence[Verdict], *, source: Source, key: ApiKey | None, via: str, now: datetime, operation: str = "",
    took_ms: int = 0, facts: dict[str, Any] | None = None, replay_of: Delivery | None = None,
) -> Delivery:  # fmt: skip
    """Writes down what became of a request's records, in the transaction that changed them."""
    counts = Counter(one.status for one in verdicts)
    rejected = counts[DeliveryRecord.Status.REJECTED]
    status = Delivery.Status.DONE
    if rejected:
        status = Delivery.Status.FAILED if rejected == len(verdicts) else Delivery.Status.PARTLY
    delivery = Delivery.objects.create(
        source=source, key=key, via=via, operation=operation, status=status, received_at=now, took_ms=took_ms,
        record_count=len(verdicts), replay_of=replay_of, facts=facts or {},
        **{f"{name}_count": counts[name] for name in DeliveryRecord.Status.values},
    )  # fmt: skip
    DeliveryRecord.objects.bulk_create(
        DeliveryRecord(
            delivery=delivery, place=place, external_id=one.external_id[:320], status=one.status, code=one.code,
            message=one.message[:500], field=one.field[:200], customer_id=one.customer_id, account_id=one.account_id,
            document_id=one.document_id, body=one.body,
        )
        for place, one in enumerate(verdicts)
    )  # fmt: skip
    return delivery


def log_refused(
    *, source: Source, key: ApiKey | None, via: str, now: datetime, code: str, message: str, operation: str = "",
    took_ms: int = 0,
) -> Delivery:  # fmt: skip
    """Writes down that a request was refused whole, and nothing of what it held."""
    return Delivery.objects.create(
        source=source, key=key, via=via, operation=operation, status=Delivery.Status.REFUSED, code=code[:40],
        message=message[:500], received_at=now, took_ms=took_ms,
    )  # fmt: skip
