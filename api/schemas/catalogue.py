from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from api.schemas.common import Id, Taken


class PropertyIn(Taken):
    key: str = Field(pattern=r"^[A-Za-z0-9_.]{1,100}$")
    subject: Literal["customer", "account", "membership"] = "customer"
    label: Annotated[str, Field(max_length=120)] | None = None
    type: Literal["text", "number", "date", "boolean", "choice", "url"] = "text"
    choices: list[Annotated[str, Field(min_length=1, max_length=2_000)]] = Field(default_factory=list, max_length=200)
    personal: bool = Field(True, description="Whether it is personal data")


class PropertyOut(Schema):
    model_config = ConfigDict(title="Property")

    id: int
    key: str
    subject: str
    label: str
    type: str
    choices: list[str]
    personal: bool
    key_property: bool = Field(description="Shown in the header of profiles")


class PropertyPage(Schema):
    items: list[PropertyOut]
    next: str | None


class TagIn(Taken):
    name: Annotated[str, Field(min_length=1, max_length=60)]


class TagOut(Schema):
    model_config = ConfigDict(title="Tag")

    id: int
    name: str
    hue: int


class TagPage(Schema):
    items: list[TagOut]
    next: str | None


class SegmentIn(Taken):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    query: Annotated[str, Field(max_length=5_000)] = Field(
        "", description="For a dynamic segment: filters of GET /customers, as in its address"
    )


class SegmentOut(Schema):
    model_config = ConfigDict(title="Segment")

    id: int
    name: str
    kind: str = Field(description="static or dynamic")


class SegmentPage(Schema):
    items: list[SegmentOut]
    next: str | None


class MembersIn(Taken):
    customer_ids: list[Id] = Field(min_length=1, max_length=1_000)


class ChangedOut(Schema):
    changed: int = Field(description="How many customers were put in, or taken out")
