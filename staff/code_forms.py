"""What is typed beside the password: codes, and the password once more."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.core import context
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, EditWebAuthnForm, LoginWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError

from core.text import problem, tidy
from staff import lockout
from staff.adapter import TOO_MANY, SignInAdapter
from staff.models import User
from staff.second_factor import TwoFactorAdapter, accepted

NAME_LIMIT = 60
CODE_LIMIT = 40


def code_field(label: str) -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false", "autocapitalize": "off"}
    return forms.CharField(
        label=label,
        max_length=CODE_LIMIT,
        error_messages={"required": "Enter the code"},
        widget=forms.TextInput(attrs=attributes),
    )


class CodeForm(forms.Form):
    """A code of `user`'s app, or one of their recovery codes. Guessing ends after five."""

    reauthenticated = False
    code = code_field("Code")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        attempts = lockout.attempt(code=str(self.user.pk))
        if attempts is None:
            raise SignInAdapter().validation_error(TOO_MANY)
        self.authenticator = None if problem(code, limit=CODE_LIMIT) else accepted(self.user, code)
        if self.authenticator is None:
            raise TwoFactorAdapter().validation_error("incorrect_code")
        lockout.succeeded(attempts)
        return code

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class CodeAgainForm(CodeForm):
    reauthenticated = True


class PasswordAgainForm(ReauthenticateForm):
    password = forms.CharField(
        label="Password",
        strip=False,
        error_messages={"required": "Enter your password"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def clean_password(self) -> str:
        if problem(self.cleaned_data["password"], limit=1_000):
            raise ValidationError("This is not your password")
        return str(super().clean_password())


class AddAppForm(ActivateTOTPForm):
    code = code_field("Code that the app shows")


class PasskeyNameField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(label="Name", required=False, max_length=NAME_LIMIT, help_text="To know it again by.")

    def clean(self, value: Any) -> str:
        return tidy(super().clean(value))


class AddPasskeyForm(AddWebAuthnForm):
    """Every passkey signs in by itself: it is kept by the device, which asks for a finger, a face or a PIN."""

    name = PasskeyNameField()
    passwordless = None

    def clean(self) -> Any:
        self.cleaned_data["passwordless"] = True
        with refusing_nonsense():
            return super().clean()


class PasskeyForm(AuthenticateWebAuthnForm):
    def clean_credential(self) -> Any:
        with refusing_nonsense():
            return super().clean_credential()


class PasskeyAgainForm(PasskeyForm):
    reauthenticated = True


class SignInByPasskeyForm(LoginWebAuthnForm):
    def clean_credential(self) -> Any:
        with refusing_nonsense():
            return super().clean_credential()


@contextmanager
def refusing_nonsense() -> Iterator[None]:
    """What a browser sends of a passkey is parsed by a library that fails in a dozen ways on what is none."""
    try:
        yield
    except ValidationError:
        raise
    except Exception as problem_of_library:
        raise TwoFactorAdapter().validation_error("passkey") from problem_of_library


class RenamePasskeyForm(EditWebAuthnForm):
    name = PasskeyNameField()

    def clean_name(self) -> str:
        if not self.cleaned_data["name"]:
            raise ValidationError("Enter a name")
        return str(self.cleaned_data["name"])
