from typing import Any

from django import forms

from customers import tag_admin
from customers.models import Tag

MISSING = {"required": "Enter a name."}


class TagForm(forms.Form):
    """Name and colour. `seen` is how the tag was when the form was made: what others changed is not written over."""

    name = forms.CharField(
        label="Name", error_messages=MISSING, widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"})
    )
    hue = forms.TypedChoiceField(
        label="Colour", coerce=int, choices=list(tag_admin.COLOURS.items()), widget=forms.RadioSelect,
        error_messages={"required": "Choose a colour.", "invalid_choice": "Choose one of the colours."},
    )  # fmt: skip
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tag: Tag | None = None, **options: Any) -> None:
        if tag is not None:
            options["initial"] = {"name": tag.name, "hue": tag.hue, "seen": signature(tag)}
        else:
            options.setdefault("initial", {"hue": 5})
        self.tag = tag
        super().__init__(*args, **options)

    def clean_name(self) -> str:
        return tag_admin.clean_name(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.tag is not None and cleaned.get("seen") != signature(self.tag):
            self.data = {**self.data.dict(), "seen": signature(self.tag)}  # type: ignore[attr-defined]
            colour = tag_admin.COLOURS[self.tag.hue].lower()
            self.add_error(
                "name",
                f"Somebody has changed this tag meanwhile: it is now “{self.tag.name}”, {colour}. "
                "Save again to replace that.",
            )
        return cleaned


class MergeForm(forms.Form):
    """Which tag remains."""

    target = forms.ModelChoiceField(
        label="Merge into", queryset=Tag.objects.none(), empty_label="Choose a tag",
        error_messages={"required": "Choose the tag that remains.", "invalid_choice": "Choose a tag of the list."},
    )  # fmt: skip

    def __init__(self, *args: Any, tag: Tag, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["target"].queryset = Tag.objects.exclude(pk=tag.pk)  # type: ignore[attr-defined]


def signature(tag: Tag) -> str:
    return f"{tag.hue} {tag.name}"
