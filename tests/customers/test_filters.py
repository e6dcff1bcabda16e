"""Every filter of the list, by the parameter that stands in the address."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from audit.models import Source
from customers import listing
from customers.chips import chips
from customers.filters import CHANNELS, CustomerFilter
from customers.models import Customer, Tag
from feedback.models import Document
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def filters(query: str, zone: str = "UTC") -> CustomerFilter:
    return CustomerFilter(QueryDict(query), Customer.objects.all(), zone=ZoneInfo(zone))


def names(query: str, zone: str = "UTC") -> set[str]:
    one = filters(query, zone)
    assert not one.errors, one.errors
    expected = set(one.matching(now=NOW).values_list("name", flat=True))
    page = listing.find(one.listed(), one.conditions(now=NOW), listing.sort_of("name")).page
    assert {row.name for row in page.rows} == expected
    return expected


@pytest.fixture
def cast() -> dict[str, int]:
    """Ana writes by email and chat and belongs to Acme; Bo never wrote; Cy is deleted."""
    acme, zeta = AccountFactory(name="Acme", external_id="org-1"), AccountFactory(name="Zeta")
    for key, type_ in (
        ("plan", "choice"),
        ("seats", "number"),
        ("since", "date"),
        ("beta", "boolean"),
        ("company.site", "url"),
    ):
        DefinitionFactory(key=key, type=type_, label=key.capitalize())
    site = "https://acme.example/a?b=1"
    ana = CustomerFactory(
        name="Ana", tags=["VIP", "new"], account=acme,
        properties={"plan": ["Pro", "Team"], "seats": [12, 40], "since": ["2026-02-03"], "beta": [True],
                    "company.site": [site]},
    )  # fmt: skip
    bo = CustomerFactory(
        name="Bo", tags=["new"], account=zeta,
        properties={"plan": ["Free"], "seats": [5.5], "since": ["2026-02-03T10:00:00Z"], "beta": [False]},
    )  # fmt: skip
    CustomerFactory(name="Cy", state="deleted", tags=["VIP"])
    source = Source.objects.create(name="Inbox", kind="feedback")
    for channel, days in (("email", 3), ("chat", 60)):
        DocumentFactory(customer=ana, channel=channel, source=source, occurred_at=NOW - timedelta(days=days))
    Customer.objects.filter(pk=bo.pk).update(
        first_seen_at=NOW - timedelta(days=400), last_seen_at=NOW - timedelta(days=400)
    )
    tags = {tag.name: tag.pk for tag in Tag.objects.all()}
    return {**tags, "acme": acme.pk, "zeta": zeta.pk, "source": source.pk}


def test_channels_are_those_of_documents() -> None:
    assert dict(Document.Channel.choices) == CHANNELS


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"Ana", "Bo"}),
        ("channel=email", {"Ana"}),
        ("channel=email&channel=voice", {"Ana"}),
        ("channel=voice,chat", {"Ana"}),
        ("channel=voice", set()),
        ("channel=", {"Ana", "Bo"}),
        ("tag={VIP}", {"Ana"}),
        ("tag={VIP},{new}", {"Ana", "Bo"}),
        ("tag=none", set()),
        ("tag=999999", set()),
        ("account={acme}", {"Ana"}),
        ("account={acme},{zeta}", {"Ana", "Bo"}),
        ("account=none", set()),
        ("source={source}", {"Ana"}),
        ("feedback=yes", {"Ana"}),
        ("feedback=no", {"Bo"}),
        ("feedback=yes&feedback=no", {"Ana", "Bo"}),
        ("last_seen=7d", {"Ana"}),
        ("last_seen=2d", set()),
        ("last_seen=over:365d", {"Bo"}),
        ("last_seen_from=2026-11-18", {"Ana"}),
        ("last_seen_from=2026-11-19", set()),
        ("last_seen_to=2026-11-18", {"Ana", "Bo"}),
        ("last_seen_to=2026-11-17", {"Bo"}),
        ("last_seen_from=2026-11-18&last_seen_to=2026-11-18", {"Ana"}),
        ("first_seen=90d", {"Ana"}),
        ("first_seen=over:90d", {"Bo"}),
        ("first_seen_from=0001-01-01&first_seen_to=9999-12-31", {"Ana", "Bo"}),
        ("deleted=true", {"Cy"}),
        ("deleted=false", {"Ana", "Bo"}),
        ("deleted=true&tag={VIP}", {"Cy"}),
        ("q=an&channel=email&tag={new}&feedback=yes", {"Ana"}),
        ("q=bo&channel=email", set()),
        ("unknown=1&p.unknown=is:1", {"Ana", "Bo"}),
    ],
)
def test_filter(cast: dict[str, int], query: str, expected: set[str]) -> None:
    assert names(query.format(**cast)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("p.plan=is:Pro", {"Ana"}),
        ("p.plan=Pro", {"Ana"}),
        ("p.PLAN=is:Pro", {"Ana"}),
        ("p.plan=is:pro", set()),
        ("p.plan=is_not:Pro", {"Bo"}),
        ("p.plan=contains:re", {"Bo"}),
        ("p.plan=contains:R", {"Ana", "Bo"}),
        ("p.plan=contains:%25", set()),
        ("p.plan=contains:%22", set()),
        ("p.plan=contains:Pro%22,+%22Team", set()),
        ("p.plan=contains:\\", set()),
        ("p.plan=is:Pro&p.plan=is:Team", {"Ana"}),
        ("p.plan=is:Pro&p.plan=is:Free", set()),
        ("p.company.site=contains:acme", {"Ana"}),
        ("p.company.site=https://acme.example/a?b=1", {"Ana"}),
        ("p.company.site=empty", {"Bo"}),
        ("p.company.site=empty:", {"Bo"}),
        ("p.company.site=not_empty", {"Ana"}),
        ("p.seats=is:12", {"Ana"}),
        ("p.seats=is:5.50", {"Bo"}),
        ("p.seats=is_not:12", {"Bo"}),
        ("p.seats=greater:12", {"Ana"}),
        ("p.seats=greater:40", set()),
        ("p.seats=less:6", {"Bo"}),
        ("p.seats=less:-1", set()),
        ("p.seats=greater:5&p.seats=less:6", {"Bo"}),
        ("p.seats=not_empty", {"Ana", "Bo"}),
        ("p.since=is:2026-02-03", {"Ana", "Bo"}),
        ("p.since=is_not:2026-02-03", set()),
        ("p.since=is:2026-02-03T10:00:00Z", {"Bo"}),
        ("p.since=before:2026-02-03", set()),
        ("p.since=before:2026-02-04", {"Ana", "Bo"}),
        ("p.since=after:2026-02-02", {"Ana", "Bo"}),
        ("p.since=after:2026-02-03", set()),
        ("p.since=before:2026-02-03T09:00:00Z", {"Ana"}),
        ("p.since=after:9999-12-31", set()),
        ("p.since=after:0001-01-01", {"Ana", "Bo"}),
        ("p.beta=is:yes", {"Ana"}),
        ("p.beta=is:no", {"Bo"}),
        ("p.beta=is_not:yes", {"Bo"}),
    ],
)
def test_property_filter(cast: dict[str, int], query: str, expected: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(query) == expected
    monkeypatch.setattr(listing, "total", lambda: 10_000_000)
    assert names(query) == expected  # through the planner's estimate
    monkeypatch.setattr(
        listing, "expected", lambda customers, conditions, in_all, few: listing.Likely(list(conditions), 10**9)
    )
    assert names(query) == expected  # row by row, in order


@pytest.mark.parametrize(
    "query",
    [
        "channel=fax", "tag=x", "tag=none,3", "tag=-1", "tag=1.5", "tag=" + "9" * 30, "tag=²", "account=x", "source=x",
        "feedback=maybe", "last_seen=soon", "last_seen=0d", "last_seen=-3d", "last_seen=99999999d",
        "last_seen_from=2026-02-30",
        "last_seen_to=x", "first_seen=d", "deleted=perhaps", "q=" + "x" * 10_000, "q=a+b+c+d+e+f+g+h+i",
        "tag=" + ",".join(str(n) for n in range(51)),
        "p.seats=greater:abc", "p.seats=contains:1", "p.seats=is:", "p.seats=is:NaN", "p.seats=is:1e999",
        "p.since=before:x",
        "p.beta=is:perhaps", "p.plan=contains:", "p.plan=greater:1", "p.plan=is:" + "x" * 3_000,
        "&".join(f"p.seats=is:{n}" for n in range(25)),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_said_at_its_filter(cast: dict[str, int], query: str) -> None:
    errors = filters(query).errors
    assert list(errors) == [query.partition("=")[0]]
    assert next(iter(errors.values()))[0].endswith((".", ".5.", "Z."))


def test_a_day_is_the_readers_day(cast: dict[str, int]) -> None:
    Customer.objects.filter(name="Bo").update(last_seen_at=datetime(2026, 5, 1, 23, tzinfo=UTC))
    day = "last_seen_from=2026-05-02&last_seen_to=2026-05-02"
    assert names(day) == set()
    assert names(day, "Europe/Berlin") == {"Bo"}


def test_chips_say_every_filter_and_lead_to_the_list_without_it(cast: dict[str, int]) -> None:
    query = "q=ana&channel=email,chat&tag={VIP}&last_seen=30d&account={acme}&p.seats=greater:5&p.seats=less:100"
    query += "&sort=name&cursor=x"
    found = chips(filters(query.format(**cast)), UserFactory())
    assert {f"{chip.label} {chip.value}" for chip in found.values()} == {
        "Channel is Email or Chat", "Tag is VIP", "Last seen in the last 30 days", "Account is Acme",
        "Seats is greater than 5", "Seats is less than 100",
    }  # fmt: skip
    without = QueryDict(found["p.seats 0"].without.removeprefix("?"))
    assert without.getlist("p.seats") == ["less:100"]
    assert without["sort"] == "name"
    assert "cursor" not in without
    for chip in found.values():
        assert not filters(chip.without.removeprefix("?")).errors


def test_a_chip_of_a_property_takes_its_parameter_out_however_it_was_spelled(cast: dict[str, int]) -> None:
    (chip,) = chips(filters("p.PLAN=is:Pro"), UserFactory()).values()
    assert chip.without == "?"


def test_filters_of_ranges_use_the_narrow_table(cast: dict[str, int]) -> None:
    one = filters("p.seats=greater:12")
    sql = str(one.matching(now=NOW).query)
    assert "customers_customervalue" in sql


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ap.plan=is:Scale", {"Ana"}),
        ("ap.PLAN=Scale", {"Ana"}),
        ("ap.plan=is_not:Scale", {"Bo", "Dee"}),
        ("ap.ARR=greater:1000", {"Ana", "Dee"}),
        ("ap.ARR=greater:1000&ap.plan=empty:", {"Dee"}),
        ("ap.ARR=less:1000", {"Bo"}),
        ("ap.renews=before:2026-06-01", {"Ana"}),
        ("ap.renews=is:2026-05-01", {"Ana"}),
        ("ap.plan=contains:ca", {"Ana"}),
        ("ap.nobody_has_this=is:1", {"Ana", "Bo", "Dee", "Eve"}),
    ],
)
@pytest.mark.parametrize("window", [30_000, 2])
def test_customers_are_found_by_a_property_of_their_accounts(
    query: str, expected: set[str], window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "WINDOW", window)
    for key, type_ in (("plan", "choice"), ("ARR", "number"), ("renews", "date")):
        DefinitionFactory(key=key, type=type_, subject="account")
    big = AccountFactory(properties={"plan": ["Scale"], "ARR": [90_000], "renews": ["2026-05-01"]})
    small = AccountFactory(properties={"plan": ["Free"], "ARR": [12.5]})
    bare = AccountFactory(properties={"ARR": [2_000]})
    gone = AccountFactory(properties={"plan": ["Scale"], "ARR": [5]}, state="deleted")
    CustomerFactory(name="Ana", account=big)
    CustomerFactory(name="Bo", account=small)
    CustomerFactory(name="Dee", account=bare)
    CustomerFactory(name="Eve", account=gone)
    assert names(query) == expected


def test_a_chip_says_that_a_property_is_the_accounts() -> None:
    DefinitionFactory(key="plan", type="choice", subject="account", label="Plan")
    (chip,) = chips(filters("ap.plan=is:Scale"), UserFactory()).values()
    assert (chip.label, chip.value, chip.without) == ("Account’s Plan is", "Scale", "?")
