from typing import Any

from django import forms

from customers import segmenting
from customers.models import Segment
from customers.segment_filters import cleaned


class SegmentForm(forms.Form):
    """What a segment is called. `query`: the filter of a list, of which a dynamic one is made."""

    name = forms.CharField(
        label="Name", error_messages={"required": "Enter a name."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip

    def __init__(self, *args: Any, segment: Segment | None = None, query: str = "", **options: Any) -> None:
        if segment is not None:
            options["initial"] = {"name": segment.name}
        self.query = cleaned(query[:5_001])
        super().__init__(*args, **options)

    def clean_name(self) -> str:
        return segmenting.clean_name(self.cleaned_data["name"])

    def refuse_taken(self) -> None:
        self.add_error("name", "Another segment has this name.")
