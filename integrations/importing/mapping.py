"""What the columns of a file mean: a mapping as written in a command, kept as JSON, chosen on a page or guessed."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from core.text import fold
from feedback.models import Document

DATE_ORDERS = {"": "2026-02-03", "dmy": "Day first (3/2/2026)", "mdy": "Month first (2/3/2026)"}
PROPERTIES = ("property", "p")  # one value a cell; several, as exports write them
_SPEC = re.compile(r"(property|p|custom|metadata|survey)\.(.+)", re.DOTALL)


class MappingProblem(Exception):
    """What is wrong with a mapping: `problems` is a list of (place among the uses or None, sentence)."""

    def __init__(self, problems: list[tuple[int | None, str]]) -> None:
        super().__init__(" ".join(text for _, text in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Use:
    """What one column is for. `name` is the property's key, the field's or the survey's name; `type` the property's
    type, the survey's kind, or the order of day and month of a time."""

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
        return cls.of_left(left, column.strip())

    @classmethod
    def of_left(cls, left: str, column: str) -> Self:
        """From the part before the `=`, which is also what the columns of an export are called."""
        target, name, type_ = left.strip(), "", ""
        if found := _SPEC.fullmatch(target):
            target, name = found.groups()
            if target in {*PROPERTIES, "survey"}:
                name, _, type_ = name.partition(":")
        else:
            target, _, type_ = target.partition(":")
        return cls(column, target, name.strip(), type_.strip())

    @property
    def spec(self) -> str:
        left = f"{self.target}.{self.name}" if self.name else self.target
        return f"{left}:{self.type}={self.column}" if self.type else f"{left}={self.column}"


@dataclass(slots=True)
class Plan:
    """A whole mapping. `kind` is what the rows are. Of documents `channel` is that of rows without one, and
    `channel_values` says what words in the file mean."""

    uses: list[Use] = field(default_factory=list)
    channel: str = Document.Channel.IMPORT
    channel_values: dict[str, str] = field(default_factory=dict)
    keep_rest: bool = False  # columns without a use go into the document's metadata
    source: str = ""  # the name of the source that the rows come from
    kind: str = "documents"

    @classmethod
    def of_json(cls, kept: Dict[str, Any]) -> Self:
        return cls(**{**kept, "uses": [Use(**use) for use in kept.get("uses", [])]})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, *targets: str) -> list[Use]:
        return [use for use in self.uses if use.target in targets]

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
