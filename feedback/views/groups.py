"""Grouped counts and a chart of what the documents list shows: a panel with an address of its own (5.1)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core import htmx
from core.charts import Count, Series, counts, stacked_bars
from feedback.chips import chips_of
from feedback.filters import NONE, DocumentFilter
from feedback.grouping import LOOKED_AT, OTHERS, Group, Groups, choices
from feedback.grouping import groups as groups_of
from feedback.models import Document
from staff.permissions import requires

PAGE = "documents/groups.html"
TONES = ("hue-5", "hue-2", "hue-7", "hue-4", "hue-8")


@requires("documents.view")
@require_GET
def groups(request: HttpRequest) -> HttpResponse:
    by = request.GET.get("by", "channel")
    documents = Document.objects.visible_to(request.user).active()
    zone = timezone.get_current_timezone()
    asked = DocumentFilter(request.GET, documents, zone=zone)
    found = groups_of(documents, asked.conditions(now=timezone.now()), by, zone=zone, viewer=request.user)
    if found is None:
        raise Http404("Nothing can be grouped by this.")
    context = {
        "groups": found,
        "choices": choices(),
        "chips": chips_of(asked, request),
        "bars": _bars(request, found),
        "chart": _chart(request, found),
        "looked_at": LOOKED_AT,
        "list_url": _list_url(request),
    }
    return htmx.page(request, PAGE, context, partials={"groups"})


def _bars(request: HttpRequest, found: Groups) -> Any:
    if found.by == "day":
        return ""
    rows = [
        Count(
            row.label, row.count, url=_narrowed(request, found, row), tone=TONES[at] if at < len(TONES) else "tone-none"
        )
        for at, row in enumerate(found.rows)
    ]
    return counts(rows, f"Documents by {found.label.lower()}", label=found.label, empty="No documents match.")


def _chart(request: HttpRequest, found: Groups) -> Any:
    if len(found.days) < 2:
        return ""
    by_key = {row.key: (row, TONES[at]) for at, row in enumerate(found.coloured)}
    series = []
    for key, values in found.values.items():
        if key == OTHERS:
            series.append(
                Series(
                    "Documents" if found.by == "day" else "Others",
                    "hue-5" if found.by == "day" else "tone-none",
                    values,
                )
            )
        else:
            row, tone = by_key[key]
            series.append(Series(row.label, tone, values, url=_narrowed(request, found, row)))
    return stacked_bars(found.days, series, f"Documents per {'month' if found.monthly else 'day'}", unit="documents")


def _narrowed(request: HttpRequest, found: Groups, row: Group) -> str:
    """The list of this group alone."""
    query = _query(request)
    empty = row.key in (None, "")
    if found.by.startswith("cp."):
        query[found.by] = "empty:" if empty else f"is:{row.key}"
    else:
        query[found.by] = NONE if empty else str(row.key)
    return f"{reverse('documents:list')}?{query.urlencode()}"


def _list_url(request: HttpRequest) -> str:
    query = _query(request)
    return reverse("documents:list") + (f"?{query.urlencode()}" if query else "")


def _query(request: HttpRequest) -> QueryDict:
    query = request.GET.copy()
    for name in ("by", "cursor", "sort"):
        query.pop(name, None)
    for name in [name for name, values in query.lists() if not any(values)]:
        query.pop(name)
    return query
