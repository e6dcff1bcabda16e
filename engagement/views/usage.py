"""Usage across accounts, of one account and of one customer, each with a live stream (3.4).

A stream is polled. Each page and each answer carries a signed token of what it shows; as long as nothing came since,
the answer is 204 and costs no query beside session and user.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import clock, htmx
from core.charts import Count, Series, counts, stacked_bars
from core.ui import MONTHS
from customers.accounts.views.page import context_of, readable_for
from customers.models import Customer
from engagement import usage
from engagement.models import UsageEvent
from staff.permissions import requires

PAGE = "engagement/usage.html"
STREAM = "engagement/usage_stream.html"
CUSTOMER_DAYS = 30


@dataclass(frozen=True)
class Stream:
    """The newest events of one stream. `url` is what it polls, "" while it is paused; `with_account` says whether rows
    name their account, and likewise for the customer."""

    events: list[UsageEvent]
    url: str
    toggle_url: str
    with_account: bool = True
    with_customer: bool = True


@requires("usage.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Usage across all accounts that one may see."""
    found = usage.counts(until=clock.now().date(), viewer=request.user)
    return htmx.page(request, PAGE, {**_charts(found), "stream": _stream(request, "all", 0)})


@requires("usage.view", "customers.view")
@require_GET
def of_account(request: HttpRequest, pk: int) -> HttpResponse:
    """The Usage tab of an account."""
    account = readable_for(request, pk)
    found = usage.counts(until=clock.now().date(), account=account)
    context = {**context_of(request, account, "usage"), **_charts(found), "stream": _stream(request, "account", pk)}
    return htmx.page(request, "engagement/usage_of_account.html", context)


@requires("usage.view", "customers.view")
@require_GET
def of_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """What one person used, per account, and the stream of it: a page, and the section of the profile."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user).readable(), pk=customer_id)
    since = clock.now() - timedelta(days=CUSTOMER_DAYS)
    context = {
        "customer": customer,
        "used": usage.of_customer(customer, request.user, since=since),
        "days": CUSTOMER_DAYS,
        "stream": _stream(request, "customer", customer_id),
    }
    return htmx.page(request, "engagement/usage_of_customer.html", context, partials=("usage",))


@requires("usage.view")
@require_GET
def stream(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The stream again; 204 when nothing came since the token that the address carries."""
    if kind not in ("all", "account", "customer"):
        raise Http404
    if usage.is_quiet(request.GET.get("token", ""), request.user, kind, pk):
        return HttpResponse(status=204)
    if kind == "account":
        get_object_or_404(Account.objects.visible_to(request.user).exclude(state="purging"), pk=pk)
    elif kind == "customer":
        get_object_or_404(Customer.objects.visible_to(request.user).readable(), pk=pk)
    found = _stream(request, kind, pk, paused="paused" in request.GET)
    return htmx.page(request, STREAM, {"stream": found}, partials=("usage-stream",))


def _stream(request: HttpRequest, kind: str, pk: int, *, paused: bool = False) -> Stream:
    token = usage.token_of(request.user, kind, pk)  # before the events are read: what comes meanwhile is news
    events = usage.seen_by(request.user)
    if kind != "all":
        events = events.filter(**{kind: pk})
    here = reverse("usage:stream", args=[kind, pk])
    return Stream(
        usage.latest(events),
        "" if paused else f"{here}?{urlencode({'token': token})}",
        here if paused else f"{here}?paused=1",
        with_account=kind != "account",
        with_customer=kind != "customer",
    )


def _charts(found: usage.Counts) -> dict[str, Any]:
    labels = [f"{day.day} {MONTHS[day.month - 1]}" for day in found.days]
    series = [
        Series(module, "hue-8" if module == "Others" else f"hue-{number}", values)
        for number, (module, values) in enumerate(found.modules, 1)
    ]
    rows = [Count(one.name, sum(one.values), tone=one.tone) for one in series]
    return {
        "total": found.total,
        "days": len(found.days),
        "chart": stacked_bars(labels, series, "Usage per day", unit="events") if series else SafeString(),
        "modules": counts(rows, "Usage by module", label="Module", value="Events") if rows else SafeString(),
    }
