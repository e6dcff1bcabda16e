from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from audit.actor import Actor
from core.htmx import page, redirect
from integrations import signing
from integrations.views.integrations import base_of
from integrations.views.link_rules import feedback_integration
from staff.permissions import requires


@requires("integrations.manage")
@require_POST
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret for signed feedback, which the answer shows this once; with `remove` none."""
    integration, actor = feedback_integration(pk), Actor.of_staff(request.user)
    if "remove" in request.POST:
        signing.remove_signing_secret(integration, actor=actor)
        return redirect(request, "integrations:detail", pk, toast="Signed feedback is refused from now on")
    text = signing.issue_signing_secret(integration, actor=actor)
    context = {"integration": integration, "text": text, "url": f"{base_of(request)}/intake/feedback"}
    return page(request, "integrations/signing.html", context, status=201)
