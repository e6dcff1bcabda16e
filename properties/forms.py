from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from properties.defining import Wanted, clean_choices
from properties.models import Definition

NO_TYPE = {"required": "Choose one of the types.", "invalid_choice": "Choose one of the types."}
NO_SUBJECT = {"required": "Choose what it describes.", "invalid_choice": "Choose what it describes."}


class DefinitionForm(forms.Form):
    """Everything about a property but its key. `seen` is how it was when the form was made (reliability 4)."""

    label = forms.CharField(
        label="Label", help_text="What people call it.", error_messages={"required": "Enter what people call it."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip
    type = forms.ChoiceField(label="Type", choices=Definition.Type.choices, error_messages=NO_TYPE)
    choices = forms.CharField(
        label="Choices",
        required=False,
        help_text="For the type Choice: one a line.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    personal = forms.BooleanField(
        label="Personal data", required=False, help_text="Removed when the person is permanently deleted."
    )
    is_key = forms.BooleanField(label="Key property", required=False, help_text="Shown in the header of the profile.")
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, definition: Definition | None = None, **options: Any) -> None:
        self.definition = definition
        if definition is not None:
            options["initial"] = {
                "label": definition.label, "type": definition.type, "choices": "\n".join(map(str, definition.choices)),
                "personal": definition.personal, "is_key": definition.is_key, "seen": signature(definition),
            }  # fmt: skip
        else:
            options.setdefault("initial", {"personal": True, "type": Definition.Type.TEXT})
        super().__init__(*args, **options)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.definition is not None and cleaned.get("seen") != signature(self.definition):
            self.data = {**self.data.dict(), "seen": signature(self.definition)}  # type: ignore[attr-defined]
            self.add_error("label", f"Somebody has changed this property meanwhile: it is now {said(self.definition)}. "
                                    "Save again to replace that.")  # fmt: skip
        return cleaned

    def wanted(self) -> Wanted:
        """Raises ValidationError by field."""
        data = self.cleaned_data
        return Wanted(
            label=data["label"], type=data["type"], choices=clean_choices(data["choices"]), personal=data["personal"],
            is_key=data["is_key"],
        )  # fmt: skip

    def refuse(self, error: ValidationError) -> None:
        """Puts what the command said beside its fields."""
        for name, messages in error.message_dict.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, message)


class NewDefinitionForm(DefinitionForm):
    key = forms.CharField(
        label="Key", help_text="How systems name it: letters, digits, _ and . It cannot be changed later.",
        error_messages={"required": "Enter the key by which systems name it."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "input--mono"}),
    )  # fmt: skip
    subject = forms.ChoiceField(label="Describes", choices=Definition.Subject.choices, error_messages=NO_SUBJECT)

    field_order = ("subject", "key", "label", "type", "choices", "personal", "is_key")


class MergeForm(forms.Form):
    """Which property remains."""

    target = forms.ModelChoiceField(
        label="Merge into", queryset=Definition.objects.none(), empty_label="Choose a property",
        error_messages={
            "required": "Choose the property that remains.",
            "invalid_choice": "Choose a property of the list.",
        },
    )  # fmt: skip

    def __init__(self, *args: Any, definition: Definition, **options: Any) -> None:
        super().__init__(*args, **options)
        others: QuerySet[Definition] = Definition.objects.filter(subject=definition.subject).exclude(pk=definition.pk)
        self.fields["target"].queryset = others  # type: ignore[attr-defined]


def signature(definition: Definition) -> str:
    flags = f"{definition.personal:d}{definition.is_key:d}"
    return f"{definition.type} {flags} {definition.label} {'/'.join(map(str, definition.choices))}"


def said(definition: Definition) -> str:
    parts = [f"“{definition.label}”", definition.get_type_display().lower()]
    parts += ["personal data"] * definition.personal + ["a key property"] * definition.is_key
    return ", ".join(parts)
