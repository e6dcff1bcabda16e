"""Property values of customers, as JSON text: what `json.dumps` would make of them, in a fraction of its time."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from integrations.seeding.catalogue import DEPARTMENTS
from integrations.seeding.companies import INDUSTRIES, Company
from integrations.seeding.copying import day, dumps
from integrations.seeding.names import Culture

_RANKS = (
    "Head of", "Head of", "Director of", "VP", "Manager,", "Team lead,", "Analyst,", "Analyst,", "Specialist,",
    "Coordinator,", "Intern,",
)  # fmt: skip
_TITLES = (
    "Founder", "Managing director", "COO", "CFO", "Office manager", "Data engineer", "Product manager",
    "Executive assistant", "Researcher", "Accountant", "Controller", "Designer", "Teacher",
    "Store manager", "Consultant",
)  # fmt: skip
JOBS = tuple(f"{rank} {department}" for rank in _RANKS for department in DEPARTMENTS) + _TITLES * 4
_LIFECYCLE = ("Active",) * 70 + ("Trial",) * 9 + ("Paused",) * 8 + ("Churned",) * 13
_PRICE = {"Freemium": 0, "Starter": 9, "Team": 20, "Scale": 35, "Enterprise": 55}
_SPOKEN = {
    "en": "English", "es": "Spanish", "pt": "Portuguese", "fr": "French", "de": "German", "sv": "Swedish",
    "pl": "Polish", "hr": "Croatian", "uk": "Ukrainian", "it": "Italian", "nl": "Dutch", "tr": "Turkish",
    "ar": "Arabic", "he": "Hebrew", "zh": "Chinese", "ja": "Japanese", "ko": "Korean",
}  # fmt: skip
_DAY = 86400

dumped = functools.lru_cache(maxsize=20_000)(dumps)


@functools.lru_cache(maxsize=4_000)
def stamp(number: int) -> str:
    return datetime.fromtimestamp(number * _DAY + 3 * 3600, UTC).isoformat()


@dataclass(slots=True)
class Attributes:
    """`numbers` are the numbers and dates among the properties, by key, as the narrow table has them."""

    items: list[str]
    synced: list[tuple[str, str]]  # key, value as JSON
    numbers: list[tuple[str, int]]
    since: int  # the day since which a sync sends them

    @classmethod
    def of(
        cls, random: Random, culture: Culture, country: str, company: Company | None, created: int, public: str
    ) -> "Attributes":
        chance = random.random
        values: list[tuple[str, str]] = []
        numbers: list[tuple[str, int]] = []

        def number(key: str, value: int) -> None:
            values.append((key, str(value)))
            numbers.append((key, value))

        if chance() < 0.75:
            values.append(("job_title", dumped(JOBS[int(chance() * len(JOBS))])))
        plan = company.plan if company else "Freemium"
        if company or chance() < 0.5:
            values.append(("plan", f'"{plan}"'))
            values.append(("lifecycle", f'"{_LIFECYCLE[int(chance() * 100)]}"'))
            number("mrr", _PRICE[plan] * (1 + int(30 * chance() ** 3)))
        if chance() < 0.8:
            values.append(("country", dumped(country)))
        if chance() < 0.35:
            spoken = _SPOKEN[culture.language]
            alone = spoken == "English" or chance() < 0.3
            values.append(("language", f'"{spoken}"' if alone else f'"{spoken}","English"'))
        if chance() < 0.6:
            number("health_score", min(99, 25 + int(75 * chance() ** 0.6)))
        signed_up = (created - int(chance() * 200 * _DAY)) // _DAY
        values.append(("signed_up_on", f'"{day(signed_up)}"'))
        numbers.append(("signed_up_on", signed_up * _DAY))
        if chance() < 0.1:
            values.append(("beta", "true" if chance() < 0.8 else "false"))
        if chance() < 0.06:
            values.append(("profile_url", f'"https://people.example/{public}"'))
        if company and chance() < 0.3:
            values.append(("company.name", dumped(company.name)))
            values.append(("company.industry", f'"{company.industry}"'))
            number("company.size", company.seats * 4 + company.number % 7)
            values.append(("company.website", f'"https://www.{company.domain}"'))
        elif not company and chance() < 0.12:
            values.append(("company.name", dumped(f"{public.split('-')[1].title()} & Co.")))
            values.append(("company.industry", f'"{INDUSTRIES[int(chance() * len(INDUSTRIES))]}"'))
            number("company.size", 1 + int(chance() * 12))
        return cls([f'"{key}":[{value}]' for key, value in values], values, numbers, created // _DAY)

    @property
    def properties(self) -> str:
        return "{" + ",".join(self.items) + "}"

    def provenance(self, source: int, *, origin: str, named: bool) -> str:
        """Who set what: those that came by sync say so, key by key (2.7)."""
        if origin == "hand" or origin == "import":
            return "{}"
        mark = f'"by":"sync","at":"{stamp(self.since)}","removed":false,"source_id":{source}'
        marks = [f'"{key}":{{{mark},"synced":[{value}]}}' for key, value in self.synced] if origin == "sync" else []
        if named:
            marks.append(f'"@name":{{{mark}}}')
        return "{" + ",".join(marks) + "}"


def pick(random: Random, items: Sequence[str]) -> str:
    return items[int(random.random() * len(items))]
