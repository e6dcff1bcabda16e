from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field, WithJsonSchema

from api.schemas.common import MANY, MOST, Id, Moment, Taken
from feedback.receiving import AUTHOR_FIELDS

_CHANNELS = ["widget", "email", "api", "voice", "chat", "survey", "social", "import"]
_TEXT = {"type": ["string", "null"]}
INCOMING: dict[str, Any] = {
    "type": "object",
    "description": "At least a body or a title. `cf_<key>` becomes a custom field, and a property of the customer.",
    "properties": {
        "external_id": _TEXT | {"maxLength": 200, "description": "Yours: the same again updates the document"},
        "channel": {"enum": [*_CHANNELS, None]},
        "title": _TEXT | {"maxLength": 500},
        "body": _TEXT,
        "body_format": {"enum": ["text", "html", None]},
        "occurred_at": {"type": ["string", "number", "null"]},
        "author": {
            "type": ["object", "null"],
            "properties": dict.fromkeys(AUTHOR_FIELDS, _TEXT | {"maxLength": 320}),
        },
        "account_id": _TEXT | {"maxLength": 200, "description": "Account ID in your own system"},
        "status": _TEXT | {"maxLength": 60},
        "tags": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1, "maxLength": 60},
                 "maxItems": 50},
        "metadata": {"type": ["object", "null"]},
    },
    "examples": [{"external_id": "z-991", "title": "Export fails", "author": {"email": "ana@ex.test"}}],
}  # fmt: skip
DocumentIn = Annotated[dict[str, Any], WithJsonSchema(INCOMING)]


class DocumentBulk(Taken):
    documents: Annotated[
        list[Any],
        MANY,
        WithJsonSchema({"type": "array", "items": INCOMING, "minItems": 1, "maxItems": MOST}),
    ]


class DocumentPatch(Taken):
    """What shall change; fields left out stay, null clears."""

    title: Annotated[str, Field(max_length=500)] | None = None
    body: Annotated[str, Field(max_length=1_000_000)] | None = None
    status: Annotated[str, Field(max_length=60)] | None = None
    tags: list[Annotated[str, Field(min_length=1, max_length=60)]] | None = Field(None, max_length=50)
    account_id: Id | None = None


class LinkIn(Taken):
    customer_id: Id


class DocumentOut(Schema):
    model_config = ConfigDict(title="Document")

    id: int
    title: str
    body: str
    body_format: str
    channel: str
    source: str | None
    external_id: str | None
    author: dict[str, Any]
    customer_id: int | None
    customer_deleted: bool
    account_id: int | None
    account: str | None
    status: str
    tags: list[str]
    custom_fields: dict[str, Any]
    metadata: dict[str, Any]
    occurred_at: Moment
    received_at: Moment
    updated_at: Moment
    body_truncated: bool = Field(False, description="Only where it is true: the document itself gives the whole")
    deleted: bool = Field(False, description="Only where it is true")
    deleted_at: Moment | None = None


class DocumentPage(Schema):
    items: list[DocumentOut]
    next: str | None


class ReceivedOut(Schema):
    id: int
    status: str = Field(description="created, updated, unchanged, suppressed or restored")
    customer_id: int | None
    deleted: bool = Field(False, description="The document, or its customer, is deleted and stays so")
