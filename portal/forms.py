"""What customers type in the portal."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError

from accounts.models import Account
from core.text import problem, tidy
from customers.forms import Contact, Name
from customers.models.customer import NAME_LIMIT
from feedback.receiving import TITLE_LIMIT
from portal.impersonating import REASON_LIMIT
from staff.forms import PreferencesForm as StaffPreferencesForm
from staff.models import Impersonation, User

BODY_LIMIT = 20_000
PASSWORD_LIMIT = 1_000


class NameForm(forms.Form):
    name = Name(
        label="Your name", max_length=NAME_LIMIT, required=True, error_messages={"required": "Enter your name."}
    )
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def clean_name(self) -> str:
        if not self.cleaned_data["name"]:
            raise ValidationError("Enter your name.", code="required")
        return str(self.cleaned_data["name"])


class EmailForm(forms.Form):
    email = Contact(
        "email",
        label="Another email",
        help_text="We send a link to it. Open it to confirm that the email is yours.",
    )


class PreferencesForm(StaffPreferencesForm):
    """Without what only the dashboard has."""

    class Meta(StaffPreferencesForm.Meta):
        fields = ("theme", "time_zone", "times")  # type: ignore[assignment]

    shortcuts = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["times"].help_text = "The activity log always shows the exact time."


class PasswordForm(forms.Form):
    """The password there is, and another one."""

    current = forms.CharField(
        label="Your password now", strip=False, error_messages={"required": "Enter your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    password = forms.CharField(
        label="New password", strip=False, error_messages={"required": "Enter a new password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean_current(self) -> str:
        current = str(self.cleaned_data["current"])
        if problem(current, limit=PASSWORD_LIMIT) or not self.user.check_password(current):
            raise ValidationError("This is not your password.", code="wrong")
        return current

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        fault = problem(password, limit=PASSWORD_LIMIT)
        if fault:
            raise ValidationError(fault)
        validate_password(password, self.user)
        return password


class InviteForm(forms.Form):
    email = Contact("email", label="Email", error_messages={"required": "Enter an email."})
    name = Name(label="Name", max_length=150)


class FeedbackForm(forms.Form):
    """Something that a customer has to say; `token` makes sending it twice the same as once."""

    title = forms.CharField(
        label="Subject", max_length=TITLE_LIMIT, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    body = forms.CharField(
        label="Your feedback", strip=False, error_messages={"required": "Write your feedback."},
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
    )  # fmt: skip
    account = forms.ChoiceField(label="Organisation it is about", required=False)
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, accounts: list[Account], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = {str(account.pk): account for account in accounts}
        choices = [("", "None in particular"), *((pk, account.name) for pk, account in self.accounts.items())]
        self.fields["account"].choices = choices  # type: ignore[attr-defined]
        if not accounts:
            del self.fields["account"]

    def clean_title(self) -> str:
        return _text(tidy(self.cleaned_data["title"]), TITLE_LIMIT)

    def clean_body(self) -> str:
        body = _text(self.cleaned_data["body"].strip().replace("\r\n", "\n"), BODY_LIMIT)
        if not body:
            raise ValidationError("Write your feedback.", code="required")
        return body

    @property
    def chosen(self) -> Account | None:
        return self.accounts.get(self.cleaned_data.get("account", ""))


class ImpersonationForm(forms.Form):
    """Why, and whether to look only."""

    reason = forms.CharField(
        label="Reason", max_length=REASON_LIMIT, error_messages={"required": "Enter the reason."},
        help_text="Such as the number of a ticket. It stands in the audit log. The customer sees your name and when.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip
    mode = forms.ChoiceField(
        label="What do you want to do?", choices=Impersonation.Mode.choices, initial=Impersonation.Mode.LOOK,
        widget=forms.RadioSelect,
    )  # fmt: skip


def _text(text: str, limit: int) -> str:
    fault = problem(text, limit=limit)
    if fault:
        raise ValidationError(fault, code="invalid_text")
    return text
