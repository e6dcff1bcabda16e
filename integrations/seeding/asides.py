"""What stands around customers: memberships, survey responses without a document, notes of the team."""

from collections.abc import Iterator
from random import Random

from integrations.seeding.attributes import pick
from integrations.seeding.catalogue import CSAT, DEPARTMENTS, EFFORT, NPS, Catalogue
from integrations.seeding.companies import Company
from integrations.seeding.copying import NULL, day, moment, text
from integrations.seeding.people import Person
from integrations.seeding.rhythm import Rhythm

MEMBERSHIP = 'customer_id, account_id, "primary", contact, key_contact, owner, properties, provenance, created_at'
NOTE = "customer_id, author_id, body, pinned, created_at"
_ROLES = ("Member",) * 12 + ("Admin",) * 4 + ("Billing",) * 2 + ("Owner",)
_SCORES = (10, 10, 10, 9, 9, 9, 9, 8, 8, 8, 7, 7, 6, 5, 4, 2, 0)
_NOTES = (
    "Prefers a call over long threads. Never before 10:00 local.",
    "Credited $60 for the July outage, agreed with finance.",
    "Met at the spring conference; wants to be a reference customer once exports are fixed.",
    "Renewal goes through procurement now, expect six weeks. Contact there changes often.",
    "Speaks for three teams. If she says it is urgent, it is.",
    "Asked not to be called. Email only.",
    "Uses a screen reader; send text, not screenshots.",
    "Two other profiles seem to be the same person, to be checked.",
    "Promised an update on scheduled reports before the end of the quarter.",
    "Very technical, likes API examples. Skip the basics.",
    "Moved from Sales to Operations, new phone number in the signature.",
    "Took part in the research on onboarding, happy to join again.",
    "Was promised the old price for another year by Mina.",
    "Escalated twice; copy the account manager on every answer.",
    "On parental leave until spring, a colleague answers meanwhile.",
)


def membership_rows(people: list[Person], random: Random) -> Iterator[str]:
    """The first member of an organisation is its key contact, the next ones contacts now and then; whoever is there and
    came first owns it."""
    for person in people:
        if person.company:
            yield _membership(person, person.company, random, primary=True)
        if person.other_company:
            yield _membership(person, person.other_company, random, primary=False)


def _membership(person: Person, company: Company, random: Random, *, primary: bool) -> str:
    company.members += 1
    key = company.members == 1
    owner = primary and person.state == "active" and not company.owned
    company.owned = company.owned or owner
    contact = key or owner or company.members <= 4 or random.random() < 0.04
    role = "Owner" if owner else pick(random, _ROLES)
    properties = f'"role":["{role}"]'
    if random.random() < 0.6:
        properties += f',"department":["{pick(random, DEPARTMENTS)}"]'
    if random.random() < 0.5:
        properties += f',"joined_on":["{day(person.created // 86400)}"]'
    flags = "\t".join("t" if flag else "f" for flag in (primary, contact, key, owner))
    return f"{person.id}\t{company.id}\t{flags}\t{{{properties}}}\t{{}}\t{moment(person.created)}"


def response_rows(people: list[Person], random: Random, rhythm: Rhythm, known: Catalogue) -> Iterator[str]:
    """Scores that were given without a word."""
    for person in people:
        if random.random() < 0.12 and person.state == "active":
            survey = (NPS, NPS, CSAT, EFFORT)[int(random.random() * 4)]
            score = _SCORES[int(random.random() * len(_SCORES))]
            score = score if survey == NPS else 1 + round(score * (0.4 if survey == CSAT else 0.6))
            at = person.created + int(random.random() * (rhythm.end - person.created))
            yield (
                f"{known.surveys[survey]}\t{person.id}\t{NULL}\t{NULL}\t{known.sources['survey']}\tanswer-{person.id}\t{score}\t\t"
                f"{moment(at)}"
            )


def note_rows(people: list[Person], random: Random, rhythm: Rhythm, known: Catalogue) -> Iterator[str]:
    for person in people:
        if random.random() < 0.08 and person.state == "active":
            for number in range(1 + (random.random() < 0.3)):
                author = str(known.authors[int(random.random() * len(known.authors))]) if known.authors else NULL
                at = person.created + int(random.random() * (rhythm.end - person.created))
                pinned = "t" if number == 0 and random.random() < 0.2 else "f"
                yield f"{person.id}\t{author}\t{text(pick(random, _NOTES))}\t{pinned}\t{moment(at)}"
