"""Rows that are feedback: tickets, reviews, survey answers with words. Their authors become customers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.models import Source
from core.spreadsheets import split
from core.text import fold, tidy
from engagement.models import Survey
from feedback.models import Document
from feedback.prepared import Kept, Prepared
from feedback.receiving import Incoming, receive
from feedback.receiving_many import receive_many
from integrations.answers import Refused, object_of
from integrations.importing.cells import ID_LIMIT, Wrong, checked, moment_of, score_of
from integrations.importing.kind import Fault, Kind, Meaning, Outcome, id_of
from integrations.importing.kinds.definitions import define
from integrations.importing.kinds.ticket_words import channels_of, guess_documents
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import CELL_LIMIT, Layout
from integrations.importing.scoring import put_scores

TITLE_LIMIT, STATUS_LIMIT, TAG_LIMIT, TAGS_LIMIT, FIELD_LIMIT = 500, 60, 60, 50, 20_000
SOURCE_LIMIT = 120
TAG_SEPARATORS = ";,|"


@dataclass(slots=True)
class Feedback:
    """What a row says: the feedback, and the survey scores by survey name."""

    incoming: Incoming
    scores: dict[str, Decimal] = field(default_factory=dict)
    source: str = ""  # the name of another source than the file's
    _prepared: Prepared | None = field(default=None, init=False, repr=False)

    @property
    def prepared(self) -> Prepared:
        """For `receive_many`."""
        return self._prepared or self.prepare()

    def prepare(self) -> Prepared:
        """Does now, in whatever thread this is, what would else be done when `prepared` is asked for."""
        self._prepared = Prepared.of(self.incoming)
        return self._prepared


class Documents(Kind):
    name, thing, things = "documents", "document", "documents"
    once = {
        "external_id": "Document: external ID", "title": "Document: title", "body": "Document: body",
        "body_format": "Document: format of the body", "channel": "Document: channel", "status": "Document: status",
        "occurred_at": "Document: time", "custom_fields": "Document: custom fields as JSON",
        "metadata_fields": "Document: metadata as JSON", "source": "Document: source",
        "account_id": "Account: its ID", "author.name": "Author: name", "author.email": "Author: email",
        "author.phone": "Author: phone", "author.user_id": "Author: user ID", "author.handle": "Author: handle",
    }  # fmt: skip
    many = {"tags": "Document: tags"}
    named = {
        "property": "Customer property", "custom": "Document: custom field", "metadata": "Document: metadata",
        "survey": "Survey score",
    }  # fmt: skip
    dated = frozenset({"occurred_at"})
    verbatim = frozenset({"body"})
    never_empty = frozenset({"external_id"})
    exported = (
        "external_id", "title", "body", "body_format", "channel", "status", "tags", "occurred_at", "account_id",
        "author.name", "author.email", "author.phone", "author.user_id", "author.handle", "custom_fields",
        "metadata_fields", "source",
    )  # fmt: skip
    headings = ("Document", "Channel", "Time")
    seen_at = "documents:list"

    def __init__(self, plan: Plan, columns: Sequence[str], kinds: dict[str, str] | None = None) -> None:
        super().__init__(plan, columns)
        self.kinds = kinds or {}  # of the surveys by name
        used = {use.column for use in plan.uses}
        self.rest = [(one, place) for one, place in self.places.items() if one not in used] if plan.keep_rest else []
        self.channels = {fold(word): channel for word, channel in plan.channel_values.items()}

    @classmethod
    def ready(cls, plan: Plan, columns: Sequence[str]) -> Self:
        names = [use.name for use in plan.of("survey")]
        kinds = dict(Survey.objects.filter(name__in=names).values_list("name", "kind")) if names else {}
        return cls(plan, columns, kinds)

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        if not plan.of("title", "body"):
            yield "Choose a column for the document's title or body: a document has to say something."
        choice = ", ".join(Document.Channel.values)
        if plan.channel not in Document.Channel.values:
            yield f"'{plan.channel}' is no channel. Choose one of {choice}."
        for word, value in plan.channel_values.items():
            if value not in Document.Channel.values:
                yield f"'{value}' is no channel. Map '{word}' to one of {choice}."

    @classmethod
    def guess(cls, layout: Layout) -> Plan:
        return guess_documents(layout)

    def blank(self) -> Feedback:
        return Feedback(Incoming(channel=self.plan.channel))

    def complete(self, meaning: Meaning) -> None:
        incoming = meaning.item.incoming
        for column, place in self.rest:
            if cell := meaning.row.cells[place].strip():
                incoming.metadata[column] = cell[:FIELD_LIMIT].replace("\x00", "")
        if not (incoming.title or incoming.body or meaning.faults):
            meaning.faults.append(Fault("", "Has neither a title nor a body: a document has to say something."))
        if not self.has_id:
            incoming.external_id = id_of(meaning.row)

    def weigh(self, item: Feedback) -> int:
        return len(item.prepare().identities)

    def prepare(self, layout: Layout) -> None:
        define(self.plan, layout, self.subject)
        uses = self.plan.of("survey")
        held = {survey.name: survey for survey in Survey.objects.filter(name__in=[use.name for use in uses])}
        new = [Survey(name=use.name, kind=use.type or Survey.Kind.OTHER) for use in uses if use.name not in held]
        self.surveys = held | {survey.name: survey for survey in Survey.objects.bulk_create(new)}

    def write(
        self, items: Sequence[Feedback], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        outcomes: list[Any] = [None] * len(items)
        for name, places in _by_source(items).items():
            theirs = [items[place] for place in places]
            found = self._write_of_source(theirs, source=source_named(name, source), actor=actor, now=now)
            for place, outcome in zip(places, found, strict=True):
                outcomes[place] = outcome
        return outcomes

    def _write_of_source(
        self, items: Sequence[Feedback], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        outcomes: list[Outcome | list[Fault]] = []
        scored: list[tuple[int, Kept, dict[str, Decimal]]] = []
        told = [item.prepared for item in items]
        for place, kept in enumerate(receive_many(told, source=source, actor=actor, now=now)):
            if isinstance(kept, ValidationError):
                outcomes.append(self.faults_of(kept.message_dict))
                continue
            outcomes.append(Outcome(kept.status, kept.customer_id))
            if items[place].scores:
                scored.append((place, kept, items[place].scores))
        rescored = put_scores([(kept, scores) for _, kept, scores in scored], self.surveys, source=source)
        for place, kept, _ in scored:
            if kept.document_id in rescored and kept.status == "unchanged":
                outcomes[place] = Outcome("updated", kept.customer_id)
        return outcomes

    def write_one(self, item: Feedback, *, source: Source, actor: Actor, now: datetime) -> Outcome | list[Fault]:
        source = source_named(item.source, source)
        try:
            received = receive(item.incoming, source=source, actor=actor, now=now)
        except ValidationError as error:
            return self.faults_of(error.message_dict)
        document, status = received.document, received.status
        kept = Kept(document.pk, status, document.customer_id, document.account_id, document.occurred_at)
        if put_scores([(kept, item.scores)], self.surveys, source=source) and status == "unchanged":
            status = "updated"
        return Outcome(status, document.customer_id)

    def shown(self, item: Feedback) -> list[Any]:
        said = item.incoming
        text = said.title or said.body
        return [
            text if len(text) <= 60 else text[:59] + "…",
            said.channel.capitalize(),
            said.occurred_at or "Time of import",
        ]

    # What a cell does

    def _external_id(self, item: Feedback, use: Use, cell: str) -> None:
        if not cell:
            raise Wrong("Must not be empty: it is how the same row is recognised the next time.")
        item.incoming.external_id = checked(cell, ID_LIMIT)

    def _title(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.title = checked(" ".join(cell.split()), TITLE_LIMIT)

    def _body(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.body = cell

    def _body_format(self, item: Feedback, use: Use, cell: str) -> None:
        if cell not in Document.BodyFormat.values:
            raise Wrong(f"Must be one of {', '.join(Document.BodyFormat.values)}.")
        item.incoming.body_format = cell

    def _channel(self, item: Feedback, use: Use, cell: str) -> None:
        channel = self.channels.get(fold(cell)) or channels_of([cell]).get(cell)
        if not channel:
            raise Wrong(f"'{cell[:40]}' is no channel. Map it to one of {', '.join(Document.Channel.values)}.")
        item.incoming.channel = channel

    def _status(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.status = checked(cell, STATUS_LIMIT)

    def _occurred_at(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.occurred_at = moment_of(cell, use.type)

    def _account_id(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.account_external_id = checked(cell, ID_LIMIT)

    def _author(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.author[use.target.removeprefix("author.")] = cell

    def _tags(self, item: Feedback, use: Use, cell: str) -> None:
        add_tags(item.incoming.tags, cell)

    def _property(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.properties[use.name] = [cell]

    def _custom(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.custom_fields[use.name] = checked(cell, FIELD_LIMIT)

    def _metadata(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.metadata[use.name] = checked(cell, FIELD_LIMIT)

    def _custom_fields(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.custom_fields |= _object(cell)

    def _metadata_fields(self, item: Feedback, use: Use, cell: str) -> None:
        item.incoming.metadata |= _object(cell)

    def _source(self, item: Feedback, use: Use, cell: str) -> None:
        item.source = checked(tidy(cell), SOURCE_LIMIT)

    def _survey(self, item: Feedback, use: Use, cell: str) -> None:
        item.scores[use.name] = score_of(cell, self.kinds.get(use.name) or use.type or Survey.Kind.OTHER)

    setters = {
        "external_id": _external_id, "title": _title, "body": _body, "body_format": _body_format, "channel": _channel,
        "status": _status, "occurred_at": _occurred_at, "account_id": _account_id, "author.name": _author,
        "author.email": _author, "author.phone": _author, "author.user_id": _author, "author.handle": _author,
        "tags": _tags, "property": _property, "custom": _custom, "metadata": _metadata,
        "custom_fields": _custom_fields, "metadata_fields": _metadata_fields, "source": _source,
        "survey": _survey,
    }  # fmt: skip


def _by_source(items: Sequence[Feedback]) -> dict[str, list[int]]:
    """The places of the items of each source."""
    found: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        found.setdefault(item.source, []).append(place)
    return found


def source_named(name: str, otherwise: Source) -> Source:
    """The source of this name: one that imports made, else the only one of any kind, else a new one."""
    if name in {"", otherwise.name}:
        return otherwise
    called = list(Source.objects.filter(name=name).order_by("pk"))
    imported = next((one for one in called if one.kind == Source.Kind.IMPORT), None)
    if imported or len(called) == 1:
        return imported or called[0]
    return Source.objects.get_or_create(kind=Source.Kind.IMPORT, name=name)[0]


def add_tags(tags: list[str], cell: str) -> None:
    """Adds the names that a cell lists. Raises Wrong."""
    for name in split(cell, TAG_SEPARATORS):
        if len(fold(name)) > TAG_LIMIT or not fold(name):
            raise Wrong(f"A tag has 1 to {TAG_LIMIT} characters.")
        if name not in tags:
            tags.append(checked(name, TAG_LIMIT))
    if len(tags) > TAGS_LIMIT:
        raise Wrong(f"At most {TAGS_LIMIT} tags; this has {len(tags)}.")


def _object(cell: str) -> dict[str, Any]:
    try:
        return object_of(checked(cell, CELL_LIMIT).encode())
    except Refused as refused:
        raise Wrong(f"Must be a JSON object, as exports write it. {refused.message}") from None
