"""The documents list: full-text search, filters, both orders, pages by keyset (5.1)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from audit.models import Source
from core import htmx, schedules
from core.addresses import fixed
from core.lookup import Kept
from core.paging import Page
from core.ui import checked
from customers.filters import CHANNELS
from customers.models import Tag
from feedback.chips import chips_of
from feedback.choices import known_statuses
from feedback.filters import PERIODS, DocumentFilter
from feedback.grouping import choices as group_choices
from feedback.listing import WINDOW, Found, find, sort_of
from feedback.listing import count as count_of
from feedback.models import Document
from feedback.rows import channel_shapes, deleted_rows_of, rows_of, shaped, shaped_deleted
from staff.permissions import may, requires

PAGE = "documents/list.html"
MOVES = ("sort-", "page-")  # ids of what shows the same documents in another order, or others of them
OFFERED = 40
SOURCES = Kept(lambda: Source.objects.order_by("name").values_list("pk", "name")[:OFFERED])
TAGS = Kept(lambda: Tag.objects.values_list("pk", "name")[:OFFERED])
MENUS = {
    "channel": "Channel", "status": "Status", "source": "Source", "tag": "Tag", "unassigned": "Customer",
    "time": "Time",
}  # fmt: skip
MORE = {
    "account": "Account…", "segment": "Segment…", "customer-property": "Customer’s property…",
    "account-property": "Account’s property…",
}  # fmt: skip


@requires("documents.view")
@require_GET
def documents(request: HttpRequest) -> HttpResponse:
    """The documents that the address asks for; nothing, with the reason, where a filter cannot be understood."""
    asked = DocumentFilter(request.GET, Document.objects.visible_to(request.user), zone=timezone.get_current_timezone())
    conditions = asked.conditions(now=timezone.now())
    wrong, deleted, visible = asked.errors, asked.of_deleted, asked.listed()
    sort = sort_of(request.GET.get("sort", ""), deleted=deleted)
    nothing = Found(Page())  # what cannot be understood shows nothing: everything would be misleading
    found = (
        nothing
        if wrong
        else find(visible, conditions, sort, request.GET.get("cursor"), shape=shaped_deleted if deleted else shaped)
    )
    typed = asked.form.cleaned_data.get("q", "")
    rows: list[Any] = (
        deleted_rows_of(request, found.page.rows) if deleted else rows_of(request, found.page.rows, typed, shapes=True)
    )
    chips = {chip.name: chip for chip in chips_of(asked, request)}
    context = {
        "rows": rows,
        "page": found.page,
        "partial_search": found.partial,
        "window": WINDOW,
        "wrong": wrong,
        "sort": sort.text,
        "deleted": deleted,
        "picking": may(request.user, "documents.delete") or (not deleted and may(request.user, "documents.edit")),
        "deleted_url": f"{reverse('documents:list')}{'' if deleted else '?deleted=true'}",
        "kept": lambda: schedules.kept_days("documents"),
        "typed": typed,
        "in_bar": [(name, label, chips.get(name)) for name, label in MENUS.items()],
        "others": [chip for name, chip in chips.items() if name not in MENUS],
        "active": len(chips),
        "announcement": _announcement(rows, bool(found.page.next or found.page.previous)),
        "any_documents": lambda: visible.exists(),
        "by": "" if deleted else request.GET.get("by", ""),
        "groups_url": _address("documents:groups", request),
        "nothing_url": reverse("documents:list"),
        "query": _query(request).urlencode(),
        "more_filters": [(fixed("documents:filter", kind), label) for kind, label in MORE.items()],
        "shapes": channel_shapes,
        "menus_again": _changed_elsewhere(request),
        "count_again": not request.headers.get("HX-Trigger", "").startswith(MOVES),
        "menus": lambda: _menus(asked, request.user),
    }
    return htmx.page(request, PAGE, context, partials={htmx.RESULTS})


@requires("documents.view")
@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """How many documents match, after the list itself is on the screen: it takes longer than the list."""
    visible = Document.objects.visible_to(request.user)
    asked = DocumentFilter(request.GET, visible, zone=timezone.get_current_timezone())
    if asked.errors:
        return HttpResponse(status=422)
    number = count_of(asked.listed(), asked.conditions(now=timezone.now()))
    return render(request, "documents/_count.html", {"count": number})


def _menus(asked: DocumentFilter, viewer: Any) -> dict[str, Any]:
    """What the menus of the filter bar offer, and what is chosen in them."""
    chosen = {name: value for name, _, value in asked.active()}

    def options(name: str, pairs: Any) -> list[tuple[str, str, str]]:
        picked = {str(each) for each in chosen.get(name, [])}
        return [(str(value), label, checked(str(value) in picked)) for value, label in pairs]

    return {
        "lists": [
            ("channel", "Channel", options("channel", CHANNELS.items())),
            (
                "status",
                "Status",
                options("status", [*((each, each) for each in known_statuses(viewer)), ("none", "No status")]),
            ),
            ("source", "Source", options("source", [*SOURCES(), ("none", "No source")])),
            ("tag", "Tag", options("tag", [*TAGS(), ("none", "No tag")])),
        ],
        "periods": [(value, label, checked(chosen.get("time") == value)) for value, label in PERIODS.items()],
        "any_time": "time" not in chosen,
        "time_from": chosen.get("time_from"),
        "time_to": chosen.get("time_to"),
        "unassigned": bool(chosen.get("unassigned")),
        "groups": [(value, label, checked(asked.data.get("by", "") == value)) for value, label in group_choices()],
    }


def _changed_elsewhere(request: HttpRequest) -> bool:
    """Whether filters changed by a link instead of the form, so that what its menus show is old."""
    trigger = request.headers.get("HX-Trigger", "")
    return trigger != "filters" and not trigger.startswith(MOVES)


def _query(request: HttpRequest) -> QueryDict:
    query: QueryDict = request.GET.copy()
    query.pop("cursor", None)
    for name in [name for name, values in query.lists() if not any(values)]:
        query.pop(name)
    return query


def _address(url_name: str, request: HttpRequest) -> str:
    query = _query(request)
    query.pop("sort", None)
    return f"{reverse(url_name)}?{query.urlencode()}"


def _announcement(rows: list[Any], more: bool) -> str:
    if not rows:
        return "No documents match"
    number = "1 document" if len(rows) == 1 else f"{len(rows)} documents"
    return f"{number}{', and more on other pages' if more else ''}"
