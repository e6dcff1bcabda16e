"""One's own security: password, second factors, and where one is signed in (8.1)."""

from typing import cast

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from core.htmx import page, redirect
from staff.models import Role, User
from staff.permissions import requires
from staff.second_factor import must_have
from staff.sessions import end_session, end_sessions, sessions_of


@requires()
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    factors = list(Authenticator.objects.filter(user=user).order_by("pk"))
    kinds = Authenticator.Type
    codes = next((factor for factor in factors if factor.type == kinds.RECOVERY_CODES), None)
    in_portal = user.role == Role.PORTAL
    context = {
        "frame": "portal/base.html" if in_portal else "base.html",
        "customer": user.login.customer if in_portal else None,
        "current": "preferences",
        "app": next((factor for factor in factors if factor.type == kinds.TOTP), None),
        "passkeys": [factor for factor in factors if factor.type == kinds.WEBAUTHN],
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "required": must_have(user),
        "single_sign_on": SocialAccount.objects.filter(user=user).exists(),
        "has_password": user.has_usable_password(),
        "sessions": sessions_of(user, here=request.session.session_key),
    }
    return page(request, "staff/security.html", context)


@requires()
@require_POST
def end_one(request: HttpRequest) -> HttpResponse:
    """Ending a session that has ended is no mistake: two windows show the same list."""
    end_session(request.user, request.POST.get("session", ""))
    return redirect(request, "mfa_index", toast="Signed out there")


@requires()
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    end_sessions(request.user, but=request.session.session_key)
    return redirect(request, "mfa_index", toast="Signed out everywhere else")
