"""What the rows of a file can be: a kind says which columns it knows, and turns rows into what is written.

A kind is a class in `kinds/`; an object of it reads and writes the rows of one file by its plan.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.models import Source
from integrations.importing.cells import Wrong
from integrations.importing.mapping import PROPERTIES, Plan, Use
from integrations.importing.reading import Layout, Row
from integrations.models import Import


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; `column` is '' when it is the row as such."""

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: created, updated, unchanged or suppressed; and the customer that it is about."""

    status: str
    customer_id: int | None = None


@dataclass(slots=True)
class Meaning:
    """What a row says: an item of its kind, and what is wrong with it."""

    row: Row
    item: Any
    faults: list[Fault] = field(default_factory=list)


Setter = Callable[[Any, Any, Use, str], None]  # what a cell does to the item of its row: kind, item, use, cell


class Kind:
    """`once` are the targets that one column at most can have, `many` those of several, `named` those with a name
    behind a dot; each with what it is called on the page. `exported` are the columns of an export that come in again
    under their own names. `guesses` are what other systems call the columns of each target."""

    name: ClassVar[str]
    thing: ClassVar[str]
    things: ClassVar[str]
    once: ClassVar[dict[str, str]]
    many: ClassVar[dict[str, str]] = {}
    named: ClassVar[dict[str, str]] = {}
    dated: ClassVar[frozenset[str]] = frozenset()
    verbatim: ClassVar[frozenset[str]] = frozenset()  # spaces around the cell belong to it
    never_empty: ClassVar[frozenset[str]] = frozenset()  # the setter is called for an empty cell, to refuse it
    setters: ClassVar[dict[str, Setter]]
    exported: ClassVar[tuple[str, ...]]
    guesses: ClassVar[dict[str, tuple[str, ...]]] = {}
    subject: ClassVar[str] = "customer"  # whose properties they are
    ranks_as_staff: ClassVar[bool] = False  # a file by staff decides values as its uploader does (2.7)
    do_not_call_in_templates = True
    headings: ClassVar[tuple[str, ...]]  # of the preview
    seen_at: ClassVar[str]  # the name of the address of the list where the rows can be seen

    def __init__(self, plan: Plan, columns: Sequence[str]) -> None:
        self.plan = plan
        self.places = {column: place for place, column in enumerate(columns)}
        self.uses = [
            (use, self.places[use.column], self.setters[use.target], use.target in self.never_empty,
             use.target in self.verbatim)
            for use in plan.uses
        ]  # fmt: skip
        self.has_id = bool(plan.of("external_id"))
        self.column_of = {use.target: use.column for use in plan.uses}
        self.column_of |= {use.name.lower(): use.column for use in plan.of(*PROPERTIES)}

    @classmethod
    def ready(cls, plan: Plan, columns: Sequence[str]) -> Self:
        """The reader of one file, with what it has to know from the database."""
        return cls(plan, columns)

    @classmethod
    def targets(cls) -> dict[str, str]:
        return {**cls.once, **cls.many, **cls.named}

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        """What is wrong with a mapping as a whole, as sentences."""
        return iter(())

    @classmethod
    def guess(cls, layout: Layout) -> Plan:
        """What the columns of a file that no export made probably mean."""
        raise NotImplementedError

    # A row. None of this asks the database: a thread does it while the rows before are written

    def blank(self) -> Any:
        raise NotImplementedError

    def meaning(self, row: Row) -> Meaning:
        meaning = Meaning(row, self.blank())
        if row.fault:
            meaning.faults.append(Fault("", row.fault))
            return meaning
        for use, place, setter, never_empty, verbatim in self.uses:
            cell = row.cells[place].strip()
            if not cell and not never_empty:
                continue
            try:
                if "\x00" in cell:
                    raise Wrong("Must not contain the NUL character.")
                setter(self, meaning.item, use, row.cells[place] if verbatim else cell)
            except Wrong as wrong:
                meaning.faults.append(Fault(use.column, str(wrong)))
            except ValidationError as error:
                meaning.faults.append(Fault(use.column, " ".join(error.messages)))
        self.complete(meaning)
        return meaning

    def complete(self, meaning: Meaning) -> None:
        """Adds to the item what no single cell says, and to the faults what the row lacks."""

    def weigh(self, item: Any) -> int:
        """How many identifiers will be locked for it."""
        return 0

    # A batch

    def prepare(self, layout: Layout) -> None:
        """Makes what the mapping names and nobody made before."""

    def write(
        self, items: Sequence[Any], *, source: Source, actor: Actor, now: datetime
    ) -> list[Outcome | list[Fault]]:
        """What became of each item, in the caller's audit entry; what is wrong with one stops no other."""
        raise NotImplementedError

    def write_one(self, item: Any, *, source: Source, actor: Actor, now: datetime) -> Outcome | list[Fault]:
        return self.write([item], source=source, actor=actor, now=now)[0]

    def faults_of(self, errors: dict[str, list[str]]) -> list[Fault]:
        """The faults that a ValidationError names, by the columns they came from."""
        return [Fault(self.column_named(key), " ".join(map(str, texts))) for key, texts in errors.items()]

    def column_named(self, key: str) -> str:
        return self.column_of.get(key, self.column_of.get(key.lower(), ""))

    # The preview

    def shown(self, item: Any) -> list[Any]:
        """The cells of a row of the preview, under `headings`."""
        raise NotImplementedError


def actor_of(job: Import, kind: type[Kind], source: Source) -> Actor:
    """Whose values the import brings: those of staff who uploaded the file, where it describes people and accounts
    (2.7); else those of a system."""
    if kind.ranks_as_staff and job.uploaded_by_id:
        return Actor("import", "staff", user_id=job.uploaded_by_id, source_id=source.pk)
    return Actor.of_source(source, via="import")


def id_of(row: Row) -> str:
    """What stands for the external ID of a row without one: the same row has the same."""
    said = "\x1f".join(row.cells).encode("utf-8", "surrogatepass")
    return f"row-{hashlib.sha256(said).hexdigest()[:40]}"
