"""Documents as rows: what customers wrote, and what came from nobody that Roster knows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from integrations.seeding.attributes import dumped
from integrations.seeding.catalogue import CSAT, NPS, Catalogue
from integrations.seeding.copying import NULL, array, dumps, moment, text
from integrations.seeding.names import CULTURES
from integrations.seeding.people import CHANNELS, Person, slug
from integrations.seeding.rhythm import Rhythm
from integrations.seeding.writing import Writer, Writing

UNASSIGNED_SHARE = 0.06
COLUMNS = (
    "id, title, body, body_format, channel, source_id, external_id, author, author_email, customer_id, link,"
    " account_id, custom_fields, metadata, status, state, occurred_at, received_at, updated_at, tag_ids"
)
TAG_COLUMNS = "document_id, tag_id"
RESPONSE_COLUMNS = (
    "survey_id, customer_id, account_id, document_id, source_id, external_id, score, comment, answered_at"
)
_RECENT = 30 * 86400
_FRESH = ("open",) * 8 + ("pending",) * 5 + ("solved",) * 7
_OLD = ("closed",) * 15 + ("solved",) * 4 + ("pending",)
_SEVERITIES = ("Low", "Normal", "Normal", "Normal", "High", "Critical")
_BROWSERS = ("Firefox 141", "Chrome 141", "Safari 18.1", "Edge 140", "Chrome 140 on Android", "Safari on iOS 18")
_PAGES = ("/reports/42", "/boards/7", "/settings/billing", "/exports", "/editor/1881", "/search", "/", "/integrations")
_ELSEWHERE = ("guestmail.example", "quickmail.example", "unheard.example")  # where no customer has an address

Draft = tuple[int, str, Person | None]  # when, channel, whose


@dataclass(slots=True)
class Aside:
    """Rows of other tables that came about while documents were written."""

    tags: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)


def drafts(people: list[Person], random: Random, rhythm: Rhythm) -> list[Draft]:
    """Every document to be written, in order of time, with those of unknown authors among them."""
    known: list[Draft] = [(at, channel, person) for person in people for at, channel in person.documents]
    last = rhythm.place(1.0)
    unknown = round(len(known) * UNASSIGNED_SHARE / (1 - UNASSIGNED_SHARE))
    known += [
        (rhythm.moment(random, 0, last), CHANNELS[int(random.random() * len(CHANNELS))], None) for _ in range(unknown)
    ]
    known.sort(key=lambda draft: draft[0])
    return known


class Documents:
    """Turns drafts into rows, and knows what a customer's details look like as an author."""

    def __init__(self, random: Random, rhythm: Rhythm, catalogue: Catalogue) -> None:
        self.random, self.catalogue, self.end = random, catalogue, rhythm.end
        self.writer = Writer(random)
        self.authors: dict[int, str] = {}

    def rows(self, drafts: list[Draft], first_id: int, people: list[Person], aside: Aside) -> Iterator[str]:
        self.authors.clear()
        for number, (at, channel, person) in enumerate(drafts, first_id):
            if person is None:
                yield self._unassigned(number, at, channel, people, aside)
            else:
                yield self._of(person, number, at, channel, aside)

    def _of(self, person: Person, number: int, at: int, channel: str, aside: Aside) -> str:
        author = self.authors.get(person.id)
        if author is None:
            author = self.authors[person.id] = text(author_of(person))
        chance = self.random.random
        account = str(person.company.id) if person.company and chance() < 0.75 else NULL
        given = "" if not person.name else person.name.split(" ")[0] if " " in person.name else person.name
        written = self.writer.write(channel, person.culture.language, given)
        link = "matched" if chance() < 0.97 else "staff"
        return self._row(
            number, at, channel, written, author, person.author_email, str(person.id), link, account, aside
        )

    def _unassigned(self, number: int, at: int, channel: str, people: list[Person], aside: Aside) -> str:
        chance = self.random.random
        culture = CULTURES[int(chance() * len(CULTURES))]
        given, family = (names[int(chance() * len(names))] for names in (culture.given, culture.family))
        author, email, link, roll = "{}", "", "none", chance()
        if roll < 0.1 and people:
            person = people[int(chance() * len(people))]
            author, email, link = author_of(person), person.author_email, "removed"
        elif roll < 0.55:
            email = f"{slug(given)}.{slug(family)}.{number}@{_ELSEWHERE[number % 3]}"
            author = dumps({"name": f"{given} {family}", "email": email})
        elif roll < 0.8:
            author = dumps({"name": given if channel in {"chat", "widget"} else f"{given} {family}"})
        written = self.writer.write(channel, culture.language, "" if author == "{}" else given)
        return self._row(number, at, channel, written, text(author), email, NULL, link, NULL, aside)

    def _row(
        self, number: int, at: int, channel: str, written: Writing, author: str, email: str, customer: str, link: str,
        account: str, aside: Aside,
    ) -> str:  # fmt: skip
        chance, catalogue = self.random.random, self.catalogue
        source = catalogue.sources[channel]
        external = f"{channel[:2]}-{100000 + number}"
        title = written.title
        if written.score is not None:
            title = self._answered(number, at, written, customer, account, source, external, aside)
        tags = [catalogue.tags[written.tag]] if chance() < 0.4 else []
        if chance() < 0.03:
            tags.append(catalogue.tags["Urgent"])
        aside.tags += [f"{number}\t{tag}" for tag in sorted(tags)]
        custom = "{}"
        if chance() < 0.4 and written.score is None:
            custom = f'{{"product_area":"{written.topic}","severity":"{_SEVERITIES[int(chance() * 6)]}"}}'
        status = ""
        if channel not in {"survey", "social"}:
            statuses = _FRESH if self.end - at < _RECENT else _OLD
            status = statuses[int(chance() * len(statuses))]
        received = moment(at + 1 + int(chance() * 90))
        metadata = self._metadata(channel, number, written, email)
        return (
            f"{number}\t{text(title)}\t{text(written.body)}\t{'html' if written.html else 'text'}\t{channel}\t"
            f"{source}\t{external}\t{author}\t{email}\t{customer}\t{link}\t{account}\t{custom}\t"
            f"{metadata}\t{status}\tactive\t{moment(at)}\t{received}\t{received}\t{array(sorted(tags))}"
        )

    def _answered(
        self,
        number: int,
        at: int,
        written: Writing,
        customer: str,
        account: str,
        source: int,
        external: str,
        aside: Aside,
    ) -> str:
        """Adds the survey response that goes with a document; returns the document's title."""
        survey, score, title = NPS, written.score or 0, f"NPS {written.score}"
        if self.random.random() < 0.4:
            survey, score = CSAT, 1 + round(score * 0.4)
            title = f"{score} of 5 after support"
        if customer != NULL:
            aside.responses.append(
                f"{self.catalogue.surveys[survey]}\t{customer}\t{account}\t{number}\t{source}\t{external}\t{score}\t{text(written.body)}\t{moment(at)}"
            )
        return title

    def _metadata(self, channel: str, number: int, written: Writing, email: str) -> str:
        chance = self.random.random
        if channel in {"widget", "chat"}:
            known = f'"userEmail":{dumped(email)},' if email and channel == "widget" else ""
            browser, page = _BROWSERS[int(chance() * 6)], _PAGES[int(chance() * 8)]
            return f'{{{known}"browser":"{browser}","page":"{page}","app_version":"4.{number % 19}.{number % 7}"}}'
        if channel == "email":
            return f'{{"message_id":"<{number}.{int(chance() * 1e6)}@mail.example>","to":"support@tidepool.example"}}'
        if channel == "voice":
            queue = ("English", "General", "Billing")[number % 3]
            return f'{{"duration_seconds":{40 + int(chance() * 900)},"queue":"{queue}"}}'
        if channel == "survey":
            return f'{{"score":{written.score}}}'
        if channel == "social":
            return f'{{"permalink":"https://social.example/p/{number}","followers":{int(10 ** (1 + 3 * chance()))}}}'
        return f'{{"ticket":"T-{40000 + number}","priority":"{_SEVERITIES[int(chance() * 6)].lower()}"}}'


def author_of(person: Person) -> str:
    """The person's details as a channel passes them on."""
    found = {"name": person.name} if person.name else {}
    for kind in ("email", "phone", "user_id", "handle"):
        value = person.first(kind)
        if value and not (kind == "phone" and found.get("email")):
            found[kind] = value
    return dumps(found)
