"""How allauth signs staff in: by email and password, nobody by themselves, and never saying which emails exist."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from staff import lockout
from staff.models import User

TOO_MANY = "too_many_login_attempts"


class SignInAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "Email and password do not match an account",
        TOO_MANY: "Too many attempts. Wait five minutes, then try again",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Our lockout instead of allauth's, which forgets when Redis does. An email that nobody has counts alike."""
        self.attempts = lockout.attempt(credentials.get("email", ""), self.get_client_ip(request))
        if self.attempts is None:
            raise self.validation_error(TOO_MANY)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """A deactivated account answers what a wrong password does."""
        user = super().authenticate(request, **credentials)
        if not isinstance(user, User) or not user.is_active:
            return None
        lockout.succeeded(self.attempts or [])
        return user

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's "Successfully signed in" tells nobody anything."""
