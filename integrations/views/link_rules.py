from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core import clock, htmx
from customers.models import Customer
from feedback import applying_rules
from feedback.link_rules import RULES_LIMIT, Rules
from feedback.models import Linking, LinkRule
from integrations.link_rule_forms import LinkRuleForm, paths_in
from integrations.models import Integration
from integrations.views.integrations import integration_of
from staff.permissions import requires


@requires("integrations.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules of a feedback integration, with what they would do; POST adds one, or with `preview` only tries it."""
    integration = feedback_integration(pk)
    form = LinkRuleForm(request.POST if request.method == "POST" else None, source=integration.source)
    tried = None
    if request.method == "POST" and form.is_valid():
        tried = form.rule()
        if "preview" not in request.POST:
            try:
                rule = applying_rules.add(
                    integration.source, subject=tried.subject, path=tried.path, by=tried.by, key=tried.key,
                    actor=Actor.of_staff(request.user),
                )  # fmt: skip
            except applying_rules.TooMany:
                form.add_error(None, f"There are {RULES_LIMIT} rules already. Remove one first.")
            else:
                return htmx.redirect(request, "link-rules:edit", pk, toast=f"Added: {rule}. It counts from now on.")
    context = {
        "integration": integration, "form": form, "tried": tried, "paths": paths_in(integration.source),
        "rules": list(LinkRule.objects.filter(source=integration.source)), **_preview(integration, tried),
        **_progress(integration),
    }  # fmt: skip
    return htmx.page(
        request, "integrations/link_rules.html", context, partials=("progress",), status=422 if form.errors else 200
    )


@requires("integrations.manage")
@require_POST
def remove(request: HttpRequest, pk: int, rule_id: int) -> HttpResponse:
    integration = feedback_integration(pk)
    rule = get_object_or_404(LinkRule, pk=rule_id, source=integration.source)
    applying_rules.remove(rule, actor=Actor.of_staff(request.user))
    return htmx.redirect(request, "link-rules:edit", pk, toast="Removed the rule. What it linked stays linked.")


@requires("integrations.manage")
@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Applies the rules to what is here, in the background."""
    integration = feedback_integration(pk)
    if not LinkRule.objects.filter(source=integration.source).exists():
        return htmx.redirect(request, "link-rules:edit", pk, toast="There is no rule to apply.")
    applying_rules.start(integration.source, actor=Actor.of_staff(request.user), user_id=request.user.pk)
    return htmx.redirect(request, "link-rules:edit", pk, toast="Applying the rules in the background.")


@requires("integrations.manage")
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    integration = feedback_integration(pk)
    running = Linking.objects.filter(source=integration.source, status__in=["queued", "running"]).first()
    stopped = running is not None and running.cancel(clock.now())
    text = "Stopped. What was linked stays linked." if stopped else "It had ended before."
    return htmx.redirect(request, "link-rules:edit", pk, toast=text)


def feedback_integration(pk: int) -> Integration:
    integration = integration_of(pk)
    if integration.source.kind != Source.Kind.FEEDBACK:
        raise Http404
    return integration


def _progress(integration: Integration) -> dict[str, Any]:
    job = Linking.objects.filter(source=integration.source).select_related("actor").order_by("-pk").first()
    return {"job": job}


def _preview(integration: Integration, tried: LinkRule | None) -> dict[str, Any]:
    """What the rules would do, those that are stored and the one that is tried, with names for the samples."""
    rules = [*LinkRule.objects.filter(source=integration.source), *([tried] if tried else [])]
    if not rules:
        return {"preview": None, "samples": []}
    found = applying_rules.preview(integration.source, Rules(rules))
    customers = Customer.objects.in_bulk({ruled.customer_id for _, ruled in found.samples if ruled.customer_id})
    accounts = Account.objects.in_bulk({ruled.account_id for _, ruled in found.samples if ruled.account_id})
    samples = [
        (document, customers.get(ruled.customer_id or 0), accounts.get(ruled.account_id or 0))
        for document, ruled in found.samples
    ]
    return {"preview": found, "samples": samples}
