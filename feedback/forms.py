"""What people type about a document's customer."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.text import problem
from customers.creating import clean_name
from customers.identifying import identity

MOST_ROWS = 20


class NewCustomerForm(forms.Form):
    """Create New Customer (5.3): email and name required, properties optional."""

    email = forms.CharField(
        label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Enter an email address, such as name@company.com."},
    )  # fmt: skip
    name = forms.CharField(
        label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter a name."},
    )  # fmt: skip

    def clean_email(self) -> str:
        typed: str = self.cleaned_data["email"]
        return identity("email", typed).value

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise ValidationError("Enter a name.", code="required")
        return name


class Properties:
    """Rows of key and value below a form; a blank row says nothing. `values` are lists by key once `is_valid()`."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, rows: int = 1) -> None:
        keys = data.getlist("key") if data is not None else []  # type: ignore[attr-defined]
        values = data.getlist("value") if data is not None else []  # type: ignore[attr-defined]
        self.rows = [{"key": key, "value": value, "error": ""} for key, value in zip(keys, values, strict=False)]
        self.rows = self.rows[:MOST_ROWS]
        while len(self.rows) < rows:
            self.rows.append({"key": "", "value": "", "error": ""})
        self.values: dict[str, Sequence[object]] = {}

    def is_valid(self) -> bool:
        for row in self.rows:
            key, value = row["key"].strip(), row["value"].strip()
            row["error"] = self._fault(key, value)
            if key and value:
                self.values[key] = [*self.values.get(key, []), value]
        return not any(row["error"] for row in self.rows)

    def refuse(self, errors: Mapping[str, list[str]]) -> None:
        """Puts what the command said about a key beside its row."""
        for row in self.rows:
            row["error"] = " ".join(errors.get(row["key"].strip(), [])) or row["error"]

    def more(self) -> None:
        if len(self.rows) < MOST_ROWS:
            self.rows.append({"key": "", "value": "", "error": ""})

    @property
    def filled(self) -> bool:
        return any(row["key"] or row["value"] or row["error"] for row in self.rows) or len(self.rows) > 1

    @staticmethod
    def _fault(key: str, value: str) -> str:
        if key and not value:
            return "Enter a value, or clear the property."
        if value and not key:
            return "Choose which property this is a value of."
        return problem(key, limit=100) or problem(value, limit=2_000) or ""
