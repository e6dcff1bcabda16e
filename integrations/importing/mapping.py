"""What the columns of a file mean: a mapping as written in a command, kept as JSON, chosen on a page or guessed."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from core.text import fold, problem
from engagement.models import Survey
from feedback.models import Document
from properties.models import KEY, KEY_FAULT, Definition

ONCE = {  # targets that one column at most can have
    "external_id": "Document: external ID", "title": "Document: title", "body": "Document: body",
    "channel": "Document: channel", "status": "Document: status", "occurred_at": "Document: time",
    "account_id": "Account: its ID", "author.name": "Author: name", "author.email": "Author: email",
    "author.phone": "Author: phone", "author.user_id": "Author: user ID", "author.handle": "Author: handle",
}  # fmt: skip
MANY = {"tags": "Document: tags"}
NAMED = {
    "property": "Customer property", "custom": "Document: custom field", "metadata": "Document: metadata",
    "survey": "Survey score",
}  # fmt: skip
TARGETS = {**ONCE, **MANY, **NAMED}
DATE_ORDERS = {"": "2026-02-03", "dmy": "Day first (3/2/2026)", "mdy": "Month first (2/3/2026)"}
NAME_LIMIT = 100
_SPEC = re.compile(r"(property|custom|metadata|survey)\.(.+)", re.DOTALL)


class MappingProblem(Exception):
    """What is wrong with a mapping: `problems` is a list of (place among the uses or None, sentence)."""

    def __init__(self, problems: list[tuple[int | None, str]]) -> None:
        super().__init__(" ".join(text for _, text in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Use:
    """What one column is for. `name` is the property's key, the field's or the survey's name; `type` the property's
    type, the survey's kind, or the order of day and month for `occurred_at`."""

    column: str
    target: str
    name: str = ""
    type: str = ""

    @classmethod
    def of_spec(cls, spec: str) -> Self:
        """From `target=Column`: `title=Subject`, `property.age:number=Customer Age`, `survey.CSAT:csat=Rating`."""
        left, equals, column = spec.partition("=")
        if not equals or not left.strip() or not column.strip():
            raise MappingProblem([(None, f"'{spec}' must be TARGET=COLUMN, such as title=Subject.")])
        target, name, type_ = left.strip(), "", ""
        if found := _SPEC.fullmatch(target):
            target, name = found.groups()
            if target in {"property", "survey"}:
                name, _, type_ = name.partition(":")
        else:
            target, _, type_ = target.partition(":")
        return cls(column.strip(), target, name.strip(), type_.strip())

    @property
    def spec(self) -> str:
        left = f"{self.target}.{self.name}" if self.name else self.target
        return f"{left}:{self.type}={self.column}" if self.type else f"{left}={self.column}"


@dataclass(slots=True)
class Plan:
    """A whole mapping. `channel` is that of rows without one; `channel_values` says what words in the file mean."""

    uses: list[Use] = field(default_factory=list)
    channel: str = Document.Channel.IMPORT
    channel_values: dict[str, str] = field(default_factory=dict)
    keep_rest: bool = False  # columns without a use go into the document's metadata
    source: str = ""  # the name of the source that the documents come from

    @classmethod
    def of_json(cls, kept: Dict[str, Any]) -> Self:
        return cls(**{**kept, "uses": [Use(**use) for use in kept.get("uses", [])]})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, target: str) -> list[Use]:
        return [use for use in self.uses if use.target == target]

    def fit(self, columns: Iterable[str]) -> Self:
        """The same mapping with the columns as this file spells them. Raises MappingProblem for those it lacks."""
        spelled = {fold(column): column for column in columns}
        lacking = [use.column for use in self.uses if fold(use.column) not in spelled]
        if lacking:
            there = ", ".join(f"'{column}'" for column in spelled.values())
            gone = ", ".join(f"'{column}'" for column in dict.fromkeys(lacking))
            raise MappingProblem([(None, f"The file has no column {gone}. It has {there}.")])
        uses = [Use(spelled[fold(use.column)], use.target, use.name, use.type) for use in self.uses]
        return replace(self, uses=uses)

    def check(self) -> None:
        """Raises MappingProblem with everything that is wrong."""
        problems: list[tuple[int | None, str]] = [
            (place, text) for place, use in enumerate(self.uses) for text in _faults(use, self.uses[:place])
        ]
        targets = {use.target for use in self.uses}
        if not targets & {"title", "body"}:
            problems.append(
                (None, "Choose a column for the document's title or body: a document has to say something.")
            )
        if self.channel not in Document.Channel.values:
            problems.append(
                (None, f"'{self.channel}' is no channel. Choose one of {', '.join(Document.Channel.values)}.")
            )
        problems += [
            (None, f"'{value}' is no channel. Map '{word}' to one of {', '.join(Document.Channel.values)}.")
            for word, value in self.channel_values.items()
            if value not in Document.Channel.values
        ]
        if problems:
            raise MappingProblem(problems)


def _faults(use: Use, before: Sequence[Use]) -> list[str]:
    faults = []
    if use.target not in TARGETS:
        faults.append(f"'{use.target}' is nothing a column can be. Choose one of {', '.join(TARGETS)}.")
    elif use.target in ONCE and any(other.target == use.target for other in before):
        faults.append(f"Another column is the {ONCE[use.target].lower()} already.")
    if use.target in NAMED:
        faults += _name_faults(use, before)
    elif use.target == "occurred_at" and use.type not in DATE_ORDERS:
        faults.append("The order of day and month is dmy or mdy.")
    elif use.target != "occurred_at" and use.type:
        faults.append(f"Only properties and surveys have a type: write {use.target}={use.column}.")
    return faults


def _name_faults(use: Use, before: Sequence[Use]) -> list[str]:
    if not use.name:
        return ["Give it a name."]
    if fault := problem(use.name, limit=NAME_LIMIT):
        return [f"Name: {fault}"]
    faults = []
    if any(other.target == use.target and other.name.lower() == use.name.lower() for other in before):
        faults.append(f"Another column is '{use.name}' already.")
    if use.target == "property":
        if not KEY.fullmatch(use.name):
            faults.append(KEY_FAULT)
        if use.type and use.type not in Definition.Type.values:
            faults.append(f"'{use.type}' is no type of property. Choose one of {', '.join(Definition.Type.values)}.")
    elif use.target == "survey" and use.type and use.type not in Survey.Kind.values:
        faults.append(f"'{use.type}' is no kind of survey. Choose one of {', '.join(Survey.Kind.values)}.")
    return faults
