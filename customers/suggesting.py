"""Customers offered while somebody types whom they mean."""

from typing import Any

from django.core.exceptions import ValidationError

from customers.dealings import as_seen
from customers.listing import DEFAULT_SORT, find, sort_of
from customers.models import Customer
from customers.search import TEXT_LIMIT, conditions

MOST = 8


def search(typed: str, viewer: Any, *, leave_out: int | None) -> list[Customer]:
    """Customers whose name or any identifier holds every word of `typed`, those seen last first, with `company`."""
    try:
        asked = conditions(typed[:TEXT_LIMIT])
    except ValidationError:  # more words than anybody is called by
        return []
    customers = Customer.objects.visible_to(viewer).active()
    found = find(customers, asked, sort_of(DEFAULT_SORT), size=MOST + 1).page.rows if asked else []
    return _with_company(as_seen([each for each in found if each.pk != leave_out][:MOST], viewer), viewer)


def _with_company(found: list[Customer], viewer: Any) -> list[Customer]:
    """The same customers, with `company`: looked up for the few that are shown, not for all that were found."""
    rows: Any = Customer.objects.filter(pk__in=[each.pk for each in found]).with_company(viewer)
    known = dict(rows.values_list("pk", "company"))
    for each in found:
        each.company = known.get(each.pk)  # type: ignore[attr-defined]
    return found
