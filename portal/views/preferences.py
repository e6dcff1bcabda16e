"""How the customer sees the portal, and with which password they sign in."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from audit.recording import recorded
from portal.access import PortalRequest, actor_of, portal_page, refused
from portal.forms import PasswordForm, PreferencesForm
from portal.frame import go, show
from staff import lockout
from staff.preferences import remember_theme


@portal_page(acting=True)
@require_http_methods(["GET", "POST"])
def preferences(request: PortalRequest) -> HttpResponse:
    if request.method == "GET":
        return show(request, "preferences", "preferences", form=PreferencesForm(instance=request.user))
    form = PreferencesForm(request.POST, instance=request.user)
    if not form.is_valid():
        request.user.refresh_from_db(fields=["theme", "time_zone", "times"])  # the page shows what is kept
        return show(request, "preferences", "preferences", form=form, status=422)
    with recorded(actor_of(request), "portal.preferences_changed", request.customer):
        form.instance.save(update_fields=["theme", "time_zone", "times"])
    messages.success(request, "Preferences saved")
    response = go("preferences")
    return response if request.impersonation else remember_theme(request, response, request.user.theme)


@portal_page()
@require_http_methods(["GET", "POST"])
def password(request: PortalRequest) -> HttpResponse:
    """Another password: this browser stays signed in, every other one is out."""
    if request.method == "GET":
        return show(request, "password", "preferences", form=PasswordForm(user=request.user))
    attempts = lockout.attempt(email=request.user.email, address=request.META.get("REMOTE_ADDR", ""))
    form = PasswordForm(request.POST, user=request.user)
    if attempts is None:
        form.add_error("current", "Too many attempts. Wait five minutes, then try again.")
        return show(request, "password", "preferences", form=form, status=429)
    if not form.is_valid():
        if "current" not in form.errors:
            lockout.succeeded(attempts)
        return show(request, "password", "preferences", form=form, status=422)
    lockout.succeeded(attempts)
    with recorded(actor_of(request), "portal.password_changed", request.customer):
        request.user.set_password(form.cleaned_data["password"])
        request.user.save(update_fields=["password"])
    update_session_auth_hash(request, request.user)
    messages.success(request, "Password changed. Other browsers are signed out.")
    return go("preferences")


@portal_page()
@require_GET
def security(request: PortalRequest) -> HttpResponse:
    """To the page of one's own security; there whoever impersonates would find theirs."""
    if request.impersonation:
        return refused(request, request.impersonation, alone=True)
    return redirect("mfa_index")
