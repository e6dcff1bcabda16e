"""One piece of feedback on its way in with many: what can be known of it before, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError

from core.json import dumps
from customers.creating import Draft
from customers.identifying import Identity
from feedback.receiving import Incoming, author_draft

Status = Literal["created", "unchanged", "updated", "suppressed"]

SAID = (
    "title", "body", "body_format", "channel", "status", "author", "author_email", "custom_fields", "metadata",
    "content_digest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one item."""

    document_id: int
    status: Status
    customer_id: int | None
    account_id: int | None
    occurred_at: datetime

    def with_status(self, status: Status) -> "Kept":
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One piece of feedback with all that can be known of it without the database.

    `draft` is who wrote it, or why nobody can have; `said` are the values of `SAID`, JSON as text.
    """

    incoming: Incoming
    digest: bytes
    draft: Draft | ValidationError
    said: tuple[Any, ...] = ()

    @property
    def identities(self) -> list[Identity]:
        """What will be locked for it."""
        return self.draft.identities if isinstance(self.draft, Draft) else []

    @classmethod
    def of(cls, incoming: Incoming) -> "Prepared":
        digest = incoming.digest()
        try:
            draft = author_draft(incoming)
        except ValidationError as error:
            return cls(incoming, digest, error)
        author: dict[str, Any] = {key: value for key, value in incoming.author.items() if value}
        if not draft.verified:
            author["verified"] = False
        email = next((one.normalized for one in draft.identities if one.kind == "email"), "")
        said = (
            incoming.title, incoming.body, incoming.body_format, incoming.channel, incoming.status, dumps(author),
            email, dumps(incoming.custom_fields), dumps(incoming.metadata), digest,
        )  # fmt: skip
        return cls(incoming, digest, draft, said)
