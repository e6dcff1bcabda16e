"""What staff type about themselves: email and password, preferences."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError

from core.fields import LongSelect
from core.text import problem
from staff.models import Theme, Times, User
from staff.preferences import time_zones

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
