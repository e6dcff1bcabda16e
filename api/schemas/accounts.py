from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field

from api.schemas.common import Id, Moment, MomentIn, Properties, Taken, Values


class AccountIn(Taken):
    """An account. With `external_id` it is found again, and brought up to date."""

    external_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    name: Annotated[str, Field(max_length=300)] | None = None
    properties: Properties = Field(default_factory=dict)
    created_at: MomentIn | None = None


class AccountPatch(Taken):
    external_id: Annotated[str, Field(max_length=200)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    properties: Properties = Field(default_factory=dict)


class AccountOut(Schema):
    model_config = ConfigDict(title="Account")

    id: int
    name: str
    external_id: str | None
    owner_id: int | None = Field(description="The customer who owns it")
    properties: Values
    created_at: Moment
    updated_at: Moment
    deleted: bool = Field(False, description="Only where it is true")
    deleted_at: Moment | None = None


class AccountPage(Schema):
    items: list[AccountOut]
    next: str | None


class MemberFields(Taken):
    contact: bool | None = None
    key_contact: bool | None = None
    properties: Properties = Field(default_factory=dict)


class MemberIn(MemberFields):
    customer_id: Id


class MemberOut(Schema):
    customer_id: int
    name: str
    contact: bool
    key_contact: bool
    owner: bool
    properties: Values


class MemberPage(Schema):
    items: list[MemberOut]
    next: str | None
