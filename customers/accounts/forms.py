"""What staff type about an account."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts import holding
from accounts.editing import EXTERNAL_ID_LIMIT, NAME_LIMIT, clean_external_id, clean_name
from customers.filter_forms import FilterForm, PropertyFilterForm, day_text
from customers.filters import PERIODS, PeriodField
from customers.forms import Contact, Name
from customers.logins import clean_login_name, clean_password
from properties.models import Definition


class AccountName(forms.CharField):
    def clean(self, value: Any) -> str:
        return clean_name(str(value or ""))


class AccountNameForm(forms.Form):
    name = AccountName(label="Name", max_length=NAME_LIMIT, widget=forms.TextInput(attrs={"dir": "auto"}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)


class AccountIdForm(forms.Form):
    external_id = forms.CharField(
        label="Account ID", required=False, max_length=EXTERNAL_ID_LIMIT,
        help_text="What the account is called in your own system.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def clean_external_id(self) -> str:
        return clean_external_id(self.cleaned_data["external_id"]) or ""


class OrganisationForm(forms.Form):
    """A new organisation and its owner. Name and password count only when nobody signs in with the email (3.2)."""

    organisation = AccountName(
        label="Organisation",
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    external_id = forms.CharField(
        label="Account ID", required=False, max_length=EXTERNAL_ID_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    email = Contact("email", label="Owner’s email", required=True, help_text="They sign in to the portal with it.")
    full_name = Name(
        label="Owner’s full name", help_text="Used when nobody signs in with this email yet.", max_length=150
    )
    way = forms.ChoiceField(
        label="Sign-in", required=False, initial="invite", widget=forms.RadioSelect,
        choices=[("invite", "Send an invitation to choose a password"), ("password", "Set a password now")],
        help_text="Used when nobody signs in with this email yet. An existing login is never changed.",
    )  # fmt: skip
    password = forms.CharField(
        label="Password", required=False, strip=False, max_length=1_000,
        help_text="At least 10 characters. Only for “Set a password now”.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    anyway = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_external_id(self) -> str:
        return clean_external_id(self.cleaned_data["external_id"]) or ""

    def clean_full_name(self) -> str:
        return clean_login_name(self.cleaned_data["full_name"])

    def require_login(self) -> bool:
        """Whether the form says enough to make a login; its errors say what is missing."""
        data = self.cleaned_data
        if not data["full_name"]:
            self.add_error("full_name", "Enter the owner’s full name: nobody signs in with this email yet.")
        if data["way"] == "password":
            if not data["password"]:
                self.add_error("password", "Enter a password, or send an invitation.")
            else:
                try:
                    clean_password(data["password"], email=data["email"].value, name=data["full_name"])
                except ValidationError as error:
                    self.add_error("password", error)
        return not self.errors

    @property
    def chosen_password(self) -> str | None:
        """The password to set, None for an invitation."""
        return self.cleaned_data["password"] if self.cleaned_data["way"] == "password" else None


class ContactForm(forms.Form):
    """A contact by email: somebody known, or a new profile (3.3)."""

    email = Contact("email", label="Email", required=True)
    name = Name(help_text="For somebody new; whoever is known keeps their name.")
    key_contact = forms.BooleanField(label="Key contact", required=False)


class HoldForm(forms.Form):
    reason = forms.CharField(
        label="Reason", max_length=holding.REASON_LIMIT,
        error_messages={"required": "Enter the reason."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip


class AccountPropertyForm(PropertyFilterForm):
    subject = Definition.Subject.ACCOUNT


class CreatedFilterForm(FilterForm):
    title = "Filter by creation"
    period = forms.ChoiceField(label="When", choices=[("", "Any time"), *PERIODS.items()], required=False)
    first = forms.CharField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.CharField(label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean_first(self) -> str:
        return day_text(self.cleaned_data["first"])

    def clean_last(self) -> str:
        return day_text(self.cleaned_data["last"])

    def clean_period(self) -> str:
        return PeriodField(required=False).clean(self.cleaned_data["period"])

    def changes(self, kept: QueryDict) -> dict[str, list[str]]:
        names = {"created": "period", "created_from": "first", "created_to": "last"}
        return {name: [self.cleaned_data[field]] if self.cleaned_data[field] else [] for name, field in names.items()}


FILTER_FORMS: dict[str, type[FilterForm]] = {"property": AccountPropertyForm, "created": CreatedFilterForm}
MORE = [("property", "Property"), ("created", "Created")]
