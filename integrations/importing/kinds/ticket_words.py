"""What the columns of help desks, reviews and surveys are called, and what their words for channels mean."""

import re
from collections.abc import Sequence

from core.text import fold
from engagement.models import Survey
from feedback.models import Document
from integrations.importing.guessing import (
    date_order,
    key_of,
    looks_like_time,
    plain_name,
    type_of,
    without_words,
)
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Layout
from properties.models import Definition

_PERSON = ("customer", "contact", "user", "requester", "author", "client", "sender", "reporter")
_THING = ("ticket", "case", "conversation", "document", "issue", "request", "message", "feedback")
_NAMES = {  # without the words above
    "author.email": ("email", "e mail", "email address", "mail", "e mail address"),
    "author.phone": ("phone", "telephone", "phone number", "mobile", "mobile phone"),
    "author.handle": ("handle",),
    "title": ("subject", "title", "summary", "headline"),
    "body": ("description", "body", "text", "comment", "comments", "content", "details", "review", "message",
             "feedback"),
    "channel": ("channel", "via", "medium"),
    "status": ("status", "state"),
    "account_id": ("account id", "organisation id", "organization id", "company id", "org id", "account"),
    "tags": ("tags", "labels", "type", "category", "topic"),
    "occurred_at": (
        "created at", "created", "occurred at", "submitted at", "received at", "created date", "date created",
        "timestamp",
        "date", "time", "opened at", "sent at", "first response time",
    ),
}  # fmt: skip
_OF_PERSON = {"author.name": ("", "name", "full name"), "author.user_id": ("id", "user id", "external id")}
_OF_THING = {"external_id": ("id", "external id", "number", "key", "reference", "ref", "uuid")}
_SURVEY = re.compile(r"\b(rating|satisfaction|csat|nps|score)\b")
_ABOUT_PEOPLE = re.compile(
    r"\b(age|gender|plan|product|purchase|purchased|country|region|city|language|birthday|job|role|segment|company|industry)\b"
)
CHANNELS = {
    "email": Document.Channel.EMAIL, "e mail": Document.Channel.EMAIL, "mail": Document.Channel.EMAIL,
    "phone": Document.Channel.VOICE, "call": Document.Channel.VOICE, "voice": Document.Channel.VOICE,
    "telephone": Document.Channel.VOICE, "chat": Document.Channel.CHAT, "live chat": Document.Channel.CHAT,
    "messenger": Document.Channel.CHAT, "social media": Document.Channel.SOCIAL, "social": Document.Channel.SOCIAL,
    "twitter": Document.Channel.SOCIAL, "facebook": Document.Channel.SOCIAL, "instagram": Document.Channel.SOCIAL,
    "web": Document.Channel.WIDGET, "website": Document.Channel.WIDGET, "web form": Document.Channel.WIDGET,
    "widget": Document.Channel.WIDGET, "survey": Document.Channel.SURVEY, "api": Document.Channel.API,
    "import": Document.Channel.IMPORT,
}  # fmt: skip


def guess_documents(layout: Layout) -> Plan:
    """A use for every column; what is not recognised becomes a property if it is about people, else a custom field."""
    plan = Plan()
    for column in layout.columns:
        samples = layout.samples.get(column, [])
        taken = {use.target for use in plan.uses}
        target = _target(column, samples, taken)
        if target == "occurred_at":
            plan.uses.append(Use(column, target, type=date_order(samples)))
        elif target:
            plan.uses.append(Use(column, target))
        elif _SURVEY.search(fold(column)) and type_of(samples, []) == Definition.Type.NUMBER:
            plan.uses.append(Use(column, "survey", without_words(column, _PERSON).strip().capitalize(), _kind(column)))
        elif _is_about_people(column):
            type_ = type_of(samples, layout.distinct.get(column, []))
            plan.uses.append(Use(column, "property", key_of(without_words(column, _PERSON)), type_))
        else:
            plan.uses.append(Use(column, "custom", key_of(without_words(column, _THING))))
    for use in plan.of("channel"):
        plan.channel_values = channels_of(layout.distinct.get(use.column, []))
    return plan


def channels_of(words: Sequence[str]) -> dict[str, str]:
    """The channels that these words of the file stand for, as far as that is clear."""
    return {word: str(CHANNELS[plain_name(word)]) for word in words if plain_name(word) in CHANNELS}


def _target(column: str, samples: Sequence[str], taken: set[str]) -> str:
    name = plain_name(column)
    person, thing = without_words(column, _PERSON), without_words(column, _THING)
    looks: list[tuple[str, bool]] = [
        *((target, name in words or thing in words) for target, words in _OF_THING.items()),
        *(
            (target, (name in _PERSON and not words[0]) or (person != name and person in words))
            for target, words in _OF_PERSON.items()
        ),
        ("author.name", name in {"name", "full name"}),
        ("author.user_id", name == "user id"),
        *((target, {name, person, thing} & set(words) != set()) for target, words in _NAMES.items()),
    ]
    for target, fits in looks:
        if not fits or (target in taken and target != "tags"):
            continue
        if target == "occurred_at" and not any(looks_like_time(sample) for sample in samples):
            continue
        if target == "author.email" and samples and not any("@" in sample for sample in samples):
            continue
        return target
    return ""


def _is_about_people(column: str) -> bool:
    return plain_name(column).split(" ")[0] in _PERSON or bool(_ABOUT_PEOPLE.search(plain_name(column)))


def _kind(column: str) -> str:
    name = plain_name(column)
    if "nps" in name:
        return Survey.Kind.NPS
    return Survey.Kind.CSAT if re.search(r"satisfaction|csat", name) else Survey.Kind.OTHER
