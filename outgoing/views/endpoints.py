"""Webhooks that Roster sends: the list, adding, editing, and what an admin does with one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from core import clock
from core.htmx import page, redirect
from core.paging import Sort, keyset
from outgoing import managing
from outgoing.forms import EndpointForm
from outgoing.models import EVENTS, Delivery, Endpoint
from outgoing.signing import body_of
from staff.permissions import requires

NEWEST = Sort("newest", "id", descending=True)
SHOWN = {"pending": "Waiting", "failed": "Given up", "delivered": "Delivered"}
ATTEMPTS_SHOWN = 50


@requires("integrations.manage")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    rows = []
    for endpoint in Endpoint.objects.all():
        deliveries = Delivery.objects.filter(endpoint=endpoint)
        rows.append((endpoint, deliveries.pending()[:1001].count(), deliveries.failed()[:1001].count()))
    return page(request, "outgoing/list.html", {"rows": rows})


@requires("integrations.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = EndpointForm(request.POST or None, initial={"events": list(EVENTS)})
    if request.method == "POST" and form.is_valid():
        endpoint, secret = managing.add(**form.cleaned_data, actor=Actor.of_staff(request.user))
        return page(request, "outgoing/secret.html", {"endpoint": endpoint, "secret": secret, "first": True})
    return page(request, "outgoing/form.html", {"form": form}, status=422 if form.errors else 200)


@requires("integrations.manage")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How it is set up, and the log, newest first."""
    endpoint = get_object_or_404(Endpoint, pk=pk)
    deliveries = Delivery.objects.filter(endpoint=endpoint)
    show = request.GET.get("show", "")
    chosen = deliveries.filter(status=show) if show in SHOWN else deliveries
    found = keyset(chosen, NEWEST, request.GET.get("cursor"))
    context = {
        "endpoint": endpoint,
        "events": [(name, EVENTS.get(name, "")) for name in endpoint.events],
        "page": found,
        "show": show if show in SHOWN else "",
        "tabs": [("", "All"), *SHOWN.items()],
        "waiting": deliveries.pending()[:1001].count(),
        "failed": deliveries.failed()[:1001].count(),
        "overlaps": len(endpoint.secrets_at(clock.now())) > 1,
    }
    return page(request, "outgoing/detail.html", context, partials=("results",))


@requires("integrations.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    now = {"name": endpoint.name, "url": endpoint.url, "events": endpoint.events}
    form = EndpointForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        managing.edit(endpoint, form.cleaned_data, actor=Actor.of_staff(request.user))
        return redirect(request, "outgoing:detail", pk, toast=f"Saved {form.cleaned_data['name']}")
    context = {"form": form, "endpoint": endpoint}
    return page(request, "outgoing/form.html", context, status=422 if form.errors else 200)


@requires("integrations.manage")
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer shows the new secret, once: no address brings it back."""
    endpoint = get_object_or_404(Endpoint, pk=pk)
    secret = managing.rotate(endpoint, actor=Actor.of_staff(request.user))
    return page(request, "outgoing/secret.html", {"endpoint": endpoint, "secret": secret})


@requires("integrations.manage")
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    managing.pause(endpoint, actor=Actor.of_staff(request.user))
    return redirect(request, "outgoing:detail", pk, toast=f"Paused {endpoint}")


@requires("integrations.manage")
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    managing.resume(endpoint, actor=Actor.of_staff(request.user))
    return redirect(request, "outgoing:detail", pk, toast=f"Resumed {endpoint}")


@requires("integrations.manage")
@require_POST
def send_test(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    row = managing.send_test(endpoint, actor=Actor.of_staff(request.user))
    return redirect(request, "outgoing:delivery", pk, row.pk, toast="Sending a test event")


@requires("integrations.manage")
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """All that was given up, once more."""
    endpoint = get_object_or_404(Endpoint, pk=pk)
    count = managing.replay(endpoint, actor=Actor.of_staff(request.user))
    said = f"Sending {count:,} again" if count else "Nothing was given up"
    return redirect(request, "outgoing:detail", pk, toast=said)


@requires("integrations.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    if request.method == "POST":
        managing.delete(endpoint, actor=Actor.of_staff(request.user))
        return redirect(request, "outgoing:list", toast=f"Deleted {endpoint}")
    return page(request, "outgoing/delete.html", {"endpoint": endpoint}, partials=("dialog",))


@requires("integrations.manage")
@require_safe
def delivery(request: HttpRequest, pk: int, delivery_id: int) -> HttpResponse:
    """One delivery: what is sent, and every attempt."""
    row = get_object_or_404(Delivery.objects.select_related("endpoint"), pk=delivery_id, endpoint=pk)
    context = {
        "delivery": row,
        "endpoint": row.endpoint,
        "body": body_of(row).decode(),
        "attempts": list(row.attempts.all()[:ATTEMPTS_SHOWN]),
        "shown": ATTEMPTS_SHOWN,
    }
    return page(request, "outgoing/delivery.html", context, partials=("progress",))


@requires("integrations.manage")
@require_POST
def replay_one(request: HttpRequest, pk: int, delivery_id: int) -> HttpResponse:
    row = get_object_or_404(Delivery.objects.select_related("endpoint"), pk=delivery_id, endpoint=pk)
    managing.replay(row.endpoint, row.pk, actor=Actor.of_staff(request.user))
    return redirect(request, "outgoing:delivery", pk, delivery_id, toast="Sending it again")
