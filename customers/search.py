"""What people type into the search box, as conditions on customers (2.3).

Everything searchable stands on the customer's row as `search_text`: the folded name and every identifier, lower case.
`customers.listing` decides how rows that meet conditions are found.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Func, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.lookups import GreaterThan

from core.text import ascii_lower, fold, problem
from customers.identifying import phone_digits
from customers.models import Identifier

TEXT_LIMIT, WORDS_LIMIT = 200, 8
TRIGRAM = 3  # characters in a row that the trigram index needs to find anything
PHONE_DIGITS = 5  # fewer are part of a number, a name or an ID like any other word


@dataclass(frozen=True)
class Condition:
    """One thing that every listed customer must meet.

    `indexed`: an index finds its rows, and the planner knows about how many. `column`: the column of the list's order
    that it restricts to a range, so that the walk in this order begins there; `ordered`: every order has an index of
    just the rows that meet it. `each`: the same asked of one row, where the planner would otherwise gather everybody
    that meets it first. `probe`: the ids of who meets it, counted where the planner's estimate means nothing. `joint`:
    it asks for several things at once, which the planner takes to have nothing to do with each other.
    """

    q: Q
    indexed: bool = True
    column: str = ""
    each: Q | None = None
    probe: "QuerySet[Any] | None" = None
    ordered: bool = False
    joint: bool = False


def words_of(text: str) -> list[str]:
    """The words to search for. Raises ValidationError with a sentence for the search box."""
    fault = problem(text, limit=TEXT_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_search")
    words = text.split()
    if len(words) > WORDS_LIMIT:
        raise ValidationError(f"Search for at most {WORDS_LIMIT} words; this has {len(words)}.", code="too_many_words")
    return words


def conditions(text: str) -> list[Condition]:
    """What `text` asks for: every word, in any order. Raises ValidationError."""
    words = words_of(text)
    if not words:
        return []
    digits = phone_digits(re.sub(r"\(0\)", "", " ".join(words)))
    if len(digits) >= PHONE_DIGITS:
        return [_phone(digits, words)]
    return [_word(word) for word in words]


def spellings(word: str) -> list[str]:
    """The ways in which `word` can stand in `search_text`: folded like names, or normalised like identifiers."""
    if word.isascii():
        return [word.lower()]
    normalized = unicodedata.normalize("NFKC", word)
    ways = [fold(word), normalized.casefold(), ascii_lower(unicodedata.normalize("NFC", word))]
    return [way for way in dict.fromkeys(ways) if way] or [word]


def _phone(digits: str, words: list[str]) -> Condition:
    """A phone in any notation. Stored ones begin with + and the country, so 00 and a leading 0 are left out."""
    ways = [digits.lstrip("0") or digits]
    if len(words) == 1 and words[0] not in ways:  # 2024-00117 is perhaps a user ID
        ways.append(words[0])
    if digits != ways[0]:
        ways.append(digits)
    return Condition(_contains(ways), indexed=all(_finds_trigrams(way) for way in ways))


def _word(word: str) -> Condition:
    if "@" in word:
        owners = _owners(["email"], unicodedata.normalize("NFKC", word).casefold())
        if owners:
            return Condition(Q(pk__in=owners))
        return _part_of_email(word)
    ways = spellings(word)
    if all(_finds_trigrams(way) for way in ways):
        return Condition(_contains(ways))
    owners = _owners(["user_id", "handle"], unicodedata.normalize("NFC", word))
    return Condition(Q(pk__in=owners)) if owners else Condition(_contains(ways), indexed=False)


def _owners(kinds: list[str], normalized: str) -> list[int]:
    """Whose identifier this is exactly: found by a unique index, before any search for parts."""
    found = Identifier.objects.filter(kind__in=kinds, normalized=normalized)
    return list(found.values_list("customer_id", flat=True)[:10])


def _part_of_email(word: str) -> Condition:
    """The index looks up the part before the @ alone: the trigrams around @ and dots are in nearly every row."""
    ways = spellings(word)
    locals_ = [way.rpartition("@")[0] for way in ways]
    if all(_finds_trigrams(local) for local in locals_):
        both = [Q(search_text__contains=f"{local}@") & Q(Holds(way)) for local, way in zip(locals_, ways, strict=True)]
        return Condition(_any(both))
    return Condition(_contains(ways), indexed=all(_finds_trigrams(way) for way in ways))


def _contains(ways: list[str]) -> Q:
    return _any([Q(search_text__contains=way) for way in ways])


def _any(choices: list[Q]) -> Q:
    found = choices[0]
    for choice in choices[1:]:
        found |= choice
    return found


def _finds_trigrams(text: str) -> bool:
    return any(len(run) >= TRIGRAM for run in re.findall(r"[^\W_]+", text))


def Holds(text: str) -> GreaterThan:
    """Whether `search_text` has `text` in it, asked so that no index is tempted."""
    at = Func(F("search_text"), Value(text, output_field=TextField()), function="strpos", output_field=IntegerField())
    return GreaterThan(at, 0)
