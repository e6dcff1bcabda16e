from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.text import fold
from customers.models import Customer, Identifier
from retention.models import Purge


class PermanentDeletionForm(forms.Form):
    """What a permanent deletion needs: the name typed, and what becomes of the documents."""

    documents = forms.ChoiceField(
        label="Their feedback",
        choices=[
            (Purge.Documents.DELETE, "Delete it too"),
            (Purge.Documents.ANONYMISE, "Keep it, anonymised"),
        ],
        widget=forms.RadioSelect,
        initial=Purge.Documents.DELETE,
    )
    requested = forms.BooleanField(label="The person asked for it", required=False)
    allow = forms.BooleanField(
        label="Allow re-import: their email, phone and user ID may come back as a new profile", required=False
    )
    name = forms.CharField(label="Type the name to confirm", max_length=400)

    def __init__(self, *args: Any, customer: Customer, **options: Any) -> None:
        super().__init__(*args, **options)
        self.customer = customer
        self.fields["name"].label = f"Type “{customer.display_name}” to confirm"
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "dir": "auto"}

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if fold(typed) != fold(self.customer.display_name):
            raise ValidationError(f"Type “{self.customer.display_name}”. Nothing was deleted.", code="differs")
        return typed

    @property
    def reason(self) -> str:
        return Purge.Reason.REQUEST if self.cleaned_data["requested"] else Purge.Reason.HAND


class ManyForm(forms.Form):
    """The same for several: one name cannot be typed for many, so what is done is, with their number."""

    ids = forms.CharField(widget=forms.HiddenInput, required=False)
    documents = forms.ChoiceField(
        label="Their feedback",
        choices=PermanentDeletionForm.base_fields["documents"].choices,  # type: ignore[attr-defined]
        widget=forms.RadioSelect,
        initial=Purge.Documents.DELETE,
    )
    requested = forms.BooleanField(label="The people asked for it", required=False)
    allow = forms.BooleanField(
        label="Allow re-import: their emails, phones and user IDs may come back as new profiles", required=False
    )
    confirmation = forms.CharField(max_length=100)

    def __init__(self, *args: Any, words: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.words = words
        self.fields["confirmation"].label = f"Type “{words}” to confirm"
        self.fields["confirmation"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_confirmation(self) -> str:
        typed = str(self.cleaned_data["confirmation"])
        if fold(typed).replace(",", "") != fold(self.words).replace(",", ""):
            raise ValidationError(f"Type “{self.words}”. Nothing was deleted.", code="differs")
        return typed

    @property
    def reason(self) -> str:
        return Purge.Reason.REQUEST if self.cleaned_data["requested"] else Purge.Reason.HAND


class LiftForm(forms.Form):
    """An identifier that may come back."""

    kind = forms.ChoiceField(label="Kind", choices=Identifier.Kind.choices)
    value = forms.CharField(label="Identifier", max_length=320)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["value"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
