"""What other systems say of customers, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from customers.identifying import Identity

Status = Literal["created", "updated", "unchanged", "suppressed", "rejected", "skipped"]


@dataclass(slots=True)
class Place:
    """A membership, by the account's own ID; the account is made when it is unknown. What is None stays as it is."""

    account: str
    contact: bool | None = None
    key_contact: bool | None = None
    properties: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Upsert:
    """One customer as another system describes them. What is None or absent was left out, and stays.

    `identities` recognise in the one order and are then added; when `by` is given, it alone recognises. An empty `name`
    or property clears. `types` are those of properties never seen. `at` is when all this was true at the sender: it
    changes nothing that the same rank has said since. `replace` names what is replaced and not added to: of a sync, its
    own; of the API and staff, all. `customer_id` names the customer whatever the identities say.
    """

    identities: list[Identity] = field(default_factory=list)
    by: Identity | None = None
    name: str | None = None
    properties: dict[str, list[Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    contact: bool | None = None  # of the memberships that this source made, when it names no `places`
    key_contact: bool | None = None
    created_at: datetime | None = None
    at: datetime | None = None
    operation: Literal["upsert", "insert", "update"] = "upsert"
    replace: frozenset[str] = frozenset()  # of emails, phones, user_ids, handles, tags, places
    verified: bool = True
    customer_id: int | None = None

    @property
    def every_identity(self) -> list[Identity]:
        """The one that recognises, when it was given apart, and all others."""
        return self.identities if self.by is None or self.by in self.identities else [self.by, *self.identities]

    @property
    def says_places(self) -> bool:
        flags = self.contact is not None or self.key_contact is not None
        return bool(self.places or "places" in self.replace or flags)


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of one item. `code`, `message` and `field` say why it was rejected; no value is repeated in them."""

    status: Status
    customer_id: int | None = None
    code: str = ""
    message: str = ""
    field: str = ""
    deleted: bool = False  # the customer is soft-deleted, and stays so
    kept_out: bool = False  # something that was sent is suppressed, and was left out
