"""What an integration makes of what it gets, and its ways in beside keys: the widget, an address for emails."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from audit.models import Source
from core.htmx import page, redirect
from integrations import configuring
from integrations.key_forms import FieldsForm, OriginsForm
from integrations.mapping import FIELDS, becomes, mapping_of
from integrations.models import Delivery, DeliveryRecord, Integration
from integrations.views.integrations import base_of, integration_of, show
from staff.permissions import requires

LOOKED_AT = 50  # deliveries, for one that is still kept
VALUES_SHOWN, VALUE_SHOWN = 5, 120


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def fields(request: HttpRequest, pk: int) -> HttpResponse:
    """Which field carries what, with what the last record that came would become."""
    integration = integration_of(pk)
    available = FIELDS.get(integration.source.kind)
    if available is None:
        raise Http404
    form = FieldsForm(
        request.POST if request.method == "POST" else None, fields=available, mapping=mapping_of(integration)
    )
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        chosen = {name: field for name, field in form.cleaned_data.items() if field and field != available[name][1]}
        configuring.map_fields(integration, chosen, actor=Actor.of_staff(request.user))
        return redirect(request, "integrations:detail", pk, toast="Saved the fields")
    mapping = mapping_of(integration)
    if form.is_bound and form.is_valid():
        mapping = {name: form.cleaned_data[name] or usual for name, (_, usual) in available.items()}
    context = {"form": form, "integration": integration, **_preview(integration, mapping)}
    return page(request, "integrations/fields.html", context, status=422 if form.errors else 200)


@requires("integrations.manage")
@require_POST
def origins(request: HttpRequest, pk: int) -> HttpResponse:
    integration = _of_feedback(pk)
    form = OriginsForm(request.POST, integration=integration)
    if not form.is_valid():
        return show(request, integration, status=422, origins=form)
    configuring.allow_origins(integration, form.cleaned_data["origins"], actor=Actor.of_staff(request.user))
    return redirect(request, "integrations:detail", pk, toast="Saved the sites")


@requires("integrations.manage")
@require_POST
def site_key(request: HttpRequest, pk: int) -> HttpResponse:
    """A new one; with `remove` none."""
    integration, actor = _of_feedback(pk), Actor.of_staff(request.user)
    if "remove" in request.POST:
        configuring.remove_site_key(integration, actor=actor)
        return redirect(request, "integrations:detail", pk, toast="The widget is off")
    configuring.issue_site_key(integration, actor=actor)
    return redirect(request, "integrations:detail", pk, toast="Made a site key")


@requires("integrations.manage")
@require_POST
def inbox(request: HttpRequest, pk: int) -> HttpResponse:
    """A new address for emails, which the answer shows this once; with `remove` none."""
    integration, actor = _of_feedback(pk), Actor.of_staff(request.user)
    if "remove" in request.POST:
        configuring.remove_inbox(integration, actor=actor)
        return redirect(request, "integrations:detail", pk, toast="No emails come in any more")
    secret = configuring.issue_inbox(integration, actor=actor)
    url = f"{base_of(request)}/intake/email/{secret}"
    command = f"curl {url} -H 'Content-Type: message/rfc822' --data-binary @message.eml"
    context = {"integration": integration, "url": url, "command": command}
    return page(request, "integrations/inbox.html", context, status=201)


def _of_feedback(pk: int) -> Integration:
    integration = integration_of(pk)
    if integration.source.kind != Source.Kind.FEEDBACK:
        raise Http404
    return integration


def _preview(integration: Integration, mapping: dict[str, str]) -> dict[str, Any]:
    """The last record that came and is kept, field by field, and where those go that carry nothing named."""
    kind = integration.source.kind
    newest = Delivery.objects.filter(source=integration.source).order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT]
    kept = DeliveryRecord.objects.filter(delivery__in=list(newest), body__isnull=False)
    named = kept.exclude(status=DeliveryRecord.Status.SUPPRESSED).select_related("delivery")
    record = named.order_by("-delivery_id", "place").first()
    if record is None:
        return {"record": None, "rows": []}
    labels = {name: label for name, (label, _) in FIELDS[kind].items()}
    otherwise = {"tracking": "Detail of the event"}.get(kind, "Property")
    rows = [
        (
            name,
            ", ".join(str(value)[:VALUE_SHOWN] for value in values[:VALUES_SHOWN]),
            meaning or otherwise,
            bool(meaning),
        )
        for name, values, meaning in becomes(record.body, mapping, labels)
    ]
    return {"record": record, "rows": rows}
