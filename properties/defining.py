"""Commands on definitions of properties (2.7). What they do to stored values happens at once for up to a page of
records, and in the background for more."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Max, Q

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import problem, tidy
from properties.models import KEY, KEY_FAULT, Definition, PropertyRewrite
from properties.rewriting import Action, Outcome, holders, rewrite
from properties.values import VALUE_LIMIT

LABEL_LIMIT = 120
MOST_CHOICES = 200


class KeyTaken(Exception):
    """The key is defined already, perhaps in another letter case; `definition` is that one."""

    def __init__(self, definition: Definition) -> None:
        super().__init__(f"Definition {definition.pk} has this key")
        self.definition = definition


class Busy(Exception):
    """The stored values are still being changed in the background."""


@dataclass(frozen=True)
class Wanted:
    """What a definition shall say. Raises ValidationError by field when it cannot."""

    label: str
    type: str
    choices: list[str] = field(default_factory=list)
    personal: bool = True
    is_key: bool = False

    def __post_init__(self) -> None:
        faults: dict[str, str] = {}
        fault = problem(self.label, limit=LABEL_LIMIT)
        if fault or not tidy(self.label):
            faults["label"] = fault or "Enter what people call it."
        if self.type not in Definition.Type.values:
            faults["type"] = "Choose one of the types."
        if self.type == Definition.Type.CHOICE and not self.choices:
            faults["choices"] = "Write at least one choice, each on a line of its own."
        if len(self.choices) > MOST_CHOICES:
            faults["choices"] = f"At most {MOST_CHOICES} choices; this has {len(self.choices)}."
        for choice in self.choices:
            fault = problem(choice, limit=VALUE_LIMIT)
            if fault:
                faults["choices"] = fault
        if faults:
            raise ValidationError(faults)


@dataclass(frozen=True)
class Done:
    """What happened to the values that were there: counted, or a job that is still at it."""

    definition: Definition
    outcome: Outcome = field(default_factory=Outcome)
    job: PropertyRewrite | None = None


def clean_choices(text: str) -> list[str]:
    """Choices, one a line; blank lines and repeats left out."""
    return list(dict.fromkeys(line for line in (tidy(line) for line in text.splitlines()) if line))


@retrying
def define(key: str, subject: str, wanted: Wanted, *, actor: Actor, now: datetime | None = None) -> Definition:
    """A new definition, last in order. Raises ValidationError, KeyTaken."""
    if not KEY.fullmatch(key):
        raise ValidationError({"key": KEY_FAULT})
    if subject not in Definition.Subject.values:
        raise ValidationError({"subject": "Choose what it describes."})
    with recorded(actor, "property.defined", now=now) as entry:
        known = Definition.objects.filter(subject=subject, key__iexact=key).first()
        if known:
            raise KeyTaken(known)
        last = Definition.objects.filter(subject=subject).aggregate(last=Max("position"))["last"]
        definition = Definition(subject=subject, key=key, position=(last or 0) + 1)
        _fill(definition, wanted)
        definition.save()
        entry.about(definition)
        return definition


@retrying
def edit(definition: Definition, wanted: Wanted, *, actor: Actor, now: datetime | None = None) -> Done:
    """Changes all but the key. Another type recasts the stored values; what does not fit stays. Raises Busy."""
    with recorded(actor, "property.edited", definition, now=now) as entry:
        [held] = _held(definition)
        before = (held.label, held.type, held.choices, held.personal, held.is_key)
        retyped = held.type != wanted.type
        _fill(held, wanted)
        if before == (held.label, held.type, held.choices, held.personal, held.is_key):
            entry.discard()
            return Done(held)
        held.save()
        return _change_values(held, Action.RECAST, actor=actor) if retyped else Done(held)


@retrying
def move(definition: Definition, *, by: int, actor: Actor, now: datetime | None = None) -> bool:
    """Moves it `by` places (-1: up) among those of its subject; whether there was room."""
    with recorded(actor, "property.moved", definition, now=now) as entry:
        ordered = list(Definition.objects.select_for_update().filter(subject=definition.subject).order_by("pk"))
        ordered.sort(key=lambda one: (one.position, one.label, one.pk))
        at = next((at for at, one in enumerate(ordered) if one.pk == definition.pk), None)
        to = at + by if at is not None else -1
        if at is None or not 0 <= to < len(ordered):
            entry.discard()
            return False
        ordered.insert(to, ordered.pop(at))
        for position, one in enumerate(ordered, start=1):
            if one.position != position:
                Definition.objects.filter(pk=one.pk).update(position=position)
        return True


@retrying
def delete(definition: Definition, *, actor: Actor, now: datetime | None = None) -> Done:
    """Removes the values from every record, then the definition. Raises Busy."""
    with recorded(actor, "property.deleted", definition, now=now):
        [held] = _held(definition)
        return _change_values(held, Action.REMOVE, actor=actor)


@retrying
def merge(source: Definition, target: Definition, *, actor: Actor, now: datetime | None = None) -> Done:
    """Gives the values of `source` to `target`, then removes `source`. Raises ValidationError, Busy."""
    if source.pk == target.pk or source.subject != target.subject:
        raise ValidationError({"target": "Choose another property of the same kind of record."})
    with recorded(actor, "property.merged", target, now=now, facts={"merged_id": source.pk}):
        held, into = _held(source, target)
        return _change_values(held, Action.MERGE, into=into, actor=actor)


def _change_values(definition: Definition, action: str, *, actor: Actor, into: Definition | None = None) -> Done:
    ids = holders(definition, most=settings.PAGE_SIZE + 1)
    if len(ids) > settings.PAGE_SIZE:
        job = PropertyRewrite.objects.create(
            action=action, definition=definition, into=into, label=definition.label, actor_id=actor.user_id
        )
        job.enqueue()
        return Done(definition, job=job)
    outcome = rewrite(ids, definition, action, into)
    if action != Action.RECAST:
        definition.delete()
    return Done(definition, outcome)


def _held(*definitions: Definition) -> list[Definition]:
    """The rows, locked, with nothing in the background at work on them."""
    ids = [one.pk for one in definitions]
    held = {one.pk: one for one in Definition.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    if len(held) < len(ids):
        raise Definition.DoesNotExist
    if PropertyRewrite.objects.unfinished().filter(Q(definition__in=ids) | Q(into__in=ids)).exists():
        raise Busy
    return [held[pk] for pk in ids]


def _fill(definition: Definition, wanted: Wanted) -> None:
    definition.label, definition.type = tidy(wanted.label), wanted.type
    definition.choices = wanted.choices if wanted.type == Definition.Type.CHOICE else []
    definition.personal, definition.is_key = wanted.personal, wanted.is_key
