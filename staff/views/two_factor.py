"""Two-factor authentication: allauth's pages in our frame, with 422 for errors and every change in the audit log."""

from typing import Any, cast

from allauth.account.internal.decorators import login_stage_required
from allauth.account.models import Login
from allauth.account.views import ReauthenticateView
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeAgainView
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.internal.auth import TOTP, clear_totp_secret
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth as passkeys
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods
from django.views.generic.base import ContextMixin, TemplateResponseMixin

from core.triggers import attributed
from staff.adapter import TOO_MANY, SignInAdapter
from staff.code_forms import AddAppForm
from staff.forms import SignInForm
from staff.permissions import View, public, requires
from staff.preferences import theme_of
from staff.second_factor import TwoFactorAdapter, has_one
from staff.stages import EnrolStage
from staff.views.signing_in import context_of_sign_in

SECURITY = reverse_lazy("mfa_index")
get_or_post = require_http_methods(["GET", "HEAD", "POST"])  # views of forms would take PUT for POST


class InOurFrame(TemplateResponseMixin, ContextMixin):
    """A form that is wrong is shown again with 422, and with 429 after too many guesses."""

    request: HttpRequest

    def form_invalid(self, form: Any) -> HttpResponse:
        context = {**self.get_context_data(form=form), "form": form}
        return self.render_to_response(context, status=status_of(form))

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        return super().render_to_response({**context, "theme": theme_of(self.request)}, **options)


def status_of(form: Any) -> int:
    locked = any(form.has_error(name, TOO_MANY) for name in form.fields)
    return 429 if locked else 422


def own(view: View) -> View:
    """A page about one's own factors, for everybody who signs in; what it changes is recorded as theirs."""

    def attributing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in {"GET", "HEAD"}:
            return view(request, *args, **kwargs)
        with attributed(cast(int, request.user.pk), "user.second_factor_changed"):
            return view(request, *args, **kwargs)

    return requires()(get_or_post(attributing))


# Signing in


class SecondFactorView(InOurFrame, AuthenticateView):
    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response({**self.get_context_data(), "failed": form}, status=status_of(form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        keys = passkeys.get_credentials(self.stage.login.user)
        return {**context, "has_passkeys": bool(keys)}


@method_decorator(login_stage_required(stage=EnrolStage.key, redirect_urlname="account_login"), name="dispatch")
class EnrolView(InOurFrame, ActivateTOTPView):
    """The authenticator app of somebody who knows the password and may not come in without a second factor."""

    template_name = "mfa/totp/activate_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.login: Login = request._login_stage.login  # type: ignore[attr-defined]
        if has_one(self.login.user):
            return redirect("account_login")
        return super(ActivateTOTPView, self).dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.login.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form") or self.get_form()
        return {"form": form, "enrolling": True, **drawn(self.login.user, form.secret)}

    def form_valid(self, form: AddAppForm) -> HttpResponse:
        user = self.login.user
        with attributed(user.pk, "user.second_factor_changed"):
            app = TOTP.activate(user, form.secret).instance
            RecoveryCodes.activate(user)
        clear_totp_secret(self.request)
        post_authentication(self.request, app, reauthenticated=True)
        onward = self.request._login_stage.exit()  # type: ignore[attr-defined]
        if not self.request.user.is_authenticated:
            return onward
        return redirect(f"{reverse('mfa_view_recovery_codes')}?next={onward['Location']}")


class SignInByPasskeyView(InOurFrame, LoginWebAuthnView):
    template_name = "account/login.html"

    def form_valid(self, form: Any) -> HttpResponse:
        factor = form.cleaned_data["credential"]
        onward = context_of_sign_in(self.request)["next"] or None
        login = Login(user=factor.user, redirect_url=safe(self.request, onward))
        return perform_passwordless_login(self.request, factor, login)

    def form_invalid(self, form: Any) -> HttpResponse:
        context = {**context_of_sign_in(self.request), "form": SignInForm(request=self.request), "failed": form}
        return self.render_to_response(context, status=422)


def safe(request: HttpRequest, onward: str | None) -> str | None:
    return onward if onward and SignInAdapter(request).is_safe_url(onward) else None


# Once more, before factors are changed


class PasswordAgain(InOurFrame, ReauthenticateView):
    pass


class CodeAgain(InOurFrame, CodeAgainView):
    pass


class PasskeyAgain(InOurFrame, ReauthenticateWebAuthnView):
    pass


# One's own factors


class AddApp(InOurFrame, ActivateTOTPView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form") or self.get_form()
        return {"form": form, **drawn(self.request.user, form.secret)}


class RemoveApp(InOurFrame, DeactivateTOTPView):
    pass


class RecoveryCodesView(InOurFrame, ViewRecoveryCodesView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        onward = self.request.GET.get("next", "")
        return {**super().get_context_data(**kwargs), "onward": safe(self.request, onward) or str(SECURITY)}


class NewRecoveryCodes(InOurFrame, GenerateRecoveryCodesView):
    pass


class AddPasskey(InOurFrame, AddWebAuthnView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        options = passkeys.begin_registration(self.request.user, True)
        return {"form": kwargs.get("form") or self.get_form(), "options": options}


class RenamePasskey(InOurFrame, EditWebAuthnView):
    success_url = SECURITY


class RemovePasskey(InOurFrame, RemoveWebAuthnView):
    success_url = SECURITY

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = TwoFactorAdapter()
        if not adapter.can_delete_authenticator(self.object):
            form.add_error(None, adapter.validation_error("cannot_delete_authenticator"))
            return self.form_invalid(form)
        return super().form_valid(form)


def drawn(user: Any, secret: str) -> dict[str, Any]:
    """What the page of an authenticator app shows: its QR code as SVG, and the secret to type in fours."""
    adapter = TwoFactorAdapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    return {"picture": picture, "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))}


second_factor = public(get_or_post(SecondFactorView.as_view()))
enrol = public(get_or_post(EnrolView.as_view()))
sign_in_by_passkey = public(get_or_post(SignInByPasskeyView.as_view()))
password_again = requires()(get_or_post(PasswordAgain.as_view()))
code_again = requires()(get_or_post(CodeAgain.as_view()))
passkey_again = requires()(get_or_post(PasskeyAgain.as_view()))
add_app = own(AddApp.as_view())
remove_app = own(RemoveApp.as_view())
recovery_codes = own(RecoveryCodesView.as_view())
new_recovery_codes = own(NewRecoveryCodes.as_view())
add_passkey = own(AddPasskey.as_view())
rename_passkey = own(RenamePasskey.as_view())
remove_passkey = own(RemovePasskey.as_view())
