"""Integrations: the list with how each is doing, adding one, and the page of one (10.1)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from audit.models import Source
from core import charts, clock
from core.addresses import address
from core.htmx import page, redirect
from core.paging import capped_count
from integrations import configuring, replaying
from integrations.health import Health, health, is_unused
from integrations.issuing import issue_key
from integrations.key_forms import IssueForm, NameForm, OriginsForm
from integrations.mapping import FIELDS
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration, Replay
from integrations.telling import ABOUT, embedding, told
from staff.permissions import requires

KEYS_SHOWN, DELIVERIES_SHOWN, HEALTH_SHOWN = 200, 10, 6
WEBHOOKS = (ApiKey.Kind.USER, ApiKey.Kind.ACCOUNT, ApiKey.Kind.FEEDBACK)
OTHERS = (ApiKey.Kind.CENSUS, ApiKey.Kind.TRACKING, ApiKey.Kind.API)


@requires("integrations.manage")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = health(clock.now())
    kinds = [*WEBHOOKS, *OTHERS]
    groups = [(kind.label, [_row(one) for one in found if one.integration.source.kind == kind]) for kind in kinds]
    context = {
        "groups": [(label, rows) for label, rows in groups if rows],
        "wrong": [one for one in found if one.is_wrong],
        "webhooks_url": address("outgoing:list"),
    }
    return page(request, "integrations/list.html", context)


@requires("integrations.manage")
@require_safe
def how_they_do(request: HttpRequest) -> HttpResponse:
    """The overview's card (11.1): those that need somebody first, then whoever sent last."""
    found = sorted(health(clock.now()), key=lambda one: (not one.is_wrong, -_last(one)))
    context = {"rows": found[:HEALTH_SHOWN], "more": max(0, len(found) - HEALTH_SHOWN)}
    return page(request, "integrations/health.html", context, partials=("sync-health",))


def _last(one: Health) -> float:
    at = one.integration.source.last_received_at
    return at.timestamp() if at else 0.0


@requires("integrations.manage")
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Which kind of integration to add."""
    kinds = [
        ("Webhook", [(kind, kind.label.removesuffix(" webhook").removesuffix("s"), ABOUT[kind]) for kind in WEBHOOKS]),
        ("Others", [(kind, kind.label, ABOUT[kind]) for kind in OTHERS]),
    ]
    return page(request, "integrations/choose.html", {"kinds": kinds, "webhooks_url": address("outgoing:list")})


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Adds one, with its first key, which the answer shows this once."""
    if kind not in ApiKey.Kind.values:
        raise Http404
    form = IssueForm(request.POST if request.method == "POST" else None, kind=kind, now=clock.now())
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        if Source.objects.filter(kind=kind, name=name).exists():
            form.add_error(
                "name", "There is an integration of this kind with this name. Add a key on its page instead."
            )
        else:
            key, text = issue_key(kind=kind, name=name, actor=Actor.of_staff(request.user), **form.limits)
            return show_key(request, key, text)
    context = {"form": form, "kind": kind, "label": ApiKey.Kind(kind).label, "about": ABOUT[kind]}
    return page(request, "integrations/new.html", context, status=422 if form.errors else 200)


def show_key(request: HttpRequest, key: ApiKey, text: str, *, old: ApiKey | None = None) -> HttpResponse:
    """The only answer that holds the key. Opened again, it is a form that was sent: nothing is shown twice."""
    integration = Integration.objects.select_related("source").get(source=key.source_id)
    context = {
        "key": key, "text": text, "old": old, "integration": integration, "overlap_ends_at": old and old.expires_at,
        "told": told(key.kind, base_of(request), text),
    }  # fmt: skip
    return page(request, "integrations/key.html", context, status=201)


@requires("integrations.manage")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return show(request, integration_of(pk))


def show(request: HttpRequest, integration: Integration, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of an integration, as it is or with what a form of it was refused for."""
    now = clock.now()
    (one,) = health(now, [integration])
    source = integration.source
    keys = ApiKey.objects.filter(source=source).select_related("team").order_by("revoked_at", "-pk")[:KEYS_SHOWN]
    newest = Delivery.objects.filter(source=source).select_related("source", "key").order_by("-pk")[:DELIVERIES_SHOWN]
    failed = Delivery.objects.filter(source=source, status__in=replaying.FAILED)
    waiting = capped_count(replaying.waiting(DeliveryRecord.objects.filter(delivery__in=failed)))
    replay = Replay.objects.filter(integration=integration).first()
    is_feedback = source.kind == Source.Kind.FEEDBACK
    base = base_of(request)
    context = {
        "integration": integration, "health": one, "kind": ApiKey.Kind(source.kind).label, "about": ABOUT[source.kind],
        "keys": [_key_row(key, now) for key in keys], "told": told(source.kind, base), "recent": list(newest),
        "waiting": waiting, "replay": replay, "under_way": replay is not None and not replay.is_finished,
        "chart": _chart(one),
        "has_fields": source.kind in FIELDS, "is_feedback": is_feedback,
    }  # fmt: skip
    if is_feedback:
        context |= {
            "origins": OriginsForm(integration=integration),
            "link_rules_url": address("link-rules:edit", integration.pk),
            "embedding": embedding(base, integration.site_key) if integration.site_key else "",
        }  # fmt: skip
    return page(request, "integrations/detail.html", context | more, partials=("replay",), status=status)


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    integration = integration_of(pk)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": integration.source.name})
    if request.method == "POST" and form.is_valid():
        try:
            configuring.rename(integration, form.cleaned_data["name"], actor=Actor.of_staff(request.user))
        except configuring.NameTaken:
            form.add_error("name", "Another integration of this kind has this name.")
        else:
            return redirect(request, "integrations:detail", pk, toast="Renamed")
    context = {"form": form, "integration": integration}
    return page(request, "integrations/rename.html", context, partials=("dialog",), status=422 if form.errors else 200)


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, pk: int) -> HttpResponse:
    integration = integration_of(pk)
    if request.method == "POST":
        configuring.close(integration, actor=Actor.of_staff(request.user))
        return redirect(
            request, "integrations:detail", pk, toast=f"Closed {integration}. Nothing comes in by it any more."
        )
    keys = ApiKey.objects.usable(clock.now()).filter(source=integration.source_id).count()
    context = {"integration": integration, "keys": keys}
    return page(request, "integrations/close.html", context, partials=("dialog",))


@requires("integrations.manage")
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    integration = integration_of(pk)
    configuring.reopen(integration, actor=Actor.of_staff(request.user))
    return redirect(request, "integrations:detail", pk, toast=f"Reopened {integration}")


def integration_of(pk: int) -> Integration:
    return get_object_or_404(Integration.objects.select_related("source"), pk=min(pk, 2**63 - 1))


def base_of(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _row(one: Health) -> dict[str, Any]:
    hours = one.received.hours
    return {"one": one, "chart": charts.spark(hours, "Records an hour, the last 24 hours") if any(hours) else ""}


def _key_row(key: ApiKey, now: Any) -> dict[str, Any]:
    ended = key.revoked_at or (key.expires_at if key.expires_at and key.expires_at <= now else None)
    return {"key": key, "ended": ended, "unused": not ended and is_unused(key, now)}


def _chart(one: Health) -> str:
    now, hours = clock.now(), one.received.hours
    if not any(hours):
        return ""
    first = now.hour - len(hours) + 1
    labels = [f"{(first + at) % 24:02}:00" for at in range(len(hours))]
    return charts.stacked_bars(
        labels, [charts.Series("Records", "hue-5", hours)], "Records received, the last 24 hours (UTC)", unit="record"
    )
