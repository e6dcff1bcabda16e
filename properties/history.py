"""How changes of properties read: of their definitions, and key by key of the values that records hold."""

from typing import Any

from audit.history import Book, Line, Named, Wording, address, names, plain, verbs, words
from audit.models import Change
from properties.models import Definition
from properties.values import shown

LABELS = {
    "is_key": "Shown in the header", "personal": "Personal data", "position": "Order", "type": "Type", "label": "Label",
    "choices": "Choices",
}  # fmt: skip


def load(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Definition.objects.filter(pk__in=ids).values_list("pk", "label")
    return {pk: Named(label, address("properties:list")) for pk, label in found}


def definition_of(book: Book, subject: str, key: str) -> Definition | None:
    """The definition of `key`, from one reading of all of them."""
    known = book.once(
        "definitions", lambda: {(item.subject, item.key.lower()): item for item in Definition.objects.all()}
    )
    return known.get((subject, key.lower()))


def value_lines(before: Any, after: Any, subject: str, book: Book) -> list[Line]:
    """A line for each property that the two states of a `properties` column have different."""
    before, after = before or {}, after or {}
    lines = []
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old != new:
            definition = definition_of(book, subject, key)
            label, type_ = (definition.label, definition.type) if definition else (key, "text")
            lines.append(Line(label, before=_shown(old, type_), after=_shown(new, type_)))
    return lines


def _shown(values: Any, type_: str) -> str:
    if not isinstance(values, list):
        return plain(values)
    return plain([shown(value, type_) if isinstance(value, str | int | float) else plain(value) for value in values])


def describe(change: Change, book: Book) -> list[Line]:
    from audit.history import fields

    if change.operation == Change.Operation.UPDATE:
        return fields(change, WORDING, book)
    row = change.after or change.before or {}
    done = "defined" if change.operation == Change.Operation.INSERT else "deleted"
    return [Line("Property", text=f"{row.get('label')} ({row.get('key')}) {done}")]


WORDING = Wording(
    thing="property", kind="definition", labels=LABELS, values={"type": dict(Definition.Type.choices)},
    hidden=frozenset({"created_at"}), describe=describe,
)  # fmt: skip
words("properties_definition", WORDING)
names("definition", load)
verbs({
    "property.defined": "added the property",
    "property.edited": "changed the property",
    "property.moved": "moved the property",
    "property.deleted": "deleted the property",
    "property.merged": "merged another property into",
    "property.values_recast": "changed the stored values of",
    "property.values_removed": "removed the values of",
    "property.values_merged": "moved the values into another property from",
})  # fmt: skip
