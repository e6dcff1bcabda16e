"""How documents look in lists and on pages: an icon a channel, a tone a status, names of authors."""

import json
from dataclasses import dataclass
from typing import Any

from feedback.models import Document

CHANNEL_ICONS = {
    Document.Channel.WIDGET: "message-square-plus",
    Document.Channel.EMAIL: "mail",
    Document.Channel.API: "braces",
    Document.Channel.VOICE: "phone",
    Document.Channel.CHAT: "messages-square",
    Document.Channel.SURVEY: "clipboard-list",
    Document.Channel.SOCIAL: "at-sign",
    Document.Channel.IMPORT: "upload",
}
CHANNEL_TONES = {
    Document.Channel.WIDGET: "hue-5",
    Document.Channel.EMAIL: "hue-6",
    Document.Channel.API: "hue-3",
    Document.Channel.VOICE: "hue-1",
    Document.Channel.CHAT: "hue-4",
    Document.Channel.SURVEY: "hue-2",
    Document.Channel.SOCIAL: "hue-7",
    Document.Channel.IMPORT: "hue-8",
}
CHANNEL_LABELS: dict[str, str] = dict(Document.Channel.choices)

_TONES = {
    "tone-info": {"open", "new", "in progress", "reopened"},
    "tone-warn": {"pending", "waiting", "on hold", "waiting on us", "escalated"},
    "tone-ok": {"closed", "solved", "resolved", "done", "answered"},
}
_AUTHOR = {"name": "Name", "email": "Email", "phone": "Phone", "user_id": "User ID", "handle": "Handle"}
VALUE_LIMIT = 2_000
ROWS_LIMIT = 200


def status_tone(status: str) -> str:
    folded = status.casefold().replace("_", " ")
    return next((tone for tone, words in _TONES.items() if folded in words), "tone-none")


@dataclass(frozen=True)
class Author:
    """The identity as received. `verified` is False for what a browser merely claims."""

    facts: list[tuple[str, str]]
    verified: bool

    @property
    def name(self) -> str:
        return self.facts[0][1] if self.facts else ""


def author_of(document: Document) -> Author:
    said = document.author if isinstance(document.author, dict) else {}
    facts = [(label, str(said[key])[:300]) for key, label in _AUTHOR.items() if said.get(key)]
    return Author(facts, verified=said.get("verified") is not False)


@dataclass(frozen=True)
class Fact:
    key: str
    text: str
    structured: bool = False


def facts_of(values: Any) -> list[Fact]:
    """Metadata or custom fields as rows; what is not a single value is shown as JSON."""
    rows = values.items() if isinstance(values, dict) else []
    return [_fact(str(key), value) for key, value in list(rows)[:ROWS_LIMIT]]


def _fact(key: str, value: Any) -> Fact:
    if isinstance(value, bool):
        return Fact(key, "Yes" if value else "No")
    if isinstance(value, list) and value and all(isinstance(each, str | int | float) for each in value):
        value = ", ".join(str(each) for each in value)
    if isinstance(value, dict | list):
        return Fact(key, json.dumps(value, ensure_ascii=False, indent=2, default=str)[:VALUE_LIMIT], structured=True)
    return Fact(key, "" if value is None else str(value)[:VALUE_LIMIT])
