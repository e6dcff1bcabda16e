"""The filters that are on, as chips: what each says, and the address of the list without it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from accounts.models import Account
from audit.models import Source
from core.ui import MONTHS
from customers.models import Customer, Segment, Tag
from feedback.appearance import CHANNEL_LABELS
from feedback.filters import NONE, PERIODS, DocumentFilter

NAMED = {"source": Source, "tag": Tag, "account": Account, "customer": Customer, "segment": Segment}
NOBODY = {"source": "none", "tag": "none", "account": "none", "customer": "nobody", "segment": "none"}
TIMES = ("time", "time_from", "time_to")
SHOWN = 3


@dataclass(frozen=True)
class Chip:
    """A filter that is on: `label` and `value` make its sentence, `without` is the address of the list without it,
    `params` are the parameters that it stands for."""

    name: str
    label: str
    value: str
    without: str
    params: tuple[tuple[str, str], ...] = ()


def chips_of(asked: DocumentFilter, request: HttpRequest) -> list[Chip]:
    """One chip a filter but the search, which stands in its box; one a condition of a property; one for all of time."""
    chips = []
    times = {name: value for name, _, value in asked.active() if name in TIMES}
    if times:
        chips.append(_time(times, request))
    for name, one, value in asked.active():
        if name == "q" or name in TIMES:
            continue
        if hasattr(one, "prefix"):
            owner = "Customer’s" if one.prefix == "cp." else "Account’s"
            for comparison in value:
                label, said = comparison.sentence
                without = _without(request, [name], comparison.text)
                chips.append(Chip(name, f"{owner} {label}", said, without, ((name, comparison.text),)))
        else:
            chips.append(_chip(name, str(one.label), value, request))
    return chips


def _chip(name: str, label: str, value: Any, request: HttpRequest) -> Chip:
    without = _without(request, [name])
    if name == "unassigned":
        return Chip(name, "", "Without a customer", without)
    if name == "deleted":
        return Chip(name, "", "Deleted", without, ((name, "true"),))
    if name in NAMED:
        said = [NOBODY[name]] if value == [NONE] else _names(name, value, request)
    elif name == "channel":
        said = [CHANNEL_LABELS[each] for each in value]
    else:
        said = ["none" if each == NONE else each for each in value]
    shown = ", ".join(said[:SHOWN]) + (f" and {len(said) - SHOWN} more" if len(said) > SHOWN else "")
    return Chip(name, f"{label} is", shown, without, tuple((name, str(each)) for each in value))


def _time(times: dict[str, Any], request: HttpRequest) -> Chip:
    said = [PERIODS.get(times["time"]) or _period(times["time"])] if "time" in times else []
    said += [f"from {_day(times['time_from'])}"] if "time_from" in times else []
    said += [f"until {_day(times['time_to'])}"] if "time_to" in times else []
    text = ", ".join(said)
    return Chip("time", "", text[:1].upper() + text[1:], _without(request, list(TIMES)))


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _period(value: str) -> str:
    days = value.removeprefix("over:").removesuffix("d")
    return f"Over {days} days ago" if value.startswith("over:") else f"In the last {days} days"


def _names(name: str, ids: list[int], request: HttpRequest) -> list[str]:
    """What is not there, or not visible, has its number for a name."""
    model: Any = NAMED[name]
    rows = model.objects.visible_to(request.user) if hasattr(model.objects, "visible_to") else model.objects
    known = {row.pk: getattr(row, "display_name", None) or str(row) for row in rows.filter(pk__in=ids)}
    return [known.get(pk, f"number {pk}") for pk in ids]


def _without(request: HttpRequest, names: list[str], written: str = "") -> str:
    query: QueryDict = request.GET.copy()
    query.pop("cursor", None)
    folded = {name.lower() for name in names}
    for given in [given for given in query if given.lower() in folded]:
        kept = [text for text in query.getlist(given) if written and text not in (written, written.partition(":")[2])]
        query.setlist(given, kept) if kept else query.pop(given)
    for empty in [given for given, values in query.lists() if not any(values)]:
        query.pop(empty)
    return reverse("documents:list") + (f"?{query.urlencode()}" if query else "")
