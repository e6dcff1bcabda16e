"""What the tools of the MCP server share: what they may be asked, pages of lists, faults that an agent can act on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from django.db.models import Model, QuerySet
from django.http import QueryDict
from pydantic import BaseModel, ConfigDict, Field

from core.paging import Sort, decode
from core.text import fold
from customers.models import Segment, Tag
from integrations.models import ApiKey

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str, Field(max_length=2_000, description="`next` of the page before; empty for the first page.")]
Words = Annotated[str, Field(max_length=300)]


class Fault(Exception):
    """Why a tool has no answer, in a sentence for whoever called it."""


class Arguments(BaseModel):
    """What a tool may be given, and nothing else."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Question:
    """Who asks, and when."""

    key: ApiKey
    now: datetime

    def may(self, scope: str) -> bool:
        return scope in self.key.scopes


@dataclass(frozen=True)
class Answer:
    """What a tool found; `about` is the one record that it is about, `found` how many there are of what."""

    body: dict[str, Any]
    about: Model | None = None
    found: dict[str, int] = field(default_factory=dict)


def query(**parameters: Any) -> QueryDict:
    """The same as the address of a list in the dashboard."""
    data = QueryDict(mutable=True)
    for name, value in parameters.items():
        if value not in ("", None):
            data[name] = str(value)
    return data


def refuse(errors: Mapping[str, list[str]], **called: str) -> None:
    """Raises Fault when the filters were not understood; `called` are the names that the tool gives to them."""
    for name, texts in errors.items():
        raise Fault(f"{called.get(name, name)}: {' '.join(texts)}")


def placed(rows: QuerySet[Any], sort: Sort, cursor: str) -> str | None:
    """The cursor, if this list in this order made it. Raises Fault: an agent would read the first page for ever."""
    if not cursor:
        return None
    if decode(rows, sort, cursor) is None:
        raise Fault("cursor: This is not from this list in this order. Begin again without a cursor.")
    return cursor


def number_of(model: type[Tag] | type[Segment], named: str, what: str) -> str:
    """The id of the tag or segment with this name, in any letter case, or with this number. Raises Fault."""
    if not named:
        return ""
    found = model._default_manager.filter(folded=fold(named)).values_list("pk", flat=True).first()
    if found is None and named.isascii() and named.isdigit() and len(named) < 10:
        found = model._default_manager.filter(pk=int(named)).values_list("pk", flat=True).first()
    if found is None:
        raise Fault(f"{what}: There is none with this name.")
    return str(found)


def tag_names(rows: list[Any]) -> dict[int, str]:
    """The names of all tags on these rows."""
    wanted = {pk for row in rows for pk in row.tag_ids}
    return dict(Tag.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def moment(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
