"""The feedback that other systems send, from JSON to what `feedback.receiving` keeps (contracts 6)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from core.text import problem, tidy
from feedback.models import Document
from feedback.receiving import AUTHOR_FIELDS, Incoming

TITLE_LIMIT, BODY_LIMIT, TAG_LIMIT, TAGS_LIMIT = 500, 1_000_000, 60, 50
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Reader:
    """Takes fields out of a JSON object and collects what is wrong with them, by path."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.errors: dict[str, list[str]] = {}

    def wrong(self, path: str, message: str) -> None:
        self.errors.setdefault(path, []).append(message)

    def text(self, name: str, *, limit: int, within: dict[str, Any] | None = None, path: str = "") -> str:
        value = (self.data if within is None else within).get(name)
        path = path or name
        if value is None:
            return ""
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            value = str(value)  # many systems send their IDs as numbers
        if not isinstance(value, str):
            self.wrong(path, "Must be text.")
            return ""
        fault = problem(value, limit=limit)
        if fault:
            self.wrong(path, fault)
            return ""
        return value.strip()

    def choice(self, name: str, choices: list[str], default: str) -> str:
        value = self.data.get(name)
        if value is None:
            return default
        if value not in choices:
            self.wrong(name, f"Must be one of: {', '.join(choices)}.")
            return default
        return str(value)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.data.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(name, "Must be an object.")
            return {}
        return value

    def moment(self, name: str) -> datetime | None:
        """Unix seconds, 13 digits as milliseconds, or ISO 8601 (contracts 'Common')."""
        value = self.data.get(name)
        if value is None:
            return None
        try:
            moment = moment_of(value)
        except ValueError:
            self.wrong(name, "Must be a time: Unix seconds, or ISO 8601 such as 2026-02-03T14:30:00Z.")
            return None
        if not EARLIEST <= moment < LATEST:
            self.wrong(name, "Must be between the years 1970 and 2200.")
            return None
        return moment

    def tags(self, name: str) -> list[str]:
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > TAGS_LIMIT:
            self.wrong(name, f"Must be a list of at most {TAGS_LIMIT} texts.")
            return []
        found: list[str] = []
        for index, tag in enumerate(value):
            if not isinstance(tag, str) or problem(tag, limit=TAG_LIMIT) or not tidy(tag):
                self.wrong(f"{name}.{index}", f"Must be text of 1 to {TAG_LIMIT} characters.")
            else:
                found.append(tidy(tag))
        return found


def incoming_of(data: dict[str, Any], *, verified: bool = True) -> Incoming:
    """What was sent, checked. Raises ValidationError keyed by path."""
    reader = Reader(data)
    author = reader.mapping("author")
    incoming = Incoming(
        title=tidy(reader.text("title", limit=TITLE_LIMIT)),
        body=reader.text("body", limit=BODY_LIMIT),
        body_format=reader.choice("body_format", Document.BodyFormat.values, Document.BodyFormat.TEXT),
        channel=reader.choice("channel", Document.Channel.values, Document.Channel.API),
        external_id=reader.text("external_id", limit=200) or None,
        occurred_at=reader.moment("occurred_at"),
        author={
            name: reader.text(name, limit=320, within=author, path=f"author.{name}")
            for name in AUTHOR_FIELDS
            if name in author
        },
        account_external_id=reader.text("account_id", limit=200),
        status=tidy(reader.text("status", limit=60)),
        tags=reader.tags("tags"),
        metadata=reader.mapping("metadata"),
        verified=verified,
    )
    for name, value in data.items():
        if name.startswith("cf_"):
            values = value if isinstance(value, list) else [value]
            if any(isinstance(one, dict | list) for one in values):
                reader.wrong(name, "Must be a text, number, boolean or a list of them.")
                continue
            incoming.custom_fields[name[3:]] = value
            incoming.properties[name[3:]] = [one for one in values if one is not None]
    if not incoming.title and not incoming.body and not {"title", "body"} & reader.errors.keys():
        reader.wrong("body", "Send a body or a title.")
    if reader.errors:
        raise ValidationError(reader.errors)
    return incoming


def as_sent(error: ValidationError, data: dict[str, Any]) -> ValidationError:
    """The same faults with properties named as the sender names them: `cf_team` for `team`."""
    names = {name[3:]: name for name in data if name.startswith("cf_")}
    return ValidationError({names.get(key, key): messages for key, messages in error.message_dict.items()})


def moment_of(value: object) -> datetime:
    """Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(value)
    if not isinstance(value, str) or value.strip().isdecimal():
        seconds = Decimal(value)
        try:
            return datetime.fromtimestamp(float(seconds / 1000 if seconds >= 10**12 else seconds), UTC)
        except (OverflowError, OSError):
            raise ValueError(value) from None
    moment = parse_datetime(value.strip())
    if moment is None:
        raise ValueError(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
