"""Looking several people up in many texts at once."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from core.text import fold
from feedback.anonymising import Known

NUMBER_DIGITS = 6  # shorter numbers say how many there are, not who somebody is
SPLIT = re.compile(r"[\s<>\"'(),;|\[\]]+")


class Words:
    """What is known of several people, for looking it up in many texts at once."""

    def __init__(self, known: Iterable[Known]) -> None:
        self.whole: set[str] = set()
        self.parts: set[str] = set()
        self.digits: set[str] = set()
        for one in known:
            for name in one.names:
                self.whole |= {name.lower(), name.casefold(), fold(name)}
            for kind, text in one.identifiers:
                self.whole |= {text.lower(), text.casefold()}
                self.parts |= {text.lower(), text.casefold()}
                digits = re.sub(r"\D", "", text) if kind == "phone" else ""
                if len(digits) >= 6:
                    self.digits |= {digits, digits[1:], digits[2:]} if len(digits) >= 9 else {digits}
        self.whole.discard("")
        self.parts.discard("")

    def are_in(self, text: str) -> bool:
        lower = text.lower().strip()
        if lower in self.whole or fold(text) in self.whole:
            return True
        if len(text) < 40 and (digits := re.sub(r"\D", "", text)) and digits in self.digits:
            return True
        return any(part in self.parts for part in SPLIT.split(lower))

    def are_in_data(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(self.are_in(str(key)) or self.are_in_data(one) for key, one in value.items())
        if isinstance(value, list):
            return any(self.are_in_data(one) for one in value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return len(str(value)) >= NUMBER_DIGITS and self.are_in(str(value))
        return isinstance(value, str) and self.are_in(value)
