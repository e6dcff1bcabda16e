"""Which field of a document is matched with what, as an admin says it (5.5)."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms

from audit.models import Source
from core.text import tidy
from feedback.link_rules import ROOTS
from feedback.models import Document, LinkRule
from properties.models import Definition

LOOKED_AT = 200  # newest documents, for the fields that they have
SUGGESTED = 100
PROPERTIES = 200
_PATH = re.compile(rf"(?:cf_|(?:{'|'.join(ROOTS)})(?:\.|\Z)).*", re.DOTALL)
_BY = {
    LinkRule.Subject.CUSTOMER: [LinkRule.By.EMAIL, LinkRule.By.USER_ID, LinkRule.By.HANDLE, LinkRule.By.PHONE],
    LinkRule.Subject.ACCOUNT: [LinkRule.By.EXTERNAL_ID],
}


class LinkRuleForm(forms.Form):
    path = forms.CharField(
        label="Field of the document",
        max_length=200,
        widget=forms.TextInput(attrs={"list": "paths", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Such as metadata.userEmail, custom_fields.customer or author.email.",
    )
    target = forms.ChoiceField(label="Is the")

    def __init__(self, *args: Any, source: Source, **more: Any) -> None:
        super().__init__(*args, **more)
        self.source = source
        self.fields["target"].choices = list(_targets())  # type: ignore[attr-defined]

    def clean_path(self) -> str:
        path = tidy(self.cleaned_data["path"])
        if not _PATH.fullmatch(path):
            raise forms.ValidationError(f"A field begins with one of: {', '.join(ROOTS)}.")
        return path

    def rule(self) -> LinkRule:
        """The rule as it was typed, not stored."""
        subject, by, key = [*self.cleaned_data["target"].split(":", 2), ""][:3]
        return LinkRule(source=self.source, subject=subject, by=by, key=key, path=self.cleaned_data["path"])


def _targets() -> Iterable[tuple[str, list[tuple[str, str]]]]:
    for subject, several in _BY.items():
        word = subject.label.lower()
        rules = [LinkRule(subject=subject, by=by) for by in several]
        known = [(f"{subject}:{rule.by}", f"{word}'s {rule.matched_with}") for rule in rules]
        properties = Definition.objects.filter(subject=subject.value)[:PROPERTIES]
        yield f"{subject.label}s", [
            *known, *((f"{subject}:property:{one.key}", f"{word}'s property {one.label}") for one in properties),
        ]  # fmt: skip


def paths_in(source: Source) -> list[str]:
    """The fields that the newest documents of the source have, for the suggestions."""
    newest = Document.objects.filter(source=source, state=Document.State.ACTIVE).order_by("-occurred_at", "-pk")
    found: dict[str, None] = {}
    for author, custom, metadata in newest.values_list("author", "custom_fields", "metadata")[:LOOKED_AT]:
        for root, value in (("author", author), ("custom_fields", custom), ("metadata", metadata)):
            found.update(dict.fromkeys(_paths(root, value)))
        if len(found) >= SUGGESTED:
            break
    return sorted(path for path in found if len(path) <= 200)[:SUGGESTED]


def _paths(path: str, value: Any, depth: int = 0) -> Iterable[str]:
    if isinstance(value, dict) and depth < 4:
        for key, member in list(value.items())[:SUGGESTED]:
            yield from _paths(f"{path}.{key}", member, depth + 1)
    elif depth and not isinstance(value, dict | bool):
        yield path
