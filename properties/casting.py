"""Typed values of many records: each definition is asked for once, each distinct list of values cast once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower

from properties.models import KEY, KEY_FAULT, Definition, label_of
from properties.values import cast_all, type_of

Raws = Mapping[str, Sequence[Any]]
Typed = dict[str, list[Any]]


class Casting:
    """The definitions that records may name by `keys`, in any letter case.

    A key never seen gets a definition once a record that names it is taken: what is refused defines nothing.
    """

    def __init__(self, subject: str, keys: Iterable[str]) -> None:
        self.subject = subject
        self._known: dict[str, Definition] = {}
        self._new: dict[str, Definition] = {}
        self._cast: dict[Any, list[Any] | ValidationError] = {}
        folded = {key.lower() for key in keys}
        if folded:
            found = Definition.objects.filter(subject=subject).annotate(folded=Lower("key")).filter(folded__in=folded)
            self._known = {one.key.lower(): one for one in found}

    def cast(self, raws: Raws, types: Mapping[str, str]) -> tuple[Typed, list[Definition]]:
        """Typed values by the key's own spelling, and the definitions that are new with them.

        `types` are those of keys never seen, else the first value says it. Raises ValidationError by key.
        """
        values: Typed = {}
        new: dict[str, Definition] = {}
        for key, sent in raws.items():
            definition = self._known.get(key.lower()) or new.get(key.lower())
            if definition is None:
                if not KEY.fullmatch(key):
                    raise ValidationError({key: ValidationError(KEY_FAULT, code="invalid_key")})
                first = next((one for one in sent if one is not None), None)
                if first is None:
                    continue  # nothing to clear
                type_ = types.get(key) or type_of(first)
                definition = Definition(subject=self.subject, key=key, label=label_of(key), type=type_)
                new[key.lower()] = definition
            values[definition.key] = self._typed(key, definition, sent)
        return values, list(new.values())

    def take(self, new: Iterable[Definition]) -> None:
        """Keeps these definitions for the records that follow, and to be saved."""
        for definition in new:
            self._known.setdefault(definition.key.lower(), definition)
            self._new.setdefault(definition.key.lower(), definition)

    def save(self) -> bool:
        """Writes the definitions taken; False when somebody else has just defined one of them in another way."""
        if not self._new:
            return True
        new = dict(sorted(self._new.items()))
        saved = Definition.objects.for_keys({one.key: one.type for one in new.values()}, subject=self.subject)
        return all((one.key, one.type) == (saved[one.key].key, saved[one.key].type) for one in new.values())

    def _typed(self, key: str, definition: Definition, sent: Sequence[Any]) -> list[Any]:
        about: Any = (definition.key, definition.type, *((type(one), one) for one in sent))
        try:
            known = self._cast.get(about)
        except TypeError:  # a list or an object: nothing that can be cast
            about, known = None, None
        if known is None:
            try:
                known = cast_all(definition, sent)
            except ValidationError as error:
                known = error
            if about is not None:
                self._cast[about] = known
        if isinstance(known, ValidationError):
            raise ValidationError({key: known})
        return list(known)
