"""Retention: every policy with what it would do now, and the runs with what they did (6.4)."""

from copy import copy
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from core import clock, htmx
from feedback.models import Document
from retention import policies, running
from retention.forms import PolicyForm
from retention.models import Policy, Run
from staff.permissions import requires

PAGE = "retention/policies.html"
POLICY = "retention/policies_edit.html"
RUN = "retention/policies_run.html"
RUNS_SHOWN = 25


@requires("retention.manage")
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    runs = Run.objects.select_related("policy", "actor")[:RUNS_SHOWN]
    every = policies.every()
    channels = [one for one in every if one.channel]
    context = {
        "policies": [one for one in every if not one.channel],
        "channels": channels,
        "runs": runs,
        "waiting": [run for run in runs if run.waits],
        "says": policies.SAYS,
        "channels_say": policies.SAYS[Policy.Kind.OLD_DOCUMENTS],
    }
    return htmx.page(request, PAGE, context)


@requires("retention.manage")
@require_safe
def due(request: HttpRequest, pk: int) -> HttpResponse:
    """What a policy would do now, after the page itself is on the screen."""
    one = get_object_or_404(Policy, pk=pk)
    return render(request, "retention/policies_due.html", {"preview": policies.preview(one, clock.now())})


@requires("retention.manage")
@require_http_methods(["GET", "POST"])
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """The schedule. What a change would do is shown first; only what was shown is saved."""
    one, now = get_object_or_404(Policy, pk=pk), clock.now()
    form = PolicyForm(request.POST if request.method == "POST" else None, policy=one)
    changed = copy(one)
    if request.method == "POST":
        if not form.is_valid():
            return _show_policy(request, one, form, status=422)
        for name, value in form.values.items():
            setattr(changed, name, value)
        if request.POST.get("seen") == form.signature:
            policies.change(one, form.values, actor=Actor.of_staff(request.user), now=now)
            return htmx.redirect(request, "policies:list", toast=f"Saved: {one}")
    found = policies.preview(changed, now)
    context: dict[str, Any] = {
        "preview": found,
        "sample": _named(one, found.sample),
        "starts_at": policies.next_run(changed.at, now) if changed.enabled else None,
        "changed": changed,
        "confirming": request.method == "POST",
        "signature": form.signature if request.method == "POST" else "",
    }
    return _show_policy(request, one, form, **context)


@requires("retention.manage")
@require_POST
def run_now(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Policy, pk=pk)
    begun = running.start(one, actor=Actor.of_staff(request.user))
    return htmx.redirect(request, "policies:run", begun.pk)


@requires("retention.manage")
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """A run as it is now; while it works the page asks again by itself."""
    one = get_object_or_404(Run.objects.select_related("policy", "actor", "approved_by"), pk=pk)
    context = {"run": one, "active": not one.is_finished and not one.waits}
    return htmx.page(request, RUN, context, partials=("progress",))


@requires("retention.manage")
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Run.objects.select_related("policy"), pk=pk)
    approved = running.approve(one, actor=Actor.of_staff(request.user))
    return htmx.redirect(request, "policies:run", pk, toast="Approved" if approved else "It does not wait any more.")


@requires("retention.manage")
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Run.objects.select_related("policy"), pk=pk)
    cancelled = running.cancel(one, actor=Actor.of_staff(request.user))
    return htmx.redirect(request, "policies:run", pk, toast="Cancelled" if cancelled else "It had ended before.")


@requires("retention.manage")
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes on with a run that failed or was set aside, where it ended."""
    one = get_object_or_404(Run, pk=pk)
    busy = Run.objects.filter(policy_id=one.policy_id).exclude(pk=pk).unfinished().exists()
    resumed = not busy and one.again()
    return htmx.redirect(request, "policies:run", pk, toast="It goes on" if resumed else "Another run is under way.")


def _show_policy(request: HttpRequest, one: Policy, form: PolicyForm, status: int = 200, **more: Any) -> HttpResponse:
    context = {"policy": one, "form": form, "says": policies.SAYS[one.kind], **more}
    return htmx.page(request, POLICY, context, status=status)


def _named(one: Policy, rows: list[Any]) -> list[tuple[str, str]]:
    """(name, address) of each."""
    kind = {"customers": "customers:detail", "documents": "documents:detail"}.get(one.subject)
    return [
        (
            row.display_title if isinstance(row, Document) else getattr(row, "display_name", "") or str(row),
            reverse(kind, args=[row.pk]) if kind else "",
        )
        for row in rows
    ]
