"""One row of a file into one piece of feedback, by a mapping."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from core.text import fold, problem
from engagement.models import Survey
from feedback.models import Document
from feedback.prepared import Prepared
from feedback.receiving import Incoming
from integrations.importing.guessing import channels_of
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Row

TITLE_LIMIT, STATUS_LIMIT, EXTERNAL_ID_LIMIT, TAG_LIMIT, TAGS_LIMIT, FIELD_LIMIT = 500, 60, 200, 60, 50, 20_000
SCORES = {Survey.Kind.NPS: (0, 10), Survey.Kind.CSAT: (1, 5), Survey.Kind.OTHER: (-999_999, 999_999)}
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SPLIT = re.compile(r"[,;|]")
_NUMBERS = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; `column` is '' when it is the row as such."""

    column: str
    message: str


@dataclass(slots=True)
class Meaning:
    """What a row says: the feedback, the survey scores by survey name, and what is wrong with it."""

    row: Row
    incoming: Incoming
    scores: dict[str, Decimal] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _prepared: Prepared | None = field(default=None, init=False, repr=False)

    @property
    def prepared(self) -> Prepared:
        """For `receive_many`."""
        return self._prepared or self.prepare()

    def prepare(self) -> Prepared:
        """Does now, in whatever thread this is, what would else be done when `prepared` is asked for."""
        self._prepared = Prepared.of(self.incoming)
        return self._prepared


class Wrong(Exception):
    """The cell cannot be what its column is for."""


class Translator:
    """Reads rows by a plan that fits the file's columns. `kinds` are the kinds of the surveys by name."""

    def __init__(self, plan: Plan, columns: list[str], kinds: dict[str, str]) -> None:
        self.plan, self.kinds = plan, kinds
        places = {column: place for place, column in enumerate(columns)}
        self.uses = [(use, places[use.column], _SETTERS[use.target]) for use in plan.uses]
        used = {use.column for use in plan.uses}
        self.rest = (
            [(column, place) for column, place in places.items() if column not in used] if plan.keep_rest else []
        )
        self.has_id = bool(plan.of("external_id"))
        self.channels = {fold(word): channel for word, channel in plan.channel_values.items()}
        self.column_of = {use.target: use.column for use in plan.uses}
        self.column_of |= {use.name.lower(): use.column for use in plan.of("property")}

    def meaning(self, row: Row) -> Meaning:
        incoming = Incoming(channel=self.plan.channel)
        meaning = Meaning(row, incoming)
        if row.fault:
            meaning.faults.append(Fault("", row.fault))
            return meaning
        for use, place, setter in self.uses:
            cell = row.cells[place].strip()
            if not cell and use.target != "external_id":
                continue
            try:
                if "\x00" in cell:
                    raise Wrong("Must not contain the NUL character.")
                setter(self, meaning, use, cell)
            except Wrong as wrong:
                meaning.faults.append(Fault(use.column, str(wrong)))
        for column, place in self.rest:
            if cell := row.cells[place].strip():
                incoming.metadata[column] = cell[:FIELD_LIMIT].replace("\x00", "")
        if not (incoming.title or incoming.body or meaning.faults):
            meaning.faults.append(Fault("", "Has neither a title nor a body: a document has to say something."))
        if not self.has_id:
            said = "\x1f".join(row.cells).encode("utf-8", "surrogatepass")
            incoming.external_id = f"row-{hashlib.sha256(said).hexdigest()[:40]}"
        return meaning

    def faults_of(self, errors: dict[str, list[str]]) -> list[Fault]:
        """The faults that a ValidationError of `receive` names, by the columns they came from."""
        return [
            Fault(self.column_of.get(key, self.column_of.get(key.lower(), "")), " ".join(map(str, texts)))
            for key, texts in errors.items()
        ]


def moment_of(text: str, order: str = "") -> datetime:
    """The moment that `text` names; without a zone it is UTC. `order` is dmy or mdy for dates like 3/2/2026."""
    if text.isdigit() and 9 <= len(text) <= 14:
        seconds = int(text) / (1000 if len(text) >= 13 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _moment_of_numbers(text, order)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment < LATEST:
        raise Wrong("Must be a time between the years 1970 and 2200.")
    return moment.astimezone(UTC)


def _moment_of_numbers(text: str, order: str) -> datetime:
    found = _NUMBERS.fullmatch(text)
    if not found:
        raise Wrong("Must be a time, such as 2026-02-03 14:30 or 2026-02-03T14:30:00Z.")
    first, second, third, hour, minute, second_of_minute, half = found.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(third)
    elif order:
        year = int(third) + (2000 if len(third) == 2 else 0)
        day, month = (int(first), int(second)) if order == "dmy" else (int(second), int(first))
    else:
        raise Wrong("Say whether the day or the month comes first (occurred_at:dmy or :mdy), or write 2026-02-03.")
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    try:
        return datetime(year, month, day, hours, int(minute or 0), int(second_of_minute or 0), tzinfo=UTC)
    except ValueError:
        raise Wrong("Must be a time that exists, such as 2026-02-03 14:30.") from None


def score_of(text: str, kind: str) -> Decimal:
    try:
        score = Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except InvalidOperation:
        raise Wrong("Must be a score, such as 4.") from None
    least, most = SCORES[Survey.Kind(kind)]
    if not score.is_finite() or not least <= score <= most:
        raise Wrong(f"Must be a score from {least:,} to {most:,}.")
    if round(score, 2) != score:
        raise Wrong("Must have at most two decimal places.")
    return round(score, 2)


# What a cell does to the meaning of its row, by the target of its column

Setter = Callable[[Translator, Meaning, Use, str], None]


def _checked(cell: str, limit: int) -> str:
    if cell.isascii() and len(cell) <= limit:  # NUL was refused before
        return cell
    if fault := problem(cell, limit=limit):
        raise Wrong(fault)
    return cell


def _external_id(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    if not cell:
        raise Wrong("Must not be empty: it is how the same row is recognised the next time.")
    meaning.incoming.external_id = _checked(cell, EXTERNAL_ID_LIMIT)


def _title(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.title = _checked(" ".join(cell.split()), TITLE_LIMIT)


def _body(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.body = cell.replace("\r\n", "\n")


def _channel(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    channel = translator.channels.get(fold(cell)) or channels_of([cell]).get(cell)
    if not channel:
        raise Wrong(f"'{cell[:40]}' is no channel. Map it to one of {', '.join(Document.Channel.values)}.")
    meaning.incoming.channel = channel


def _status(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.status = _checked(cell, STATUS_LIMIT)


def _occurred_at(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.occurred_at = moment_of(cell, use.type)


def _account_id(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.account_external_id = _checked(cell, EXTERNAL_ID_LIMIT)


def _author(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.author[use.target.removeprefix("author.")] = cell


def _tags(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    names = [name.strip() for name in _SPLIT.split(cell) if name.strip()]
    for name in names:
        if len(fold(name)) > TAG_LIMIT or not fold(name):
            raise Wrong(f"A tag has 1 to {TAG_LIMIT} characters.")
        if name not in meaning.incoming.tags:
            meaning.incoming.tags.append(_checked(name, TAG_LIMIT))
    if len(meaning.incoming.tags) > TAGS_LIMIT:
        raise Wrong(f"At most {TAGS_LIMIT} tags; this has {len(meaning.incoming.tags)}.")


def _property(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.properties[use.name] = [cell]


def _custom(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.custom_fields[use.name] = _checked(cell, FIELD_LIMIT)


def _metadata(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.incoming.metadata[use.name] = _checked(cell, FIELD_LIMIT)


def _survey(translator: Translator, meaning: Meaning, use: Use, cell: str) -> None:
    meaning.scores[use.name] = score_of(cell, translator.kinds.get(use.name) or use.type or Survey.Kind.OTHER)


_SETTERS: dict[str, Setter] = {
    "external_id": _external_id, "title": _title, "body": _body, "channel": _channel, "status": _status,
    "occurred_at": _occurred_at, "account_id": _account_id, "author.name": _author, "author.email": _author,
    "author.phone": _author, "author.user_id": _author, "author.handle": _author, "tags": _tags,
    "property": _property, "custom": _custom, "metadata": _metadata, "survey": _survey,
}  # fmt: skip
