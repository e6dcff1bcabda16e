from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field, WithJsonSchema

from api.schemas.common import MANY, Id, Moment, MomentIn, Properties, ShortText, Taken, Values, many

LIST = Field(None, max_length=100)
Texts = list[ShortText] | None


class PlaceIn(Taken):
    external_id: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="Account ID in your own system; an account that is not known yet is made"
    )
    contact: bool | None = None
    key_contact: bool | None = None
    properties: Properties = Field(default_factory=dict)


class CustomerFields(Taken):
    name: Annotated[str, Field(max_length=300)] | None = Field(None, description="null clears it")
    emails: Texts = LIST
    phones: Texts = LIST
    user_ids: Texts = LIST
    handles: Texts = Field(None, max_length=100, description="network:name, such as twitter:ana")
    tags: list[Annotated[str, Field(min_length=1, max_length=60)]] | None = Field(None, max_length=50)
    properties: Properties = Field(default_factory=dict)
    memberships: list[PlaceIn] | None = Field(None, max_length=100)
    created_at: MomentIn | None = Field(None, description="Since when your own system knows the customer")


class CustomerIn(CustomerFields):
    """A customer. Found again by user ID, email, handle or phone, in this order; lists and tags are added to."""


class CustomerPatch(CustomerFields):
    """What shall change. A list that is sent takes the place of the one there is."""


class Bulk(Taken):
    customers: Annotated[list[Any], MANY, WithJsonSchema(many("CustomerIn"))]


class MembershipOut(Schema):
    account_id: int
    account: str
    external_id: str | None
    contact: bool
    key_contact: bool
    properties: Values


class NoteOut(Schema):
    id: int
    body: str
    author: str | None
    pinned: bool
    created_at: Moment


class CustomerOut(Schema):
    model_config = ConfigDict(title="Customer")

    id: int
    name: str
    primary_email: str | None
    primary_phone: str | None
    emails: list[str]
    phones: list[str]
    user_ids: list[str]
    handles: list[str]
    company: str | None
    tags: list[str]
    properties: Values
    channels: list[str]
    segments: list[str]
    feedback_count: int
    first_seen: Moment
    last_seen: Moment
    notes: list[NoteOut]
    memberships: list[MembershipOut]
    merged_ids: list[int]
    created_at: Moment
    updated_at: Moment
    deleted: bool = Field(False, description="Only where it is true")
    deleted_at: Moment | None = None


class CustomerPage(Schema):
    items: list[CustomerOut]
    next: str | None = Field(description="The cursor of the next page; null on the last one")


class MovedOut(Schema):
    id: int
    merged_into: int


class MergeIn(Taken):
    source_ids: list[Id] = Field(min_length=1, max_length=9, description="Who is merged into the one in the address")
    dry_run: bool = False
    prefer: dict[str, Id] = Field(
        default_factory=dict,
        description="Whose value wins, by field: name, primary_email, primary_phone, primary_account, property:<key>",
    )


class MergeOut(Schema):
    id: int | None = Field(description="For the undo; null for a dry run")
    customer: CustomerOut
    moved: dict[str, int] = Field(description="How many rows moved to the customer, by kind")


class UndoneOut(Schema):
    id: int
    customer_id: int
    restored_ids: list[int]


class VerdictOut(Schema):
    index: int = Field(description="Place in what was sent, from 0")
    status: str = Field(description="created, updated, unchanged, suppressed or rejected")
    id: int | None = Field(None, description="Of the record here")
    code: str | None = None
    message: str | None = None
    field: str | None = None


class VerdictsOut(Schema):
    received: int
    results: list[VerdictOut]
    reference: str = Field(description="Names this request in the log of deliveries")


class PurgeOut(Schema):
    status: str
    purge_id: int
