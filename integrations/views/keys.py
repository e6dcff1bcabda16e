"""Keys of an integration: made, rotated, limited, renamed, revoked (10.1)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from core import clock
from core.htmx import page, redirect
from integrations import issuing
from integrations.key_forms import IssueForm, LimitForm, NameForm
from integrations.models import ApiKey
from integrations.views.integrations import integration_of, show_key
from staff.permissions import requires

ENDED = "This key has ended meanwhile."


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """One more key for an integration that there is."""
    integration = integration_of(pk)
    source = integration.source
    form = IssueForm(request.POST if request.method == "POST" else None, kind=source.kind, now=clock.now())
    if request.method == "POST" and form.is_valid():
        name, actor = form.cleaned_data["name"], Actor.of_staff(request.user)
        key, text = issuing.issue_key(kind=source.kind, name=name, source=source, actor=actor, **form.limits)
        return show_key(request, key, text)
    context = {"form": form, "integration": integration}
    return page(request, "integrations/new_key.html", context, status=422 if form.errors else 200)


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, pk: int, key_id: int) -> HttpResponse:
    key = _key(pk, key_id)
    if request.method == "POST":
        try:
            new_key, text = issuing.rotate(key, actor=Actor.of_staff(request.user))
        except issuing.KeyGone:
            return redirect(request, "integrations:detail", pk, toast="This key has ended, or was rotated already.")
        key.refresh_from_db()
        return show_key(request, new_key, text, old=key)
    context = {"key": key, "integration": integration_of(pk)}
    return page(request, "integrations/rotate.html", context, partials=("dialog",))


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def limit(request: HttpRequest, pk: int, key_id: int) -> HttpResponse:
    key = _key(pk, key_id)
    form = LimitForm(request.POST if request.method == "POST" else None, kind=key.kind, now=clock.now(), key=key)
    if request.method == "POST" and form.is_valid():
        try:
            issuing.limit(key, actor=Actor.of_staff(request.user), **form.limits)
        except issuing.KeyGone:
            return redirect(request, "integrations:detail", pk, toast=ENDED)
        return redirect(request, "integrations:detail", pk, toast=f"Changed the limits of {key.name}")
    context = {"form": form, "key": key, "integration": integration_of(pk)}
    return page(request, "integrations/limit.html", context, status=422 if form.errors else 200)


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: int, key_id: int) -> HttpResponse:
    key = _key(pk, key_id)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": key.name})
    if request.method == "POST" and form.is_valid():
        try:
            issuing.rename_key(key, form.cleaned_data["name"], actor=Actor.of_staff(request.user))
        except issuing.KeyGone:
            return redirect(request, "integrations:detail", pk, toast=ENDED)
        return redirect(request, "integrations:detail", pk, toast="Renamed")
    context = {"form": form, "key": key, "integration": integration_of(pk)}
    return page(request, "integrations/rename.html", context, partials=("dialog",), status=422 if form.errors else 200)


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, pk: int, key_id: int) -> HttpResponse:
    key = _key(pk, key_id)
    if request.method == "POST":
        revoked = issuing.revoke(key, actor=Actor.of_staff(request.user))
        return redirect(request, "integrations:detail", pk, toast=f"Revoked {key.name}" if revoked else ENDED)
    context = {"key": key, "integration": integration_of(pk)}
    return page(request, "integrations/revoke.html", context, partials=("dialog",))


def _key(pk: int, key_id: int) -> ApiKey:
    most = 2**63 - 1
    keys = ApiKey.objects.select_related("source", "team")
    return get_object_or_404(keys, pk=min(key_id, most), source__integration=min(pk, most))
