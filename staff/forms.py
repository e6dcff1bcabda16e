"""What staff type about themselves: email and password, preferences."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from core.fields import LongSelect
from core.text import problem
from staff import lockout
from staff.adapter import SignInAdapter
from staff.models import Theme, Times, User
from staff.preferences import time_zones

EMAIL_LIMIT = 254
LONGEST = 1_000  # characters; hashing more would only keep a worker busy


class SignInForm(LoginForm):
    """Email and password. The session lasts as long as the settings say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("remember", None)
        self.fields["login"] = forms.CharField(
            label="Email",
            error_messages={"required": "Enter your email"},
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        )
        self.fields["password"] = forms.CharField(
            label="Password",
            strip=False,
            error_messages={"required": "Enter your password"},
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )
        self.order_fields(["login", "password"])

    def clean(self) -> Any:
        for name in ("login", "password"):
            if problem(self.cleaned_data.get(name, ""), limit=LONGEST):
                raise ValidationError("Email and password do not match an account")
        return super().clean()


class ChoosePasswordForm(forms.Form):
    """A new password for `user`, typed once: who mistypes it asks for another link."""

    password = forms.CharField(
        label="New password",
        strip=False,
        error_messages={"required": "Enter a password"},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        fault = problem(password, limit=LONGEST)
        if fault:
            raise ValidationError(fault)
        validate_password(password, self.user)
        return password

    def save(self) -> None:
        self.user.set_password(self.cleaned_data["password"])
        self.user.save(update_fields=["password"])


class ChangePasswordForm(ChoosePasswordForm):
    """The password there is, and the one that replaces it."""

    locked = False
    current = forms.CharField(
        label="Current password",
        strip=False,
        error_messages={"required": "Enter your current password"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ("current", "password")

    def clean_current(self) -> str:
        password = str(self.cleaned_data["current"])
        attempts = lockout.attempt(email=self.user.email)
        if attempts is None:
            self.locked = True
            raise ValidationError("Too many attempts. Wait five minutes, then try again")
        if problem(password, limit=LONGEST) or not self.user.check_password(password):
            raise ValidationError("This is not your password")
        lockout.succeeded(attempts)
        return password


class ForgottenPasswordForm(forms.Form):
    """Whose password is forgotten. It says nothing of who exists; three times in five minutes is enough."""

    locked = False
    email = forms.CharField(
        label="Email",
        error_messages={"required": "Enter your email"},
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        if problem(email, limit=EMAIL_LIMIT):
            raise ValidationError("Enter an email")
        if lockout.attempt(reset=email, reset_address=SignInAdapter(self.request).get_client_ip(self.request)) is None:
            self.locked = True
            raise ValidationError("Too many attempts. Wait five minutes, then try again")
        return email


class PreferencesForm(forms.ModelForm):
    """Theme, time zone, times, shortcuts (11.3)."""

    theme = forms.ChoiceField(label="Theme", choices=Theme.choices, widget=forms.RadioSelect)
    time_zone = forms.ChoiceField(
        label="Time zone", widget=LongSelect, help_text="Times on every page are shown in this zone."
    )
    times = forms.ChoiceField(
        label="Times",
        choices=Times.choices,
        widget=forms.RadioSelect,
        help_text="Histories always show the exact time.",
    )
    shortcuts = forms.BooleanField(
        label="Single-key shortcuts",
        required=False,
        help_text=(
            "Such as J and K in lists. Switch them off if you dictate, or press keys by accident. Ctrl K always works."
        ),
    )

    class Meta:
        model = User
        fields = ("theme", "time_zone", "times", "shortcuts")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.time_zone
        zones = time_zones() if current in time_zones() else [current, *time_zones()]
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]
