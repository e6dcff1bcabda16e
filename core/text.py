"""Text as people type it: made safe to store and comparable to search."""

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_ASCII_UPPER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """The text for sorting and searching: no case, no accents, single spaces.

    NFKD drops compatibility forms, so full-width and ligature spellings meet the plain ones.
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", bare.casefold())).strip()


def ascii_lower(text: str) -> str:
    """Lower-cases A to Z only, as PostgreSQL's `lower(… COLLATE "C")` does."""
    return text.translate(_ASCII_UPPER)


def tidy(text: str) -> str:
    """One line of text: NFC, no control characters, outer and repeated white space gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) != "Cc")
    return _SPACE.sub(" ", unicodedata.normalize("NFC", visible)).strip()


def problem(text: str, *, limit: int) -> str | None:
    """Why this text cannot be stored, as a sentence, or None. `limit` is in characters."""
    if len(text) > limit:
        return f"Must be at most {limit:,} characters; this has {len(text):,}."
    if "\x00" in text:
        return "Must not contain the NUL character."
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "Must not contain half of a surrogate pair."
    return None
