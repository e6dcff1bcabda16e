"""Organisations: names, domains and properties."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from core.text import fold


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_STEMS = _words("""
    Lumen North Harbor Verde Blue Quarry Sable Savannah Penny Qamar Mare Accra Papper Kayu Claddagh Monsoon
    Dijk Windward Tessel Fjell Kolej Orim Atelier Silver Copper Juniper Cedar Alder Birch Maple Otter Heron
    Falcon Kestrel Lark Raven Ember Cinder Granite Basalt Cobalt Indigo Saffron Amber Ivory Willow Thistle
    Clover Bramble Meadow Summit Ridge Canyon Delta Tundra Zephyr Aurora Boreal Solstice Meridian Zenith
    Compass Anchor Beacon Lantern Prism Vector Quanta Helix Cipher Pixel Nimbus Stratus Cirrus Drift Tide
    Current Cascade Torrent Brook Spring Orchard Harvest Hearth Forge Anvil Loom Spindle Thread Canvas Quill
    Folio Ledger Tally Abacus Atlas Terra Luna Stella Nova Orbit Comet Rocket Turbo Gear Piston Rivet
""")
_ENDINGS = _words("""
    works fjord grano delta stone marsh health viva grid kvarn bridge field wood gate point view crest haven
    line light mark path port side smith ton vale ward way well yard berg holm dale mont ista ora ica ora aria
    labs ware base stack flow loop hub nest cove
""")
_SECTORS = (
    ("Logistics", "Logistics"), ("Credit Union", "Financial services"), ("Energy", "Energy"),
    ("Textiles", "Manufacturing"),
    ("Health", "Health care"), ("Foods", "Food and drink"), ("Tea Co.", "Food and drink"), ("Council", "Public sector"),
    ("Books", "Retail"), ("Toys", "Retail"), ("Ferries", "Transport"), ("Estudio", "Design"), ("Surf", "Leisure"),
    ("Insurance", "Financial services"), ("Robotics", "Manufacturing"), ("University", "Education"), ("Media", "Media"),
    ("Airlines", "Transport"), ("Architects", "Design"), ("Biotech", "Health care"), ("Bank", "Financial services"),
    ("Brewing", "Food and drink"), ("Charity", "Non-profit"), ("Software", "Software"), ("Analytics", "Software"),
    ("Telecom", "Telecoms"), ("Hotels", "Leisure"), ("Legal", "Professional services"), ("Farms", "Agriculture"),
    ("Optics", "Manufacturing"),
)  # fmt: skip
_LEGAL = ("",) * 7 + (" GmbH", " AB", " S.A.", " Ltd", " Inc.", " B.V.", " ApS", " Oy", " K.K.", " Pty Ltd", " d.o.o.")
_BARE = {"Tea Co.", "Council", "University", "Charity", "Credit Union"}
_PLAN_MIX = ("Freemium",) * 30 + ("Starter",) * 26 + ("Team",) * 24 + ("Scale",) * 13 + ("Enterprise",) * 7
_SEAT_PRICE = {"Freemium": 0, "Starter": 108, "Team": 240, "Scale": 420, "Enterprise": 660}
_SEATS = {"Freemium": (1, 5), "Starter": (2, 15), "Team": (5, 60), "Scale": (20, 250), "Enterprise": (100, 2500)}
_REGIONS = ("EMEA",) * 9 + ("North America",) * 7 + ("APAC",) * 4 + ("LATAM",) * 2
PLANS = ("Freemium", "Starter", "Team", "Scale", "Enterprise")
REGIONS = ("EMEA", "North America", "APAC", "LATAM")
INDUSTRIES = tuple(sorted({industry for _, industry in _SECTORS}))


@dataclass(slots=True)
class Company:
    id: int
    name: str
    domain: str
    external_id: str
    industry: str
    plan: str
    region: str
    seats: int
    arr: int
    created: int
    renewal: int
    sso: bool
    locals: set[str] = field(default_factory=set)  # the emails' local parts that its people have taken
    members: int = 0
    owned: bool = False
    number: int = 0


def companies(random: Random, *, until: int) -> Iterator[Company]:
    """Endless organisations, no two with one name or domain; `id` is theirs to get."""
    taken: set[str] = set()
    number = 0
    while True:
        number += 1
        stem, ending = random.choice(_STEMS), random.choice(_ENDINGS)
        sector, industry = random.choice(_SECTORS)
        short = number <= 400 and random.random() < 0.45
        base = stem + (ending if random.random() < 0.7 or short else "")
        name = base if short else f"{base} {sector}"
        domain = fold(name).replace(" ", "").replace(".", "")
        if not short and random.random() < 0.4 and fold(base) not in taken:
            domain = fold(base)
        if domain in taken:
            domain = f"{domain}-{fold(random.choice(_REGIONS)).replace(' ', '')}"
        if domain in taken:
            domain = f"{domain}{number}"
        if name in taken:
            name = f"{name} {_ordinal(number)}"
        taken.update((domain, name))
        plan = random.choice(_PLAN_MIX)
        low, high = _SEATS[plan]
        seats = low + int((high - low) * random.random() ** 2.5)
        arr = int(_SEAT_PRICE[plan] * seats * (0.8 + random.random() * 0.3))
        legal = "" if sector in _BARE and not short else random.choice(_LEGAL)
        yield Company(
            id=0, name=name + legal, domain=f"{domain}.example", external_id=f"org-{1000 + number}",
            industry=industry, plan=plan, region=random.choice(_REGIONS), seats=seats, arr=arr,
            created=until - int((20 + 1400 * random.random()) * 86400),
            renewal=until + int(random.random() * 365) * 86400,
            sso=plan in {"Scale", "Enterprise"}, number=number,
        )  # fmt: skip


def _ordinal(number: int) -> str:
    return ("Group", "Holding", "International", "Partners", "Ventures", "Europe", "Asia", "Americas")[number % 8] + (
        f" {number // 8}" if number > 3000 else ""
    )
