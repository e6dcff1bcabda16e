"""What is known of a person, blanked in text and JSON (6.2): names as whole words, and identifiers however written."""

import re
from collections.abc import Iterable
from functools import cached_property
from html import escape
from typing import Any
from urllib.parse import quote

from core.text import fold

BLANK = "[removed]"
_PARTICLES = frozenset(re.split(" ", "al bin da de del der di do dos du el en la le of the van von und and y e ibn dr"))
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_NO_DIGIT = re.compile(r"\D")
_END = r"(?!\w)"
_AGAIN = re.compile(r"\[removed\](?:\s+\[removed\])+")
_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\s().\-/\u00a0]{0,3}\d){5,30}(?!\w)")
_DIGITS = 6  # of a phone number; fewer would blank prices and years
_WHOLE = 9  # digits from which on a number is somebody's, whatever stands before it
_SHORT = 4  # an identifier shorter than this is blanked as a whole word only


class Known:
    """The names and identifiers to blank. `identifiers` are (kind, text) pairs, as typed and as compared."""

    def __init__(self, names: Iterable[str], identifiers: Iterable[tuple[str, str]]) -> None:
        self.names = sorted({name.strip() for name in names if name and name.strip()})
        self.identifiers = sorted({(kind, text.strip()) for kind, text in identifiers if text and text.strip()})

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> "Known":
        return cls(data["names"], [(kind, text) for kind, text in data["identifiers"]])

    def as_json(self) -> dict[str, Any]:
        return {"names": self.names, "identifiers": [list(pair) for pair in self.identifiers]}

    def text(self, text: str) -> str:
        """`text` with what is known of the person replaced by [removed]."""
        if not text:
            return text
        blanked = self._pattern.sub(BLANK, text) if self._pattern else text
        if self._numbers:
            blanked = _NUMBER.sub(lambda found: BLANK if self._is_theirs(found[0]) else found[0], blanked)
        return text if blanked == text else _AGAIN.sub(BLANK, blanked)

    def data(self, value: Any) -> Any:
        """The same in every text of a JSON value, keys included; a number that is an identifier goes too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.data(one) for one in value]
        if isinstance(value, dict):
            return {self.text(key): self.data(one) for key, one in value.items()}
        if isinstance(value, bool) or value is None:
            return value
        return BLANK if self.text(str(value)) != str(value) else value

    def is_in(self, text: str) -> bool:
        return self.text(text) != text

    @cached_property
    def _numbers(self) -> set[str]:
        """The digits of phones; the country code may be missing, or a 0 in its place."""
        found = set[str]()
        for kind, text in self.identifiers:
            digits = _NO_DIGIT.sub("", text) if kind == "phone" else ""
            if len(digits) >= _DIGITS:
                found |= {digits, *(digits[cut:] for cut in (1, 2, 3) if len(digits) - cut >= _WHOLE)}
        return found

    def _is_theirs(self, number: str) -> bool:
        digits = _NO_DIGIT.sub("", number)
        return digits.lstrip("0") in self._numbers or any(len(one) >= _WHOLE and one in digits for one in self._numbers)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """One alternative for each form, the longest first: a name within an email goes with it.

        Those that begin with a letter or digit, which may not stand within a longer word, share the look behind them:
        finding out what many people are called costs more than looking for it.
        """
        forms = set[str]()
        for kind, text in self.identifiers:
            forms |= {text} if kind == "phone" else set(_identifier(kind, text))
        patterns = {_escaped(form) for form in forms}
        for name in self.names:
            patterns |= set(_name(name))
        words = [one for one in patterns if one[0].isalnum()]
        others = [one for one in patterns if not one[0].isalnum()]
        parts = [rf"(?<!\w)(?:{_alternatives(words)})"] if words else []
        parts += [_alternatives(others)] if others else []
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _alternatives(patterns: Iterable[str]) -> str:
    return "|".join(sorted(patterns, key=lambda one: (-len(one), one)))


def _identifier(kind: str, text: str) -> Iterable[str]:
    """The identifier as it stands, in an address and in HTML."""
    yield text
    if not (text.isascii() and text.isalnum()):
        yield from (quote(text, safe=""), quote(text), escape(text))
        if "@" in text:
            yield from (text.replace("@", "&#64;"), text.replace("@", "&#x40;"))
    if kind == "handle":
        name = text.split(":", 1)[-1].lstrip("@")
        if len(name) >= _SHORT:
            yield from (name, quote(name, safe=""))
        elif name:
            yield f"@{name}"


def _escaped(form: str) -> str:
    """Not the beginning of a longer word: user ID 12 is not in 123."""
    return re.escape(form) + (_END if form[-1].isalnum() else "")


def _name(name: str) -> Iterable[str]:
    """Patterns for the whole name, however its words are joined, and for each of them; accents may be missing."""
    words = _WORD.findall(name)
    yield _escaped(name)
    if len(words) > 1:
        yield r"[\s,._+%20-]{1,3}".join(map(re.escape, words)) + _END
    for word in words:
        if len(word) > 1 and fold(word) not in _PARTICLES:
            yield re.escape(word) + _END
            if fold(word) != word.casefold():
                yield re.escape(fold(word)) + _END
