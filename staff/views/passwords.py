"""Passwords: choosing one by a link, asking for that link, changing one's own."""

from typing import cast

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.htmx import redirect
from core.triggers import attributed, leave_entry
from staff.forms import ChangePasswordForm, ChoosePasswordForm, ForgottenPasswordForm
from staff.inviting import user_of
from staff.models import User
from staff.permissions import public, requires
from staff.preferences import theme_of
from staff.sessions import end_sessions
from staff.tasks import post_reset


@public
@require_http_methods(["GET", "POST"])
def choose_password(request: HttpRequest, encoded: str, token: str) -> HttpResponse:
    """Opening it changes nothing, as programs that read mail open links too. Choosing a password signs in."""
    user = user_of(encoded, token)
    if user is None:
        return render(request, "account/link_ended.html", {"theme": theme_of(request)}, status=410)
    form = ChoosePasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        with attributed(user.pk, "user.password_chosen"):
            form.save()
            leave_entry()
            end_sessions(user)
        return perform_login(request, Login(user=user))
    context = {"form": form, "person": user, "theme": theme_of(request)}
    return render(request, "account/choose_password.html", context, status=422 if form.is_bound else 200)


@public
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Whoever is asked for, the answer is the same, and takes the same time: a worker looks who it is."""
    form = ForgottenPasswordForm(request.POST or None, request=request)
    context = {"form": form, "theme": theme_of(request)}
    if request.method != "POST":
        return render(request, "account/forgotten.html", context)
    if not form.is_valid():
        return render(request, "account/forgotten.html", context, status=429 if form.locked else 422)
    if not post_reset(form.cleaned_data["email"], request.build_absolute_uri("/")):
        form.add_error(None, "Mail cannot be sent at the moment. Try again in a few minutes")
        return render(request, "account/forgotten.html", context, status=503)
    return redirect(request, "staff:forgotten_sent")


@public
@require_http_methods(["GET"])
def forgotten_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "account/forgotten_sent.html", {"theme": theme_of(request)})


@requires()
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Every other session ends: whoever knew the old password is out."""
    user = cast(User, request.user)
    form = ChangePasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        with attributed(user.pk, "user.password_changed"):
            form.save()
            leave_entry()
            update_session_auth_hash(request, user)
            end_sessions(user, but=request.session.session_key)
        return redirect(request, "mfa_index", toast="Password changed. You are signed out everywhere else")
    context = {"form": form, "person": user, "theme": theme_of(request)}
    status = 200 if not form.is_bound else 429 if form.locked else 422
    return render(request, "account/change_password.html", context, status=status)
