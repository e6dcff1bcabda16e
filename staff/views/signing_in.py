"""Signing in and out. allauth does the work: rate limits, session, safe `next`."""

from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.generic.edit import FormView

from staff.adapter import TOO_MANY
from staff.forms import SignInForm
from staff.permissions import public
from staff.preferences import remember_theme, theme_of


class SignInView(LoginView):
    form_class = SignInForm
    template_name = "account/login.html"

    def get_form_class(self) -> type[SignInForm]:
        return SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Without allauth's addresses of pages that Roster does not have."""
        return {**FormView.get_context_data(self, **kwargs), **context_of_sign_in(self.request)}

    def form_valid(self, form: SignInForm) -> HttpResponse:
        response = super().form_valid(form)
        return remember_theme(self.request, response, theme_of(self.request))

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        locked = form.has_error(NON_FIELD_ERRORS, TOO_MANY)
        return self.render_to_response(self.get_context_data(form=form), status=429 if locked else 422)


def context_of_sign_in(request: HttpRequest) -> dict[str, Any]:
    """What the page of signing in shows beside its form."""
    onward = request.GET.get("next") or request.POST.get("next", "")
    return {"next": onward, "theme": theme_of(request), "single_sign_on": settings.OIDC_NAME}


sign_in = public(require_http_methods(["GET", "HEAD", "POST"])(SignInView.as_view()))


@public
@require_http_methods(["GET", "POST"])
def to_sign_in(request: HttpRequest) -> HttpResponse:
    """In place of other forms that ask for a password. Whoever is signed in came here because they lack a right."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", "/admin/"))


@public
@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST signs out; GET, somebody's bookmark, asks first."""
    if request.method == "POST":
        logout(request)
        return redirect("staff:sign_in")
    if not request.user.is_authenticated:
        return redirect("staff:sign_in")
    return render(request, "account/logout.html", {"theme": theme_of(request)})
