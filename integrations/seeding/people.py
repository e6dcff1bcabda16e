"""Customers: who they are, how they can be reached, and when they write; everything but the words."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from core.text import ascii_lower
from customers.models.customer import sort_key
from integrations.seeding.attributes import Attributes
from integrations.seeding.catalogue import CUSTOMER_TAGS, Catalogue
from integrations.seeding.companies import Company
from integrations.seeding.names import CULTURES, Culture
from integrations.seeding.rhythm import Rhythm

T = TypeVar("T")

CHANNELS = (
    ("email",) * 26 + ("chat",) * 20 + ("widget",) * 16 + ("survey",) * 14 + ("api",) * 10 + ("voice",) * 6
    + ("social",) * 5 + ("import",) * 3
)  # fmt: skip
MAILBOXES = ("postbox.example", "mailhouse.example", "inbox.example", "lettera.example", "brev.example")
CLOSED_MAILBOX = "oldpost.example"  # its users were last heard of long ago: the hard case of search
_LATECOMERS = 1.12  # makes up for those who came too late to write as much as they would
NETWORKS = ("github", "twitter", "mastodon", "community", "linkedin")
_LOCALS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ß": "ss", "ə": "e"}
    | dict.fromkeys("’' .", "")
)
_MIXED = tuple(culture for culture in CULTURES for _ in range(culture.weight))
# How much people write, relative to each other: many once, a few all the time
_FEEDBACK = (
    (0.0,) * 12 + (0.15, 0.2, 0.25, 0.3, 0.3) * 8 + (0.5, 0.7, 0.9, 1.1) * 7 + (1.6, 2.3) * 7 + (3.5, 4.5, 6, 8, 11, 16)
)


@dataclass(slots=True)
class Person:
    name: str
    culture: Culture
    country: str
    company: Company | None
    origin: str
    created: int
    elsewhere: int | None
    identifiers: list[tuple[str, str, str]] = field(default_factory=list)  # kind, value, normalized; the first leads
    documents: list[tuple[int, str]] = field(default_factory=list)  # when and channel, in order
    other_company: Company | None = None
    tags: list[int] = field(default_factory=list)
    attributes: Attributes | None = None
    state: str = "active"
    deleted: int | None = None
    id: int = 0

    @property
    def sort_name(self) -> str:
        return folded(self.name)

    def first(self, kind: str) -> str:
        """The value of the primary, or only, identifier of this kind."""
        return next((value for known, value, _ in self.identifiers if known == kind), "")

    @property
    def author_email(self) -> str:
        return next((normalized for kind, _, normalized in self.identifiers if kind == "email"), "")

    @property
    def search_text(self) -> str:
        ordered = sorted((kind, normalized) for kind, _, normalized in self.identifiers)
        return " ".join([self.sort_name, *(ascii_lower(normalized) for _, normalized in ordered)])


@functools.lru_cache(maxsize=50_000)
def folded(name: str) -> str:
    return sort_key(name)


@functools.lru_cache(maxsize=50_000)
def slug(name: str) -> str:
    return folded(name).translate(_LOCALS)


class People:
    """Makes customers one after the other; `number` counts them over all batches."""

    random: Random

    def __init__(self, rhythm: Rhythm, catalogue: Catalogue, *, documents_each: float) -> None:
        self.rhythm, self.catalogue = rhythm, catalogue
        scale = documents_each / (sum(_FEEDBACK) / len(_FEEDBACK)) * _LATECOMERS
        self.feedback = tuple(share * scale for share in _FEEDBACK)
        self.taken: set[str] = set()

    def batch(self, random: Random, numbers: range, companies: list[Company]) -> Iterator[Person]:
        """The customers with these numbers, most of whom work for one of `companies`, the first ones most often."""
        self.random = random
        workplaces = [c for rank, c in enumerate(companies) for _ in range(1 + 40 * len(companies) // (rank + 3))]
        before: Person | None = None
        for number in numbers:
            twin = before is not None and self.random.random() < 0.025
            person = self._twin(before, number) if before and twin else self._person(number, workplaces)
            yield person
            before = person if person.name and not twin else None

    def _person(self, number: int, workplaces: list[Company]) -> Person:
        chance = self.random.random
        culture = self._pick(_MIXED)
        name, given, family = self._name(culture)
        company = self._pick(workplaces) if workplaces and chance() < 0.8 else None
        bygone = company is None and chance() < 0.08
        person = Person(
            name=name, culture=culture, country=self._pick(culture.countries), company=company,
            origin="sync", created=0, elsewhere=None,
        )  # fmt: skip
        if company and chance() < 0.08:
            other = self._pick(workplaces)
            person.other_company = other if other is not company else None
        if company is None and not bygone and chance() < 0.025:
            person.name = ""
            self._add(person, "email", f"participant-{number}@study.invalid")
        elif chance() < 0.955 or bygone:
            self._add_emails(person, given, family, number, CLOSED_MAILBOX if bygone else "")
        if chance() < 0.55 or not person.identifiers:
            self._add_phone(person)
        self._add_others(person, given, family, number)
        self._live(person, bygone=bygone)
        self._describe(person, given, family, number)
        return person

    def _twin(self, known: Person, number: int) -> Person:
        """The same human being once more, as another channel saw them."""
        chance = self.random.random
        parts = known.name.split(" ")
        spellings = (f"{parts[0][0]}. {parts[-1]}", folded(known.name).title(), known.name, f"{parts[-1]}, {parts[0]}")
        name = self._pick(spellings)
        person = Person(
            name=name, culture=known.culture, country=known.country, company=known.company if chance() < 0.4 else None,
            origin="document", created=0, elsewhere=None,
        )  # fmt: skip
        local = known.author_email.partition("@")[0] or slug(known.name) or "me"
        address = f"{local}@{self._pick(MAILBOXES)}"
        if address in self.taken or any(address == normalized for _, _, normalized in known.identifiers):
            address = f"{local}.{number}@{MAILBOXES[0]}"
        self.taken.add(address)
        self._add(person, "email", address)
        if known.first("phone"):
            self._add(person, "phone", known.first("phone").replace(" ", "-"))
        self._live(person, bygone=False)
        self._describe(person, slug(parts[0]), slug(parts[-1]), number)
        return person

    def _name(self, culture: Culture) -> tuple[str, str, str]:
        """(as shown, given name and family name as an email would spell them)"""
        if culture.native and self.random.random() < 0.35:
            given, _, plain_given = self._pick(culture.native[0]).partition("=")
            family, _, plain_family = self._pick(culture.native[1]).partition("=")
            gap = "" if culture.language in {"zh", "ko"} else " "
            shown = f"{family}{gap}{given}" if culture.family_first else f"{given} {family}"
            return shown, slug(plain_given), slug(plain_family)
        given, family = self._pick(culture.given), self._pick(culture.family)
        return f"{given} {family}", slug(given), slug(family)

    def _add_emails(self, person: Person, given: str, family: str, number: int, mailbox: str) -> None:
        chance, company = self.random.random, person.company
        if company:
            whole, initial = f"{given}.{family}", given[0]
            local = self._pick(
                (whole, whole, given, f"{initial}.{family}", f"{initial}{family}", f"{given}.{family[0]}")
            )
            if local in company.locals:
                local = whole if whole not in company.locals else f"{whole}{number}"
            company.locals.add(local)
            typed = f"{local}@{company.domain}"
            self._add(person, "email", typed.title() if chance() < 0.02 else typed)
        if not company or chance() < 0.22:
            local = f"{given}{self._pick(('.', '_', ''))}{family}{number}"
            self._add(person, "email", f"{local}@{mailbox or self._pick(MAILBOXES)}")
            if chance() < 0.06:
                self._add(person, "email", f"{family}.{number}@{self._pick(MAILBOXES)}")

    def _add_phone(self, person: Person) -> None:
        for _ in range(2 if self.random.random() < 0.12 else 1):
            pattern = self._pick(person.culture.phones)
            gaps = pattern.count("#")
            digits = iter(str(int(self.random.random() * 10**gaps)).zfill(gaps))
            self._add(person, "phone", "".join(next(digits) if c == "#" else c for c in pattern))

    def _add_others(self, person: Person, given: str, family: str, number: int) -> None:
        chance = self.random.random
        if chance() < 0.72:
            self._add(person, "user_id", f"p-{1000 + number}")
        if chance() < 0.05:
            self._add(person, "user_id", f"CRM-{20000 + number}")
        if chance() < 0.09:
            self._add(person, "handle", f"{self._pick(NETWORKS)}:{given}_{family}{number}")
        if chance() < 0.03:
            self._add(person, "anonymous_id", f"{self.random.getrandbits(64):016x}-{number}")

    def _add(self, person: Person, kind: str, value: str) -> None:
        if kind == "phone":
            normalized = "+" + "".join(c for c in value if c.isdigit())
        else:
            normalized = value.casefold() if kind in {"email", "handle"} else value
        if (kind, value, normalized) not in person.identifiers:
            person.identifiers.append((kind, value, normalized))

    def _live(self, person: Person, *, bygone: bool) -> None:
        """When the customer came to be known, and every time that they wrote."""
        chance, rhythm = self.random.random, self.rhythm
        start = rhythm.place(chance() * (0.03 if bygone else 0.97))
        last = rhythm.place(1.0)
        if bygone:
            end = rhythm.place(0.05)
        elif chance() < 0.55:
            end = last
        else:
            end = start + int((last - start) * chance() ** 0.7)
        expected = self._pick(self.feedback) * (0.6 + 0.8 * chance())
        end = max(end, start + 400)
        days = (rhythm.hours[min(end, last)] - rhythm.hours[start]) // 86400
        count = min(int(expected) + (chance() < expected % 1), 3 + days // 3)
        favourite = self._pick(CHANNELS)
        moments = sorted([rhythm.moment(self.random, start, end) for _ in range(count)])
        person.documents = [(at, favourite if chance() < 0.5 else self._pick(CHANNELS)) for at in moments]
        roll = chance()
        if moments and (person.origin == "document" or roll < 0.3):
            person.origin, person.created = "document", moments[0] + 2
            return
        person.origin = "sync" if roll < 0.84 else "import" if roll < 0.93 else "hand"
        person.created = min(rhythm.hours[start], moments[0] if moments else rhythm.end) + int(chance() * 60)
        if person.origin == "sync":
            person.elsewhere = person.created - int(chance() * 500 * 86400)
        if not moments and chance() < 0.04:
            person.state = "deleted"
            person.deleted = max(person.created, rhythm.end - person.created % (25 * 86_400))

    def _describe(self, person: Person, given: str, family: str, number: int) -> None:
        chance = self.random.random
        person.tags = sorted(self.catalogue.tags[name] for name, _, share in CUSTOMER_TAGS if chance() < share)
        public = f"{given}-{family}-{number}"
        person.attributes = Attributes.of(
            self.random, person.culture, person.country, person.company, person.created, public
        )

    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self.random.random() * len(items))]
