"""What people fill in about integrations and their keys."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Team
from core.text import problem, tidy
from integrations.issuing import MEANINGS
from integrations.models import ApiKey, Integration

NAME_LIMIT, ORIGINS_LIMIT = 120, 50
USUAL_DAYS = 365  # for how long a REST key is made, unless somebody says otherwise
MOST_A_MINUTE = 1_000_000
LAST_DAY = date(2200, 1, 1)
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:]+\]")


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_LIMIT, error_messages={"required": "Give it a name."},
        help_text="What it is connected to, such as Support inbox.",
    )  # fmt: skip

    def clean_name(self) -> str:
        name = tidy(self.cleaned_data["name"])
        if fault := problem(name, limit=NAME_LIMIT):
            raise ValidationError(fault)
        return name


class LimitForm(forms.Form):
    """What a key may do, for how long and how often. Scopes are for REST keys: the others open one address."""

    scopes = forms.MultipleChoiceField(
        label="It may", choices=[(name, f"{means} ({name})") for name, means in MEANINGS.items()],
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one."},
    )  # fmt: skip
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, empty_label="Everything", label="Sees and changes",
        help_text="With a team, only the accounts that it may view, and who belongs to them.",
    )  # fmt: skip
    rate_limit = forms.IntegerField(
        label="Requests a minute", required=False, min_value=1, max_value=MOST_A_MINUTE,
        help_text="Empty: as many as the setting allows.", widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    expires_on = forms.DateField(
        label="Works until", required=False, help_text="The end of this day. Empty: until it is revoked.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, kind: str, now: datetime, key: ApiKey | None = None) -> None:
        usual = (now + timedelta(days=USUAL_DAYS)).date() if kind == ApiKey.Kind.API else None
        initial: dict[str, Any] = {"expires_on": usual}
        if key is not None:
            initial = {
                "scopes": key.scopes, "team": key.team_id, "rate_limit": key.rate_limit,
                "expires_on": timezone.localdate(key.expires_at) if key.expires_at else None,
            }  # fmt: skip
        super().__init__(data, initial=initial)
        self.now, self.key = now, key
        self.fields["team"].queryset = Team.objects.all()  # type: ignore[attr-defined]
        if kind != ApiKey.Kind.API:
            del self.fields["scopes"]

    def clean_expires_on(self) -> Any:
        day = self.cleaned_data["expires_on"]
        if day is not None and not timezone.localdate(self.now) <= day < LAST_DAY:
            raise ValidationError("Must be today or a later day.")
        return day

    @property
    def limits(self) -> dict[str, Any]:
        """As `issuing` takes them. A key's day that was not touched keeps its exact moment."""
        day = self.cleaned_data["expires_on"]
        ends = timezone.make_aware(datetime.combine(day + timedelta(days=1), time())) if day else None
        if self.key and self.key.expires_at and day == timezone.localdate(self.key.expires_at):
            ends = self.key.expires_at
        return {
            "scopes": self.cleaned_data.get("scopes", []), "team": self.cleaned_data["team"],
            "rate_limit": self.cleaned_data["rate_limit"], "expires_at": ends,
        }  # fmt: skip


class IssueForm(NameForm, LimitForm):
    """A key that is to be made."""

    field_order = ("name", "scopes", "team", "rate_limit", "expires_on")


class OriginsForm(forms.Form):
    origins = forms.CharField(
        label="Sites that may embed the widget", required=False, max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line, such as https://shop.example. Without any, no site may.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, integration: Integration) -> None:
        super().__init__(data, initial={"origins": "\n".join(integration.allowed_origins)})

    def clean_origins(self) -> list[str]:
        origins = list(dict.fromkeys(filter(None, (_origin(line) for line in self.cleaned_data["origins"].split()))))
        if len(origins) > ORIGINS_LIMIT:
            raise ValidationError(f"At most {ORIGINS_LIMIT} sites.")
        return origins


def _origin(text: str) -> str:
    """As a browser sends it: scheme, host and port. Raises ValidationError."""
    try:
        parts = urlsplit(text.lower().rstrip("/"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    shown = f"[{host}]" if ":" in host else host
    if (
        parts.scheme not in {"http", "https"}
        or not _HOST.fullmatch(shown)
        or parts.path
        or parts.query
        or parts.username
    ):
        raise ValidationError(f"“{text[:100]}” is no site. Write it like https://shop.example, without a path.")
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}{f':{port}' if port and port != usual else ''}"


class FieldsForm(forms.Form):
    """Which field of what is sent carries what."""

    def __init__(self, data: Any = None, *, fields: dict[str, tuple[str, str]], mapping: dict[str, str]) -> None:
        super().__init__(data, initial=mapping)
        for name, (label, usual) in fields.items():
            self.fields[name] = forms.CharField(
                label=label, max_length=200, required=False, help_text=f"Usually {usual}.",
                widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        taken: dict[str, str] = {}
        for name, field in list(cleaned.items()):
            if fault := problem(field, limit=200):
                self.add_error(name, fault)
            elif field and (other := taken.setdefault(field.casefold(), name)) != name:
                self.add_error(name, f"This field carries {str(self.fields[other].label).lower()} already.")
        return cleaned
