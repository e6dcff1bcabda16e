"""What an admin types about a webhook."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from core.text import problem, tidy
from outgoing.models import EVENTS
from outgoing.models.endpoint import URL_LIMIT
from outgoing.posting import Refused, addresses_of

NO_SUCH_HOST = "There is no such host."  # it may come to be; the log will say


class EndpointForm(forms.Form):
    name = forms.CharField(
        label="Name", error_messages={"required": "Enter a name"}, help_text="What it is for, such as “CRM”."
    )
    url = forms.CharField(
        label="Address",
        error_messages={"required": "Enter the address"},
        help_text="Where Roster sends a POST to, such as https://crm.example/hooks/roster.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label="Events",
        choices=[(name, f"{name}: {meaning}") for name, meaning in EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event"},
    )

    def clean_name(self) -> str:
        name = tidy(self.cleaned_data["name"])
        if fault := problem(name, limit=120):
            raise ValidationError(fault)
        return name

    def clean_url(self) -> str:
        return cleaned_url(self.cleaned_data["url"].strip())

    def clean_events(self) -> list[str]:
        chosen = set(self.cleaned_data["events"])
        return [name for name in EVENTS if name in chosen]


def cleaned_url(url: str) -> str:
    """The address, if Roster may send there. Raises ValidationError."""
    fault: Any = problem(url, limit=URL_LIMIT)
    if fault:
        raise ValidationError(fault)
    if not url.isascii() or any(character.isspace() or ord(character) < 33 for character in url):
        raise ValidationError(
            "Write the address without spaces and special letters, as a browser shows it when copied."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValidationError("Enter an address like https://crm.example/hooks/roster.") from None
    schemes = {"https", "http"} if settings.WEBHOOKS_TO_PRIVATE_ADDRESSES else {"https"}
    if parts.scheme not in schemes or not host or port == 0:
        raise ValidationError("Enter an address that begins with https://.")
    if parts.username is not None or parts.fragment:
        raise ValidationError("Leave user name, password and # out of the address: receivers check the signature.")
    try:
        addresses_of(host, port or 443)
    except Refused as refused:
        if str(refused) != NO_SUCH_HOST:
            raise ValidationError(str(refused)) from None
    return url
