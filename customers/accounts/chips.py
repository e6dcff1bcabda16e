"""Filters of the accounts list in words, each with the address of the list without it."""

from collections.abc import Iterable
from typing import Any

from customers.accounts.filters import CONTACTS, OWNED, AccountsFilter
from customers.chips import Chip, address, either, period_text
from customers.filters import FEEDBACK
from customers.models import Customer
from customers.property_filters import PREFIX

CREATED = ("created", "created_from", "created_to")


def chips(filters: AccountsFilter, viewer: Any) -> dict[str, Chip]:
    """By name: the parameter, or for properties the parameter and its place ("p.plan 0")."""
    found: dict[str, Chip] = {}
    values = {name: value for name, _, value in filters.active()}
    if any(name in values for name in CREATED):
        words = period_text(*(values.get(name) for name in CREATED))
        found["created"] = _chip(filters, "created", "Created", words, CREATED)
    for name, value in values.items():
        if name == "contact":
            found[name] = _chip(filters, name, "", either(CONTACTS[code] for code in value))
        elif name == "owner":
            found[name] = _owner(filters, value, viewer)
        elif name == "feedback":
            found[name] = _chip(filters, name, "", either(FEEDBACK[code] for code in value))
        elif name == "deleted":
            found[name] = _chip(filters, name, "", "Deleted")
        elif name.startswith(PREFIX):
            for place, comparison in enumerate(value):
                others = [other.text for other in value if other != comparison]
                label, shown = comparison.sentence
                without = address(filters.data, **{name: others})
                found[f"{name} {place}"] = Chip(name, label, shown, without, ((name, comparison.text),))
    for name, texts in filters.errors.items():
        if name != "q":
            label = str(filters.filters[name].label)
            found[name] = Chip(name, f"{label}:", texts[0], address(filters.data, **{name: []}), (), error=texts[0])
    return found


def _owner(filters: AccountsFilter, value: list[Any], viewer: Any) -> Chip:
    if all(code in OWNED for code in value):
        return _chip(filters, "owner", "", either(OWNED[code] for code in value))
    people = Customer.objects.visible_to(viewer).in_bulk(value)
    names = [people[pk].display_name if pk in people else f"number {pk}" for pk in value]
    return _chip(filters, "owner", "Owner is", either(names))


def _chip(filters: AccountsFilter, name: str, label: str, value: str, parts: Iterable[str] = ()) -> Chip:
    names = tuple(parts) or (name,)
    params = tuple((part, text) for part in names for text in filters.data.getlist(part) if text)
    return Chip(name, label, value, address(filters.data, **{part: [] for part in names}), params)
