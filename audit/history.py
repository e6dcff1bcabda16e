"""The audit log in people's words: who did what, and what stood there before and after (2.4, 8.5).

Every app says in its own `history.py` how its tables, verbs and names read; this module only knows the form, so that it
need not know the apps above it. `tests/audit/test_wording.py` fails for a table or verb without words.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse

from audit.models import Change, Entry
from staff.permissions import teams_of

LINES = 12  # of one entry; the rest is counted
VALUE_LIMIT = 200
HIDEABLE = ("account", "customer", "document", "identifier", "note")


@dataclass(frozen=True)
class Named:
    """What a record is called, and where it is shown."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Line:
    """One thing that changed. With `before` and `after`: a value that was replaced; else `text` says it all."""

    label: str
    before: str = ""
    after: str = ""
    text: str = ""
    url: str = ""

    @property
    def spoken(self) -> str:
        """For those who do not see that a value is struck out."""
        if self.before and self.after:
            return f"changed from {self.before} to {self.after}"
        return f"removed, was {self.before}" if self.before else f"set to {self.after}"


@dataclass(frozen=True)
class Told:
    """An entry as a person reads it."""

    entry_id: int
    verb: str
    at: datetime
    who: str
    did: str
    through: str
    subject: Named | None
    lines: Sequence[Line] = ()
    more: int = 0
    times: int = 1

    @property
    def sentence(self) -> str:
        return f"{self.who} {self.did}{f' {self.subject.text}' if self.subject else ''}"

    @property
    def icon(self) -> str:
        return ICONS.get(self.verb.partition(".")[0], "pencil")

    @property
    def tone(self) -> str:
        participle = self.verb.rpartition(".")[2]
        if participle in {"created", "added", "received", "linked"}:
            return "tone-ok"
        return "tone-bad" if participle in {"deleted", "removed", "unlinked"} else "tone-none"


Loader = Callable[[set[int], Any], dict[int, Named]]
Survivor = Callable[[int, Any], int | None]
Parts = Callable[[int, Any], list[int]]
Describe = Callable[[Change, "Book"], list[Line]]


@dataclass(frozen=True)
class Wording:
    """How the changes of one table read: `labels` of its columns, `refers` from column to the kind of record it names.

    `kind` is what a row itself is called by, where its own name is wanted. `describe` takes over when columns side by
    side would say it badly ("Tag vip added").
    """

    thing: str
    kind: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    refers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    describe: Describe | None = None


TABLES: dict[str, Wording] = {}
VERBS: dict[str, str] = {}
LOADERS: dict[str, Loader] = {}
JOINED: dict[str, tuple[Survivor, Parts]] = {}

ICONS = {
    "account": "building-2",
    "audit": "scroll-text",
    "customer": "user",
    "database": "database",
    "demo": "sprout",
    "document": "message-square",
    "import": "upload",
    "key": "key",
    "membership": "building-2",
    "note": "sticky-note",
    "property": "sliders-horizontal",
    "response": "star",
    "survey": "star",
    "tag": "tag",
    "tool": "bot",
    "user": "circle-user",
}
THROUGH = {
    "page": "",  # why say it: whoever clicks, clicks on a page
    "import": "by file import",
    "intake": "through intake",
    "task": "in the background",
    "api": "through the REST API",
    "mcp": "through MCP",
    "seed": "",
    "command": "by a command",
    "database": "directly in the database",
    "admin": "in the Django admin",
    "sync": "by a sync",
}
NOBODY = {"database": "Somebody", "seed": "Roster", "task": "Roster", "command": "An operator"}


def words(table: str, wording: Wording) -> None:
    TABLES[table] = wording


def verbs(phrases: Mapping[str, str]) -> None:
    """What was done, as it follows a person's name and comes before the subject's: {"customer.created": "added"}."""
    VERBS.update(phrases)


def names(kind: str, load: Loader) -> None:
    """`load(ids, viewer)` names records of `kind` (a model's name) that the viewer may see."""
    LOADERS[kind] = load


def joined(kind: str, survivor: Survivor, parts: Parts) -> None:
    """Records of `kind` can become part of another: `survivor(id, viewer)` is whose history tells that of one that did,
    `parts(id, viewer)` are those whose history is told with its own. Only what the viewer may see."""
    JOINED[kind] = (survivor, parts)


class Book:
    """The names that one answer needs, each kind read once. `about` is the subject whose page this is, whose own name
    need not be said again."""

    def __init__(self, viewer: Any, about: tuple[str, int] | None = None) -> None:
        self.viewer = viewer
        self.about = about
        self._names: dict[str, dict[int, Named]] = defaultdict(dict)
        self._memo: dict[str, Any] = {}

    def read(self, wanted: Mapping[str, set[int]]) -> None:
        for kind, ids in wanted.items():
            missing = {i for i in ids if isinstance(i, int)} - self._names[kind].keys()
            if missing and kind in LOADERS:
                self._names[kind].update(LOADERS[kind](missing, self.viewer))

    def name(self, kind: str, identity: Any) -> Named:
        """What the record is called; its kind and number when it is gone, and no number when it may be hidden."""
        limited = teams_of(self.viewer) is not None and kind in HIDEABLE
        return self.find(kind, identity) or Named(f"another {kind}" if limited else f"{kind} {identity}")

    def find(self, kind: str, identity: Any) -> Named | None:
        return self._names[kind].get(identity)

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]


def tell(entries: Sequence[Entry], changes: Mapping[int, Sequence[Change]], book: Book) -> list[Told]:
    """`entries` in words, in their order, each with its `changes`."""
    book.read(_wanted(entries, changes, book.about))
    return [_told(entry, changes.get(entry.pk, ()), book) for entry in entries]


def phrase(verb: str) -> str:
    """What was done; for a verb without words, the best that can be made of its name."""
    if verb in VERBS:
        return VERBS[verb]
    thing, _, participle = verb.partition(".")
    return f"{participle.replace('_', ' ')} the {thing}"


def who(entry: Entry) -> str:
    if entry.actor_id:
        name = str(entry.actor) if entry.actor else "A former colleague"
        if entry.on_behalf_of_id:
            return f"{name} as {entry.on_behalf_of or 'a former customer'}"
        return name
    if entry.source_id:
        return str(entry.source) if entry.source else "A removed source"
    return NOBODY.get(entry.via, "Roster")


def lines_of(change: Change, book: Book) -> list[Line]:
    wording = TABLES.get(change.table) or Wording(thing=change.table)
    if wording.describe:
        return wording.describe(change, book)
    if change.operation == Change.Operation.UPDATE:
        return fields(change, wording, book)
    done = "added" if change.operation == Change.Operation.INSERT else "removed"
    return [Line(wording.thing.capitalize(), text=done)]


def fields(change: Change, wording: Wording, book: Book, *, skip: Iterable[str] = ()) -> list[Line]:
    """A line for every column that was changed."""
    return [
        Line(
            wording.labels.get(column) or column.removesuffix("_id").replace("_", " ").capitalize(),
            before=_value(column, before, wording, book),
            after=_value(column, after, wording, book),
        )
        for column, before, after in change.fields()
        if column not in wording.hidden and column not in skip
    ]


def address(name: str, *args: Any) -> str:
    """The page of that URL name, or "" where there is none (yet)."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def plain(value: Any) -> str:
    """A stored value as text, cut where it gets long."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        text = ", ".join(plain(item) for item in value)
    elif isinstance(value, dict):
        text = ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    else:
        text = " ".join(str(value).split())
    return text if len(text) <= VALUE_LIMIT else f"{text[: VALUE_LIMIT - 1]}…"


def _value(column: str, value: Any, wording: Wording, book: Book) -> str:
    if value is not None and column in wording.refers:
        return book.name(wording.refers[column], value).text
    chosen = wording.values.get(column)
    if chosen and isinstance(value, str | int | bool) and value in chosen:
        return chosen[value]
    return plain(value)


def _wanted(
    entries: Sequence[Entry], changes: Mapping[int, Sequence[Change]], about: tuple[str, int] | None
) -> dict[str, set[int]]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        if entry.subject_id:
            wanted[entry.subject_type].add(entry.subject_id)
        for change in changes.get(entry.pk, ()):
            wording = TABLES.get(change.table)
            if wording is None:
                continue
            if wording.kind:
                wanted[wording.kind].add(change.row_id)
            for kind, identity in (("account", change.account_id), ("customer", change.customer_id)):
                if identity and (kind, identity) != about:
                    wanted[kind].add(identity)
            for column, kind in wording.refers.items():
                wanted[kind] |= {side[column] for side in (change.before, change.after) if side and side.get(column)}
    return wanted


def _told(entry: Entry, changes: Sequence[Change], book: Book) -> Told:
    lines = [line for change in changes for line in lines_of(change, book)]
    subject = None
    if entry.subject_id and (entry.subject_type, entry.subject_id) != book.about:
        subject = book.name(entry.subject_type, entry.subject_id)
    return Told(
        entry_id=entry.pk, verb=entry.verb, at=entry.at, who=who(entry), did=phrase(entry.verb), subject=subject,
        through=THROUGH.get(entry.via, entry.via), lines=lines[:LINES], more=max(len(lines) - LINES, 0),
    )  # fmt: skip
