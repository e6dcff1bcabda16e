"""Documents as CSV that can be imported again."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, OuterRef, QuerySet, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Concat

from core.exporting import Cell, EscapedTag, Joined, Moment, file
from core.paging import Sort
from feedback.models import Document, DocumentTag

AUTHOR = ("name", "email", "phone", "user_id", "handle")
COLUMNS = (
    "id", "external_id", "source", "title", "body", "body_format", "channel", "status", "tags", "occurred_at",
    "account_id", "account", "customer_id", *(f"author.{name}" for name in AUTHOR), "custom_fields", "metadata_fields",
    "received_at",
)  # fmt: skip


class _Object(Func):
    """A JSON object as text; nothing for an empty one."""

    template = "nullif((%(expressions)s)::text, '{}')"
    output_field = TextField()


def stream(documents: QuerySet[Document], sort: Sort, viewer: Any) -> Iterator[bytes]:
    """The file in pieces, in this order. What has no ID of its own is named by Roster's, so that it comes in once."""
    sign = "-" if sort.descending else ""
    tags = DocumentTag.objects.filter(document=OuterRef("pk")).order_by("tag__name")
    own_id = Coalesce("external_id", Concat(Value("roster-"), Cast("pk", TextField())), output_field=TextField())
    cells = [
        "pk", Cell(own_id), Cell("source__name"), Cell("title"), Cell("body"), "body_format", "channel",
        Cell("status"), Joined(ArraySubquery(tags.values_list(EscapedTag("tag__name")))), Moment("occurred_at"),
        Cell("account__external_id"), Cell("account__name"), "customer",
        *(Cell(KT(f"author__{name}")) for name in AUTHOR), _Object("custom_fields"), _Object("metadata"),
        Moment("received_at"),
    ]  # fmt: skip
    return file(COLUMNS, documents.order_by(f"{sign}{sort.column}", f"{sign}pk"), cells)
