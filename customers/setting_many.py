"""One property of many customers or accounts set or removed (2.3, 3.1), in few statements whatever their number.

What the action is about travels as one text, `plan = Enterprise`: keys hold no spaces, so it can be taken apart again.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from audit.actor import Actor
from audit.models import Change
from audit.recording import recorded
from core.retrying import retrying
from core.text import problem
from properties import provenance
from properties.models import Definition
from properties.values import cast_all

SETTING = ("set_property", "remove_property")
LABELS = {"set_property": "Set property", "remove_property": "Remove property"}
TEXT_LIMIT = 1_000
# By model: when a value is set, when it is removed
VERBS = {
    "customers.Customer": ("customer.property_set", "customer.property_removed"),
    "accounts.Account": ("account.property_set", "account.property_removed"),
}
SUBJECTS = {"customers.Customer": Definition.Subject.CUSTOMER, "accounts.Account": Definition.Subject.ACCOUNT}
_IS = " = "


def asked(action: str, key: str, value: str, subject: str) -> str:
    """The text of an action from what was typed, the key as it is defined. Raises ValidationError."""
    value = value.strip()
    fault = problem(f"{key}{value}", limit=TEXT_LIMIT - len(_IS))
    if fault:
        raise ValidationError(fault)
    definition = Definition.objects.filter(subject=subject, key__iexact=key.strip()).first()
    if definition is None:
        raise ValidationError(f"There is no property “{key.strip()}”." if key.strip() else "Choose a property.")
    if action == "remove_property":
        return definition.key
    if not cast_all(definition, [value]):
        raise ValidationError("Type the value to set, or choose Remove.")
    return f"{definition.key}{_IS}{value}"


def key_of(text: str) -> str:
    """The key alone: what a finished job keeps."""
    return text.partition(_IS)[0]


def said(action: str, text: str, numbers: str) -> str:
    """What was done, as a sentence."""
    return f"Set {text} on {numbers}." if action == "set_property" else f"Removed {text} from {numbers}."


def change(
    model: type[models.Model], text: str, ids: Collection[int], *, actor: Actor, now: datetime
) -> tuple[list[int], int]:
    """Sets the property, or removes it where the text has no value. The ids of those that changed, and the entry's."""
    key, _, value = text.partition(_IS)
    definition = _definition(model, key)
    if definition is None:
        return [], 0
    values = cast_all(definition, [value])
    return _each(model, definition.key, ids, lambda row: values, actor=actor, now=now, removed=not values)


def put_back(model: type[models.Model], entry_id: int, *, actor: Actor, now: datetime) -> tuple[str, list[int]] | None:
    """Gives back what the property was before this entry of the actor's, to those who still have what it set.

    The key, and the ids; None where the log knows of nothing to give back.
    """
    changes = Change.objects.filter(
        entry_id=entry_id,
        entry__actor_id=actor.user_id,
        entry__verb__in=VERBS[model._meta.label],
        table=model._meta.db_table,
    ).select_related("entry")
    rows = {change.row_id: change for change in changes}
    key = next((change.entry.facts.get("property", "") for change in rows.values()), "")
    if not key:
        return None

    def before(row: Any) -> list[Any] | None:
        change = rows[row.pk]
        was, became = (((side or {}).get("properties") or {}).get(key, []) for side in (change.before, change.after))
        return was if row.properties.get(key, []) == became else None

    return key, _each(model, key, rows, before, actor=actor, now=now)[0]


@retrying
def _each(
    model: type[models.Model], key: str, ids: Collection[int], value_of: Callable[[Any], list[Any] | None], *,
    actor: Actor, now: datetime, removed: bool = False,
) -> tuple[list[int], int]:  # fmt: skip
    """Gives each active row what `value_of` says, None for what stays."""
    with recorded(actor, VERBS[model._meta.label][removed], now=now) as entry:
        active = model._default_manager.filter(pk__in=ids, state="active").order_by("pk")
        rows: list[Any] = list(active.only("properties", "provenance").select_for_update(no_key=True))
        changed = []
        for row in rows:
            values = value_of(row)
            if values is not None and provenance.put(
                row.properties, row.provenance, key, list(values), actor=actor, now=entry.at
            ):
                changed.append(row)
        if not changed:
            entry.discard()
            return [], 0
        model._default_manager.bulk_update(changed, ["properties", "provenance"])
        entry.facts |= {"property": key}
        if len(changed) == 1:
            entry.about(changed[0])
        else:
            entry.facts |= {f"{model._meta.model_name}s": len(changed)}
        return [row.pk for row in changed], entry.pk


def _definition(model: type[models.Model], key: str) -> Definition | None:
    return Definition.objects.filter(subject=SUBJECTS[model._meta.label], key__iexact=key).first()
