"""Pages of the lists: `limit`, `sort`, and a `cursor` that this list in this order must have made."""

from collections.abc import Callable
from typing import Any, Protocol

from django.db.models import QuerySet
from django.http import QueryDict

from core.paging import Page, Sort, decode
from integrations.answers import Refused

USUAL, MOST = 50, 200


class Filters(Protocol):
    """What the list pages ask by (`customers.filters.ListFilter`)."""

    @property
    def errors(self) -> dict[str, list[str]]: ...

    def listed(self) -> QuerySet[Any]: ...


def limit_of(data: QueryDict) -> int:
    """How many rows are asked for. Raises Refused."""
    text = data.get("limit") or str(USUAL)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST):
        raise _wrong("limit", f"Must be a number from 1 to {MOST}.")
    return int(text)


def understood(filters: Filters) -> None:
    """Raises Refused when a filter cannot be understood: a list of everybody would be misleading."""
    wrong = filters.errors
    if wrong:
        name, texts = next(iter(wrong.items()))
        raise Refused(422, "invalid", f"{name}: {texts[0]}", wrong)


def sort_of(data: QueryDict, names: Callable[[str], Sort]) -> Sort:
    """The order that is asked for. Raises Refused for one that there is not."""
    text = data.get("sort", "")
    sort = names(text)
    if text and sort.text != text:
        raise _wrong("sort", "There is no such order.")
    return sort


def page_of(find: Callable[[str | None], Page], rows: QuerySet[Any], sort: Sort, data: QueryDict) -> Page:
    """The page that the cursor names. Raises Refused for a cursor that is none of this list.

    Lists for people begin again where a cursor leads beyond the end; a program would read them for ever.
    """
    cursor = data.get("cursor") or None
    place = decode(rows, sort, cursor)
    if cursor and (place is None or place.back):
        raise _wrong("cursor", "Send the `next` of the page before, with the same filters and order, or none.")
    page = find(cursor)
    return Page(next=None) if place and page.rows and page.previous is None else page


def _wrong(name: str, message: str) -> Refused:
    return Refused(422, "invalid", f"{name}: {message}", {name: [message]})
