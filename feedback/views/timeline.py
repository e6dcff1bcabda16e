"""All feedback of one customer, newest first by day: a panel that the profile loads (2.4)."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from core import htmx
from core.paging import capped_count, keyset
from core.ui import day_text, reading_of
from customers.dealings import as_seen
from customers.models import Customer
from feedback.appearance import CHANNEL_LABELS
from feedback.listing import NEWEST
from feedback.models import Document
from feedback.rows import Row, rows_of, shaped
from feedback.search import query_of
from staff.permissions import requires

PAGE = "documents/timeline.html"


@dataclass(frozen=True)
class Day:
    text: str
    rows: list[Row]


@requires("documents.view", "customers.view")
@require_GET
def timeline(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user).readable(), pk=customer_id)
    [customer] = as_seen([customer], request.user)
    everything = Document.objects.visible_to(request.user).active().of_customer(customer)
    typed, channel = request.GET.get("q", "")[:300], request.GET.get("channel", "")
    found = everything
    if channel in CHANNEL_LABELS:
        found = found.filter(channel=channel)
    query = query_of(typed)
    if query is not None:
        found = found.filter(query)
    page = keyset(shaped(found), NEWEST, request.GET.get("cursor"), size=settings.PAGE_SIZE_SMALL)
    context = {
        "customer": customer,
        "days": _days(request, rows_of(request, page.rows, typed)),
        "page": page,
        "count": capped_count(everything),
        "channels": [(key, CHANNEL_LABELS[key]) for key in customer.channels if key in CHANNEL_LABELS],
        "channel": channel,
        "typed": typed,
        "filtered": bool(channel or query),
        "older": "cursor" in request.GET,
    }
    return htmx.page(request, PAGE, context, partials={"feedback", "feedback-list", "feedback-older"})


def _days(request: HttpRequest, rows: list[Row]) -> list[Day]:
    reading = reading_of(request)
    today = reading.now.astimezone(reading.zone)

    def day_of(row: Row) -> Any:
        return row.occurred_at.astimezone(reading.zone).date()

    days = []
    for day, group in groupby(rows, key=day_of):
        group_rows = list(group)
        ago = (today.date() - day).days
        text = {0: "Today", 1: "Yesterday"}.get(ago) or day_text(
            group_rows[0].occurred_at.astimezone(reading.zone), today
        )
        days.append(Day(text, group_rows))
    return days
