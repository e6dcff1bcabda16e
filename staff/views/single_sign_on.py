"""To the OpenID Connect provider and back. Without settings there are no such pages."""

from collections.abc import Callable
from typing import Any

import structlog
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from staff.permissions import public
from staff.single_sign_on import FAILED, PROVIDER, Provider, refusal

logger = structlog.get_logger(__name__)


@public
@require_GET
def begin(request: HttpRequest) -> HttpResponseBase:
    """A link, not a form: browsers hold a form to `form-action` also where it is redirected to."""
    return _asking(request, OAuth2LoginView.adapter_view)


@public
@require_GET
def back(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    if provider_id != PROVIDER:
        raise Http404
    return _asking(request, OAuth2CallbackView.adapter_view)


def _asking(request: HttpRequest, view_of: Callable[[Provider], Any]) -> HttpResponseBase:
    if not settings.OIDC_NAME:
        raise Http404
    try:
        response: HttpResponse = view_of(Provider(request, PROVIDER))(request)
    except Exception as problem:  # what another server sends can fail in any way; ours do not end with 500 for it
        logger.warning("Single sign-on failed.", problem=type(problem).__name__)
        return refusal(request, FAILED, status=502)
    return response
