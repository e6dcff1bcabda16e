import hashlib
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.models import Team
from accounts.team_rules import OPERATORS_OF, understood
from accounts.teaming import Wanted
from core.json import dumps
from core.text import problem, tidy
from properties.models import Definition
from properties.values import as_input

NAME_LIMIT = 100


class TeamForm(forms.Form):
    """Name and reach of a team. What it would see is shown first; only what was shown is saved."""

    name = forms.CharField(
        label="Name", max_length=1_000, error_messages={"required": "Enter the name of the team."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip
    reach = forms.ChoiceField(label="May view", choices=Team.Reach.choices, widget=forms.RadioSelect)
    definition = forms.ModelChoiceField(
        Definition.objects.filter(subject=Definition.Subject.ACCOUNT), label="Property", required=False,
        empty_label="Choose a property", help_text="These three are for accounts by a property alone.",
    )  # fmt: skip
    operator = forms.ChoiceField(label="Comparison", choices=[("", "Choose"), *Team.Operator.choices], required=False)
    value = forms.CharField(
        label="Value", max_length=2_000, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip

    def __init__(self, data: QueryDict | None = None, *, team: Team) -> None:
        super().__init__(data, initial=_initial(team))
        self.team = team
        self.fields["definition"].label_from_instance = lambda one: one.label  # type: ignore[attr-defined]
        chosen = self["definition"].value()
        known = Definition.objects.filter(pk=chosen).first() if str(chosen or "").isdigit() else None
        if known and known.type in OPERATORS_OF:
            offered = [(one, Team.Operator(one).label) for one in OPERATORS_OF[known.type]]
            self.fields["operator"].choices = [("", "Choose"), *offered]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = tidy(self.cleaned_data["name"])
        fault = problem(name, limit=NAME_LIMIT) or ("" if name else "Enter the name of the team.")
        if fault:
            raise ValidationError(fault)
        return name

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("reach") != Team.Reach.RULE:
            return data
        if not data.get("definition"):
            self.add_error("definition", "Choose the property that decides.")
        elif not data.get("operator") and "operator" not in self.errors:
            self.add_error("operator", "Choose how to compare it.")
        elif data.get("operator"):
            try:
                data["understood"] = understood(data["definition"], data["operator"], data.get("value", ""))
            except ValidationError as error:
                self.add_error(None, error)
        return data

    @property
    def wanted(self) -> Wanted:
        data = self.cleaned_data
        if data["reach"] != Team.Reach.RULE:
            return Wanted(data["name"], data["reach"])
        return Wanted(data["name"], data["reach"], data["definition"], data["operator"], data["understood"])

    @property
    def changed(self) -> Team:
        """The team as it would be; not saved."""
        team = Team(pk=self.team.pk)
        self.wanted.put_on(team)
        return team

    @property
    def signature(self) -> str:
        """Of what was shown, so that nothing else is saved."""
        wanted = self.wanted
        facts = [wanted.name, wanted.reach, wanted.definition and wanted.definition.pk, wanted.operator, wanted.value]
        return hashlib.sha256(dumps(facts).encode()).hexdigest()[:16]


def _initial(team: Team) -> dict[str, Any]:
    value = "" if team.value is None else as_input(team.value)
    return {
        "name": team.name, "reach": team.reach, "definition": team.definition_id, "operator": team.operator,
        "value": value,
    }  # fmt: skip
