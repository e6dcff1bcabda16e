"""A staff member's own preferences (11.3)."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from core.htmx import page, redirect
from core.triggers import attributed
from staff.forms import PreferencesForm
from staff.models import User
from staff.permissions import requires
from staff.preferences import THEMES, remember_theme, theme_of


@requires("preferences.edit")
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PreferencesForm(request.POST or None, instance=user)
    if request.method == "POST":
        if form.is_valid():
            with attributed(user.pk, "preferences.changed"):
                form.save()
            response = redirect(request, "staff:preferences", toast="Preferences saved")
            return remember_theme(request, response, user.theme)
        user.refresh_from_db()  # the page around the form shows what is kept
        return page(request, "staff/preferences.html", {"form": form}, status=422)
    return page(request, "staff/preferences.html", {"form": form})


@requires("preferences.edit")
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The button in the sidebar: `theme` says which, or "other" than the one shown now."""
    wanted = request.POST.get("theme", "")
    if wanted not in THEMES:
        wanted = "light" if theme_of(request) == "dark" else "dark"
    user = cast(User, request.user)
    user.theme = wanted
    with attributed(user.pk, "preferences.changed"):
        user.save(update_fields=["theme"])
    if request.htmx:  # type: ignore[attr-defined]
        return remember_theme(request, HttpResponse(status=204), wanted)
    before = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure())
    return remember_theme(request, redirect(request, before if safe else "staff:preferences"), wanted)
