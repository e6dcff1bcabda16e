from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from core import addresses, htmx
from core.lookup import Kept
from core.paging import Page, Sort
from core.ui import capped_text, checked, reading_of
from customers import listing, rows
from customers.chips import Chip, address, chips
from customers.dealings import as_seen
from customers.deleting import kept_days
from customers.filter_forms import MORE
from customers.filters import CHANNELS, FEEDBACK, PERIODS, CustomerFilter
from customers.listing import SORTS, Found
from customers.models import Customer, Tag
from staff.permissions import may, requires

IN_THE_BAR = ("channel", "tag", "feedback", "last_seen")  # filters with a menu of their own; others open a dialog
TAGS_IN_MENU = 12
FIRST_TAGS = Kept(lambda: Tag.objects.values_list("pk", "name", "hue")[:TAGS_IN_MENU])


@require_safe
@requires("customers.view")
def show(request: HttpRequest) -> HttpResponse:
    """The customers that the address asks for; 422 with the reason where a filter cannot be understood."""
    filters = filters_of(request)
    shown = chips(filters, request.user)
    deleted = "deleted" in shown
    sort = listing.sort_of(request.GET.get("sort", ""), deleted=deleted)
    wrong = filters.errors
    found = Found(Page()) if wrong else found_by(filters, request, sort)
    page = replace(found.page, rows=as_seen(found.page.rows, request.user))
    alone = not (page.next or page.previous)
    context = {
        "page": page,
        "rows": (rows.finished_deleted if deleted else rows.finished)(
            page.rows, rows.beside(page.rows, request.user), reading_of(request)
        ),
        "sort": sort.text,
        "sorted_by": SORTS[sort.name][1].lower() if sort.name in SORTS else "when they were deleted",
        "partial_search": found.partial,
        "window": listing.WINDOW,
        "q": request.GET.get("q", "") if "q" in wrong else filters.form.cleaned_data.get("q", ""),
        "q_error": wrong.get("q", [""])[0],
        "wrong": [(filters.filters[name].label, texts[0]) for name, texts in wrong.items()],
        "deleted": deleted,
        "picking": may(request.user, "customers.delete")
        or (not deleted and (may(request.user, "customers.edit") or may(request.user, "exports.run"))),
        "kept": kept_days() if deleted else None,
        "count": len(page.rows) if alone and not wrong else None,
        "query": request.GET.urlencode(),
        "new_url": addresses.address("customers:new"),
        "import_url": addresses.address("imports:list"),
        **_bar(request, filters, shown),
    }
    partials = (htmx.RESULTS,)
    response = htmx.page(request, "customers/list.html", context, partials=partials, status=422 if wrong else 200)
    if htmx.wanted(request, partials) and context["count"] is not None:
        htmx.announce(response, _announcement(context["count"], context["q"], partial=found.partial))
    return response


@require_safe
@requires("customers.view")
def count(request: HttpRequest) -> HttpResponse:
    """How many customers match, after the list itself is on the screen: it takes longer than the list."""
    filters = filters_of(request)
    if filters.errors:
        return HttpResponse(status=422)
    number = listing.count(filters.listed(), filters.conditions(now=timezone.now()))
    context = {"count": number, "filtered": bool(list(filters.active()))}
    response = render(request, "customers/_count.html", context)
    if "say" in request.GET:
        htmx.announce(response, _announcement(number, filters.form.cleaned_data.get("q", "")))
    return response


def filters_of(request: HttpRequest, data: Any = None) -> CustomerFilter:
    """The filters in `data`, or in the address; staff see what they may see."""
    customers = Customer.objects.visible_to(request.user)
    return CustomerFilter(request.GET if data is None else data, customers, zone=timezone.get_current_timezone())


def found_by(filters: CustomerFilter, request: HttpRequest, sort: Sort) -> Found:
    deleted = any(name == "deleted" for name, _, _ in filters.active())
    return listing.find(
        filters.listed(),
        filters.conditions(now=timezone.now()),
        sort,
        request.GET.get("cursor"),
        shape=rows.columns_of_deleted if deleted else rows.columns,
    )


def _bar(request: HttpRequest, filters: CustomerFilter, shown: dict[str, Chip]) -> dict[str, Any]:
    """What the filter bar shows: its menus, which are checked, and chips for the filters without a menu."""
    data = request.GET
    values = {name: filters.form.cleaned_data.get(name) or [] for name in ("q", "channel", "tag", "feedback")}
    others = [chip for key, chip in shown.items() if key not in IN_THE_BAR]
    # The filter form is on the page already when only the results are asked for by it: its menus stay as they are
    own = request.htmx.trigger == "filters" or request.htmx.trigger == "q"  # type: ignore[attr-defined]
    return {
        "in_bar": [(name, label, shown.get(name)) for name, label in BAR_LABELS.items()],
        "others": others,
        "clear_all": len(shown) > 1,
        "active": len(shown),
        "menus": not own,
        "channels": [(code, label, checked(code in values["channel"])) for code, label in CHANNELS.items()],
        "tags": SimpleLazyObject(partial(_tag_choices, values["tag"])),
        "untagged": values["tag"] == ["none"],
        "feedbacks": [(code, label, checked(code in values["feedback"])) for code, label in FEEDBACK.items()],
        "more_filters": [(addresses.fixed("customers:filter", kind), label) for kind, label in MORE],
        "only_q_url": f"?{urlencode({'q': values['q']})}" if values["q"] else "?",
        "deleted_url": address(data, deleted=[] if "deleted" in shown else ["true"]),
        "periods": [(code, label, checked(code == data.get("last_seen"))) for code, label in PERIODS.items()],
        "last_seen_from": data.get("last_seen_from", ""),
        "last_seen_to": data.get("last_seen_to", ""),
    }


BAR_LABELS = {"channel": "Channel", "tag": "Tag", "feedback": "Feedback", "last_seen": "Last seen"}


def _tag_choices(chosen: list[Any]) -> list[tuple[int, str, int, str]]:
    """Every tag, those that are chosen first; asked for only when the menu is drawn."""
    tags = FIRST_TAGS()
    missing = {pk for pk in chosen if isinstance(pk, int)} - {pk for pk, _, _ in tags}
    if missing:
        tags += list(Tag.objects.filter(pk__in=missing).values_list("pk", "name", "hue"))
    tags.sort(key=lambda tag: tag[0] not in chosen)
    return [(pk, name, hue, checked(pk in chosen)) for pk, name, hue in tags]


def _announcement(number: int, q: str, *, partial: bool = False) -> str:
    matching = f"match “{q}”" if number != 1 else f"matches “{q}”"
    text = f"{capped_text(number)} {'customer' if number == 1 else 'customers'} {matching if q else ''}".strip()
    return f"{text} among those looked at" if partial else text
