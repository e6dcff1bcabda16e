"""What the sender of a webhook is told of each record."""

from dataclasses import dataclass
from typing import Any

from integrations.deliveries import Verdict
from integrations.models import DeliveryRecord
from integrations.webhooks.attributes import Wrong


@dataclass(slots=True)
class Told(Verdict):
    deleted: bool = False  # it was written to somebody or something soft-deleted, which stays so


def verdict_of_wrong(wrong: Wrong, record: Any) -> Verdict:
    said = record.get("id") if isinstance(record, dict) else None
    known = said.strip() if isinstance(said, str) else str(said) if isinstance(said, int) else ""
    status = DeliveryRecord.Status.REJECTED
    return Verdict(status, known, wrong.code, wrong.message, wrong.field, body=record)


def told(code: str, message: str, field: str, name: str) -> tuple[str, str, str]:
    """Code, message and field of a rejection, in the sender's words: `name` is the attribute that carries `field`."""
    if field.startswith("properties."):
        name = field.removeprefix("properties.")
    elif field in {"user_id", "id", "external_id"}:
        return code if code != "invalid" else "invalid_id", f"id: {message}", "id"
    elif not field:
        return code, message, field
    return "invalid_attribute" if code == "invalid" else code, f"{name}: {message}", f"attributes.{name}"


def answered(verdict: Verdict) -> dict[str, Any]:
    """The verdict as the answer holds it."""
    result: dict[str, Any] = {"id": verdict.external_id or None, "status": verdict.status}
    if verdict.status == DeliveryRecord.Status.REJECTED:
        result |= {"code": verdict.code, "message": verdict.message, "field": verdict.field}
    if isinstance(verdict, Told) and verdict.deleted:
        result["deleted"] = True
    return result
