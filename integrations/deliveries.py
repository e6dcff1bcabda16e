"""The log of what other systems delivered: one row a request, one a record (10.8).

Nobody comes back through the log whom permanent deletion keeps out: what a suppressed record held is blanked, and so is
whatever a rejected one says of identifiers that are suppressed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from audit.models import Source
from core.json import dumps
from core.writing_many import insert_rows
from customers.identifying import Identity, identity
from customers.models import Identifier
from customers.suppressing import among
from integrations.models import ApiKey, Delivery, DeliveryRecord
from integrations.models.api_key import USED_EVERY

_RECORD = (
    "delivery", "place", "external_id", "status", "code", "message", "field", "customer_id", "account_id",
    "document_id", "body",
)  # fmt: skip
BODY_LIMIT = 65_536  # characters of JSON kept of one record
IDENTIFIER_LIMIT = 320


@dataclass(slots=True)
class Verdict:
    """What became of one record. `message` names fields, never values; `body` is what was sent, None to keep none.

    `blank` says that it named somebody who is kept out, although it was taken: the values in `body` go then, too.
    """

    status: str
    external_id: str = ""
    code: str = ""
    message: str = ""
    field: str = ""
    customer_id: int | None = None
    account_id: int | None = None
    document_id: int | None = None
    body: Any = None
    blank: bool = False


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
    if key is None and replay_of is None:  # keys remember for themselves that they are used
        _heard_of(source, now)
    rows = (
        (
            delivery.pk, place, external_id[:320], one.status, one.code, one.message[:500], one.field[:200],
            one.customer_id, one.account_id, one.document_id, None if body is None else dumps(body),
        )
        for place, (one, (external_id, body)) in enumerate(zip(verdicts, _kept(verdicts), strict=True))
    )  # fmt: skip
    if verdicts:
        insert_rows(DeliveryRecord, _RECORD, rows)
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


def _heard_of(source: Source, now: datetime) -> None:
    """Remembers when the source last sent something, about."""
    if source.last_received_at is None or now - source.last_received_at > USED_EVERY:
        Source.objects.filter(pk=source.pk).update(last_received_at=now)


def _kept(verdicts: Sequence[Verdict]) -> list[tuple[str, Any]]:
    """The external ID and the body to keep of each."""
    rejected = [one for one in verdicts if one.status == DeliveryRecord.Status.REJECTED]
    out = kept_out({text for one in rejected for text in texts_in([one.external_id, one.body])})
    kept: list[tuple[str, Any]] = []
    for one in verdicts:
        if one.status == DeliveryRecord.Status.SUPPRESSED:
            kept.append(("", blanked(one.body)))
        elif out and one.status == DeliveryRecord.Status.REJECTED and out & texts_in([one.external_id, one.body]):
            kept.append(("" if one.external_id in out else one.external_id, blanked(one.body)))
        else:
            body = blanked(one.body) if one.blank else one.body
            kept.append((one.external_id, body if body is None or len(dumps(body)) <= BODY_LIMIT else None))
    return kept


def blanked(body: Any) -> Any:
    """The same shape with every text and number taken out."""
    if isinstance(body, dict):
        return {key: blanked(value) for key, value in body.items()}
    if isinstance(body, list):
        return [blanked(value) for value in body]
    return body if isinstance(body, bool) or body is None else ""


def texts_in(value: Any) -> set[str]:
    """Every text and number in `value` that could be an identifier."""
    if isinstance(value, dict):
        return {text for one in value.values() for text in texts_in(one)}
    if isinstance(value, list):
        return {text for one in value for text in texts_in(one)}
    text = "" if isinstance(value, bool) or value is None else str(value).strip()
    return {text} if 0 < len(text) <= IDENTIFIER_LIMIT else set()


def kept_out(texts: set[str]) -> set[str]:
    """Those of `texts` that are suppressed, as an identifier of any kind."""
    meant: dict[Identity, set[str]] = {}
    for text in texts:
        for kind in Identifier.Kind.values:
            try:
                meant.setdefault(identity(kind, text), set()).add(text)
            except ValidationError:
                continue
    return {text for one in among(meant) for text in meant[one]}
