"""What an admin types about a colleague."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Team
from core.text import problem, tidy
from staff.models import Role, User

NAME_LIMIT = 150
ROLES = [(role.value, role.label) for role in Role if role != Role.PORTAL]
WHAT_ROLES_DO = "Viewers read; support also edits, links, merges and deletes; admins also manage and delete for good."


class ColleagueForm(forms.Form):
    """Name, role and teams."""

    name = forms.CharField(label="Name", error_messages={"required": "Enter a name"})
    role = forms.ChoiceField(label="Role", choices=ROLES, initial=Role.SUPPORT, help_text=WHAT_ROLES_DO)
    teams = forms.ModelMultipleChoiceField(
        label="Teams",
        queryset=Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Whoever is in no team sees all accounts; whoever is in some sees what these may see.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = Team.objects.all()  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return _text(self.cleaned_data["name"], NAME_LIMIT, "Enter a name")


class InviteForm(ColleagueForm):
    email = forms.EmailField(
        label="Email", max_length=254, error_messages={"required": "Enter an email", "invalid": "Enter an email"}
    )
    field_order = ("email", "name", "role", "teams")

    def clean_email(self) -> str:
        return User.objects.normalize_email(_text(self.cleaned_data["email"], 254, "Enter an email"))


def _text(value: str, limit: int, otherwise: str) -> str:
    fault = problem(value, limit=limit)
    if fault:
        raise ValidationError(fault)
    text = tidy(value)
    if not text:
        raise ValidationError(otherwise)
    return text
