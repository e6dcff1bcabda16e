"""Filters in words, each with the address of the list without it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict

from accounts.models import Account
from audit.models import Source
from core.ui import MONTHS
from customers.account_properties import OF_ACCOUNT
from customers.filters import CHANNELS, FEEDBACK, NONE, PERIODS, CustomerFilter
from customers.models import Segment, Tag
from customers.property_filters import PREFIX

SEEN = {"last_seen": "Last seen", "first_seen": "First seen"}


@dataclass(frozen=True)
class Chip:
    """A filter that is set: `label` and `value` make its sentence, `without` is the address of the list without it,
    `params` are the parameters that it stands for."""

    name: str
    label: str
    value: str
    without: str
    params: tuple[tuple[str, str], ...]
    error: str = ""


def chips(filters: CustomerFilter, viewer: Any) -> dict[str, Chip]:
    """By name: the parameter, or for properties the parameter and its place ("p.plan 0")."""
    found: dict[str, Chip] = {}
    values = {name: value for name, _, value in filters.active()}
    for name, label in SEEN.items():
        parts = (name, f"{name}_from", f"{name}_to")
        if any(part in values for part in parts):
            found[name] = _chip(filters, name, label, period_text(*(values.get(part) for part in parts)), parts)
    for name, value in values.items():
        if name == "channel":
            found[name] = _chip(filters, name, "Channel is", either(CHANNELS[code] for code in value))
        elif name == "tag":
            named = ["none"] if value == [NONE] else _names(Tag.objects.filter(pk__in=value), value)
            found[name] = _chip(filters, name, "Tag is", either(named))
        elif name == "segment":
            named = ["none"] if value == [NONE] else _names(Segment.objects.filter(pk__in=value), value)
            found[name] = _chip(filters, name, "Segment is", either(named))
        elif name == "account":
            named = (
                ["none"] if value == [NONE] else _names(Account.objects.visible_to(viewer).filter(pk__in=value), value)
            )
            found[name] = _chip(filters, name, "Account is", either(named))
        elif name == "source":
            found[name] = _chip(filters, name, "Source is", either(_names(Source.objects.filter(pk__in=value), value)))
        elif name == "feedback":
            found[name] = _chip(filters, name, "", either(FEEDBACK[code] for code in value))
        elif name == "deleted":
            found[name] = _chip(filters, name, "", "Deleted")
        elif name.startswith((PREFIX, OF_ACCOUNT)):
            for place, comparison in enumerate(value):
                others = [other.text for other in value if other != comparison]
                label, shown = comparison.sentence
                label = f"Account’s {label}" if name.startswith(OF_ACCOUNT) else label
                found[f"{name} {place}"] = Chip(
                    name, label, shown, address(filters.data, **{name: others}), ((name, comparison.text),)
                )
    for name, texts in filters.errors.items():
        if name != "q":
            label = str(filters.filters[name].label)
            found[name] = Chip(name, f"{label}:", texts[0], address(filters.data, **{name: []}), (), error=texts[0])
    return found


def address(data: QueryDict, **changes: list[str]) -> str:
    """The query string with some parameters replaced, in whatever letter case they stood, and on its first page."""
    query = data.copy()
    for name in [name for name in query if name.lower() in {change.lower() for change in changes} or name == "cursor"]:
        query.pop(name)
    for name, values in changes.items():
        if values:
            query.setlist(name, values)
    for name in [name for name, values in query.lists() if not any(values)]:
        query.pop(name)
    return f"?{query.urlencode()}"


def _chip(filters: CustomerFilter, name: str, label: str, value: str, parts: Iterable[str] = ()) -> Chip:
    names = tuple(parts) or (name,)
    params = tuple((part, value) for part in names for value in filters.data.getlist(part) if value)
    return Chip(name, label, value, address(filters.data, **{part: [] for part in names}), params)


def either(words: Iterable[str]) -> str:
    return " or ".join(words)


def _names(found: Any, ids: list[int]) -> list[str]:
    names = dict(found.values_list("pk", "name"))
    return [names.get(pk, f"number {pk}") for pk in ids]


def period_text(period: str | None, first: date | None, last: date | None) -> str:
    words = []
    if period:
        days = period.removeprefix("over:").removesuffix("d")
        usual = f"Over {days} days ago" if period.startswith("over:") else f"In the last {days} days"
        words.append(PERIODS.get(period, usual).lower())
    if first and last:
        words.append(f"{_day(first)} to {_day(last)}")
    elif first or last:
        words.append(f"since {_day(first)}" if first else f"until {_day(last)}")
    return ", ".join(words)


def _day(day: date | None) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day else ""
