"""Full-text search over documents: what people type, as a query that can never be a syntax error (5.1).

Words must all occur, "quoted words" next to each other, a word after - not at all; the last word may be unfinished.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, F, Func

MOST_CHARACTERS = 300
MOST_TERMS = 16
LONGEST_TERM = 100
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Term:
    """Words to find. `unfinished`: the last one may be the beginning of a longer word."""

    text: str
    phrase: bool = False
    excluded: bool = False
    unfinished: bool = False


def terms_of(typed: str) -> list[Term]:
    """What was typed, as terms that hold at least one letter or digit."""
    typed = "".join(c for c in typed[:MOST_CHARACTERS] if c != "\0" and not "\ud800" <= c <= "\udfff")
    found = [
        Term(text=(phrase or word)[:LONGEST_TERM], phrase=not word, excluded=bool(minus))
        for minus, phrase, word in _TERM.findall(typed)
    ]
    terms = [term for term in found if _WORDS.search(term.text)][:MOST_TERMS]
    if terms and not terms[-1].phrase and not typed[-1:].isspace():
        last = terms[-1]
        terms[-1] = Term(text=last.text, excluded=last.excluded, unfinished=True)
    return terms


def query_of(typed: str) -> "TextQuery | None":
    """The search for what was typed; None when there is nothing to look for."""
    terms = terms_of(typed)
    return TextQuery(terms) if terms else None


class TextQuery(Func):
    """Whether a document has the terms. Each is parsed by PostgreSQL itself, as the documents were."""

    output_field = BooleanField()

    def __init__(self, terms: list[Term]) -> None:
        super().__init__(F("search_vector"))
        self.terms = terms

    @property
    def is_joint(self) -> bool:
        """Whether several words must occur."""
        return len(self.terms) > 1 or len(_WORDS.findall(self.terms[0].text)) > 1

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        parts, values = [], list(params)
        for term in self.terms:
            sql, said = _sql(term)
            parts.append(f"(!!{sql})" if term.excluded else sql)
            values += said
        return f"({column} @@ ({' && '.join(parts)}))", values


def _sql(term: Term) -> tuple[str, list[str]]:
    if term.phrase:
        return "phraseto_tsquery('simple', %s)", [term.text]
    if not term.unfinished:
        return "plainto_tsquery('simple', %s)", [term.text]
    beginning = "'" + term.text.replace("\\", " ").replace("'", " ").strip() + "':*"
    if _WORDS.fullmatch(term.text):
        return "to_tsquery('simple', %s)", [beginning]
    # An address or a path is one word of the document, but its beginning alone parses into several
    return "(to_tsquery('simple', %s) || lower(%s)::tsquery)", [beginning, beginning]


def marks_of(typed: str) -> re.Pattern[str] | None:
    """Where to mark what was found in a title or snippet: words that begin like the words typed."""
    words = {word for term in terms_of(typed) if not term.excluded for word in _WORDS.findall(term.text)}
    if not words:
        return None
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})", re.IGNORECASE)


def marked(text: str, pattern: re.Pattern[str] | None) -> Iterator[tuple[str, bool]]:
    """`text` in pieces, each with whether it is to be marked."""
    position = 0
    for found in pattern.finditer(text) if pattern else ():
        yield text[position : found.start()], False
        yield found[0], True
        position = found.end()
    yield text[position:], False
