"""The log of deliveries (10.8): the list, one with its records, and replaying what failed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from audit.actor import Actor
from audit.recording import recorded
from core import htmx
from core.json import indented
from core.paging import Sort, keyset
from customers.suppressing import IntakeStopped
from integrations import replaying
from integrations.delivery_filters import DeliveryFilter
from integrations.models import Delivery, DeliveryRecord, Integration, Replay
from integrations.views.integrations import integration_of
from staff.permissions import requires

LOG, PAGE = "integrations/deliveries.html", "integrations/delivery.html"
IN_BAR = {"integration": "Integration", "status": "Status", "outcome": "Outcome", "when": "Time"}
NEWEST, IN_ORDER = Sort("received", "id", descending=True), Sort("place", "place")
OFFERED = 60


@requires("integrations.manage")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = DeliveryFilter(request.GET, Delivery.objects.select_related("source__integration", "key"))
    wrong = asked.wrong
    found = keyset(Delivery.objects.none() if wrong else asked.qs, NEWEST, request.GET.get("cursor"))
    chips = _chips(request, asked)
    context = {
        "rows": found.rows, "page": found, "wrong": wrong,
        "q": request.GET.get("q", ""), "active": len(chips), "menus": _menus(asked),
        "in_bar": [(name, label, chips.get(name)) for name, label in IN_BAR.items()],
        "menus_again": request.headers.get("HX-Trigger") != "filters",
        "nothing_url": reverse("integrations:deliveries"),
        "announcement": f"{len(found)} deliveries" if len(found) else "No deliveries",
    }  # fmt: skip
    return htmx.page(request, LOG, context, partials={htmx.RESULTS})


@requires("integrations.manage")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, _delivery(pk))


@requires("integrations.manage")
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """One record again, at once; without `record` all that failed of the delivery, in the background."""
    delivery, actor = _delivery(pk), Actor.of_staff(request.user)
    number = request.POST.get("record", "")
    try:
        if not number:
            integration = get_object_or_404(Integration, source=delivery.source_id)
            replaying.replay_all(integration, delivery=delivery, actor=actor)
            return htmx.redirect(request, "integrations:delivery", pk, toast="The replay has begun")
        ids = [int(number)] if number.isascii() and number.isdigit() and len(number) < 19 else []
        made = replaying.replay(delivery, ids, actor=actor)
    except (replaying.NotReplayable, IntakeStopped) as problem:
        return _show(request, delivery, refused=str(problem), status=409)
    said = "Refused again: see why below" if made.rejected_count else "Replayed"
    return htmx.redirect(request, "integrations:delivery", made.pk, toast=said)


@requires("integrations.manage")
@require_POST
def replay_all(request: HttpRequest, pk: int) -> HttpResponse:
    """All that failed of an integration, in the background."""
    integration = integration_of(pk)
    replaying.replay_all(integration, actor=Actor.of_staff(request.user))
    return htmx.redirect(request, "integrations:detail", pk, toast="The replay has begun")


@requires("integrations.manage")
@require_POST
def cancel_replay(request: HttpRequest, pk: int, replay_id: int) -> HttpResponse:
    integration = integration_of(pk)
    job = get_object_or_404(Replay, pk=min(replay_id, 2**63 - 1), integration=integration)
    with recorded(Actor.of_staff(request.user), "replay.cancelled", integration) as entry:
        if not job.cancel(entry.at):
            entry.discard()
    return htmx.redirect(request, "integrations:detail", pk, toast="What was replayed before stays")


def _show(request: HttpRequest, delivery: Delivery, *, refused: str = "", status: int = 200) -> HttpResponse:
    records = keyset(delivery.records.all(), IN_ORDER, request.GET.get("cursor"))
    may_replay = replaying.replayer_of(delivery.via) is not None
    context = {
        "delivery": delivery, "refused": refused,
        "page": records, "rows": [_row(one, may_replay) for one in records],
        "waiting": replaying.waiting(delivery.records.all()).count() if may_replay else 0,
        "replay": Replay.objects.filter(delivery=delivery).first(),
        "replays": delivery.replays.order_by("-pk")[:10],
        "facts": [(name.replace("_", " ").capitalize(), value) for name, value in delivery.facts.items()],
    }  # fmt: skip
    return htmx.page(request, PAGE, context, partials={htmx.RESULTS}, status=status)


def _row(record: DeliveryRecord, may_replay: bool) -> dict[str, Any]:
    rejected = record.status == DeliveryRecord.Status.REJECTED
    return {
        "record": record,
        "body": indented(record.body) if record.body is not None else "",
        "may_replay": may_replay and rejected and record.body is not None and record.replayed_at is None,
    }  # fmt: skip


def _delivery(pk: int) -> Delivery:
    rows = Delivery.objects.select_related("source__integration", "key", "replay_of")
    return get_object_or_404(rows, pk=min(pk, 2**63 - 1))


def _menus(asked: DeliveryFilter) -> dict[str, Any]:
    """What the menus of the filter bar offer, as (value, label, chosen)."""
    given = asked.data
    integrations = Integration.objects.select_related("source").order_by("source__name")[:OFFERED]
    lists: dict[str, list[tuple[str, str]]] = {
        "integration": [(str(one.pk), str(one)) for one in integrations],
        "status": [(value, str(label)) for value, label in Delivery.Status.choices],
        "outcome": [(value, str(label)) for value, label in DeliveryRecord.Status.choices],
    }
    return {
        "lists": [
            (name, IN_BAR[name], [("", "Any", not given.get(name))] + [
                (value, label, given.get(name) == value) for value, label in pairs
            ])
            for name, pairs in lists.items()
        ],
        "since": given.get("since", ""), "until": given.get("until", ""),
    }  # fmt: skip


def _chips(request: HttpRequest, asked: DeliveryFilter) -> dict[str, dict[str, str]]:
    """The filters that are set, in words, each with the address of the list without it."""
    values = dict(asked.active())
    said: dict[str, tuple[str, str]] = {}
    if "integration" in values:
        said["integration"] = "Integration is", str(values["integration"])
    if "status" in values:
        said["status"] = "Status is", str(Delivery.Status(values["status"]).label)
    if "outcome" in values:
        said["outcome"] = "Some", str(DeliveryRecord.Status(values["outcome"]).label).lower()
    days = [
        f"{word} {values[name]:%d %b %Y}" for name, word in (("since", "since"), ("until", "until")) if name in values
    ]
    if days:
        said["when"] = "Time", ", ".join(days)
    return {
        name: {
            "label": label, "value": value,
            "without": _without(request, ["since", "until"] if name == "when" else [name]),
        }
        for name, (label, value) in said.items()
    }  # fmt: skip


def _without(request: HttpRequest, names: list[str]) -> str:
    query = request.GET.copy()
    for name in [*names, "cursor"]:
        query.pop(name, None)
    return f"{reverse('integrations:deliveries')}?{query.urlencode()}"
