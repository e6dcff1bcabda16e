"""How allauth signs staff in: by email and password, nobody by themselves, and never saying which emails exist."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from staff import lockout
from staff.models import Role, User

TOO_MANY = "too_many_login_attempts"
PORTAL = "/portal/"


class SignInAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "Email and password do not match an account",
        "incorrect_password": "This is not your password",
        "rate_limited": "Too many attempts. Wait five minutes, then try again",
        TOO_MANY: "Too many attempts. Wait five minutes, then try again",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Our lockout instead of allauth's, which forgets when Redis does. An email that nobody has counts alike."""
        self.attempts = lockout.attempt(email=credentials.get("email", ""), address=self.get_client_ip(request))
        if self.attempts is None:
            raise self.validation_error(TOO_MANY)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """A deactivated account answers what a wrong password does."""
        user = super().authenticate(request, **credentials)
        if not isinstance(user, User) or not user.is_active:
            return None
        lockout.succeeded(self.attempts or [])
        return user

    def get_login_stages(self) -> list[str]:
        """What is asked after the password: the second factor, and to set one up where the rules require it."""
        return [*super().get_login_stages(), "staff.stages.EnrolStage"]

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Only a passkey or single sign-on comes so far for somebody deactivated."""
        return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Customers come to the portal, wherever they wanted to go; staff to the overview."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.role == Role.PORTAL and not response["Location"].startswith(PORTAL):
            response["Location"] = PORTAL
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user = request.user
        return PORTAL if getattr(user, "role", "") == Role.PORTAL else resolve_url(settings.LOGIN_REDIRECT_URL)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's "Successfully signed in" tells nobody anything."""
