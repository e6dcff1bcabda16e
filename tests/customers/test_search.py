"""What people type, and who is found; and that every way of finding gives the same rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F, Q

from customers import listing, search
from customers.models import Customer
from customers.search import Condition
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def found(text: str) -> set[str]:
    conditions = [condition.q for condition in search.conditions(text)]
    return set(Customer.objects.active().filter(*conditions).values_list("name", flat=True))


@pytest.fixture
def ana() -> Customer:
    return CustomerFactory(
        name="Ana Kovač",
        email=["Ana.Kovac@Lumenworks.example", "ana@home.example"],
        phone="+34 600 111 222",
        user_id=["P-1007", "42"],
        handle="twitter:ana_k",
    )


@pytest.fixture
def others() -> None:
    CustomerFactory(name="Bo Ruiz", email="banana@home.example", phone="+1 201 555 0123", user_id="P-2000")
    CustomerFactory(name="Zoë 100%", email="zoë_x@ex.test", user_id="É_9")


@pytest.mark.parametrize(
    "text",
    [
        "ana kovac", "Kovač", "KOVAC", "kovač ana", "vac an", "  ana   kovač ", "lumenworks",
        "ana.kovac@lumenworks.example",
        "ANA.KOVAC@LUMENWORKS.EXAMPLE", "ana.kovac@lum", "kovac@lumenworks", "@lumenworks", "p-1007", "P-1007", "P-100",
        "twitter:ana_k", "ana_k", "42",
        "+34 600 111 222", "0034 600 111 222", "600111222", "600-111-222", "(600) 111.222", "0600 111 222",
        "34600111222",
        "600 111 22", "+34 (0)600/111222", "11122",
    ],
)  # fmt: skip
def test_a_customer_is_found_by(ana: Customer, others: None, text: str) -> None:
    assert found(text) == {"Ana Kovač"}


@pytest.mark.parametrize(
    "text", ["kovac ruiz", "kovac nobody", "600 111 223", "nobody@nowhere.example", "_______", "%%%%"]
)
def test_nobody_is_found_by(ana: Customer, others: None, text: str) -> None:
    assert found(text) == set()


def test_wildcards_and_backslashes_are_letters_like_others(ana: Customer, others: None) -> None:
    assert found("100%") == {"Zoë 100%"}
    assert found("%") == {"Zoë 100%"}
    assert found("ana_k") == {"Ana Kovač"}
    assert found("an__k") == set()
    assert found("\\") == set()
    assert found("a\\na") == set()


def test_an_exact_email_is_the_only_answer(ana: Customer, others: None) -> None:
    assert found("ana@home.example") == {"Ana Kovač"}
    assert found("ana@home.exampl") == {"Ana Kovač", "Bo Ruiz"}


def test_letters_beyond_ascii_are_found_in_names_emails_and_user_ids(others: None) -> None:
    for text in ("zoe", "ZOË", "zoë", "zoë_x", "ZOË_X@EX.TEST", "É_9"):
        assert found(text) == {"Zoë 100%"}, text


def test_full_width_letters_find_the_plain_ones(ana: Customer) -> None:
    assert found("Ａｎａ") == {"Ana Kovač"}


@pytest.mark.parametrize(
    "text",
    ["\u202eana", "👩‍👩‍👧", "مرحبا", "田中", "a" * 200, "'", '"', ";--",
     "((", "{}", "[", "%s", "%(x)s", "\x1f", "\u0301", "ﷺ", "@",
     "@@", "a@", "@a", ":", "+", "0000000", "+0", "ß", "İ"],
)  # fmt: skip
def test_whatever_is_typed_is_answered(ana: Customer, text: str) -> None:
    found(text)
    listing.find(Customer.objects.active(), search.conditions(text), listing.sort_of("name"))


@pytest.mark.parametrize("text", ["a" * 201, "\x00", "\ud800", "a b c d e f g h i"])
def test_what_cannot_be_searched_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        search.conditions(text)
    assert refusal.value.messages[0].endswith((".", "9."))


def test_short_words_and_rare_letters_do_not_tempt_the_index() -> None:
    assert not search.conditions("an")[0].indexed
    assert not search.conditions("a-b-c")[0].indexed
    assert search.conditions("ana")[0].indexed


class TestEveryWayFindsTheSame:
    """Walking, sorting, and walking in vain: the same rows on the same pages, in every order."""

    @pytest.fixture(autouse=True)
    def _cast(self, settings: Any) -> None:
        settings.PAGE_SIZE = 4
        names = [f"{'ana' if n % 3 == 0 else 'bo'} {n % 7}" for n in range(40)]
        Customer.objects.bulk_create(
            Customer(
                name=name, sort_name=name, search_text=name, feedback_count=n % 5,
                last_seen_at=NOW - timedelta(hours=n % 11), first_seen_at=NOW - timedelta(days=n % 9),
            )
            for n, name in enumerate(names)
        )  # fmt: skip

    @pytest.fixture(params=["plain", "sorted", "walked", "walked in vain", "scanned"])
    def way(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        few = {"plain": 10.0, "sorted": 10**12, "walked": 1000.0, "walked in vain": 1000.0, "scanned": 1000.0}
        monkeypatch.setattr(listing, "total", lambda: few[request.param])
        monkeypatch.setattr(
            listing, "WINDOW", 3 if "vain" in request.param else 5 if request.param == "scanned" else 60
        )
        if request.param == "plain":
            monkeypatch.setattr(listing, "WINDOW", 60)
        else:
            rows = 1.0 if request.param == "sorted" else 10**9
            monkeypatch.setattr(
                listing, "expected", lambda customers, conditions, in_all, few: listing.Likely(list(conditions), rows)
            )
            monkeypatch.setattr(listing, "total", lambda: 1_000_000)
        return request.param

    @pytest.mark.parametrize(
        "order", ["-last_seen", "last_seen", "-first_seen", "name", "-name", "feedback", "-feedback"]
    )
    def test_forward_and_back(self, way: str, order: str) -> None:
        conditions = [Condition(Q(search_text__contains="ana"), indexed=way != "scanned")]
        sort = listing.sort_of(order)
        expected = Customer.objects.filter(conditions[0].q)
        ordering = [F(sort.column).desc(), "-pk"] if sort.descending else [sort.column, "pk"]
        pks = list(expected.order_by(*ordering).values_list("pk", flat=True))

        pages = list(self.walk(conditions, order))
        assert [pk for page in pages for pk in page] == pks
        if way != "scanned":
            assert [len(page) for page in pages] == [4, 4, 4, 2]
            assert list(self.walk_back(conditions, order)) == pages[::-1]

    def walk(self, conditions: list[Condition], order: str) -> Iterator[list[int]]:
        cursor = None
        for _ in range(30):
            page = listing.find(Customer.objects.active(), conditions, listing.sort_of(order), cursor).page
            yield [row.pk for row in page.rows]
            cursor = page.next
            if not cursor:
                return
        raise AssertionError("The pages never end.")

    def walk_back(self, conditions: list[Condition], order: str) -> Iterator[list[int]]:
        sort, cursor = listing.sort_of(order), None
        while (page := listing.find(Customer.objects.active(), conditions, sort, cursor).page).next:
            cursor = page.next
        yield [row.pk for row in page.rows]
        while page.previous:
            page = listing.find(Customer.objects.active(), conditions, sort, page.previous).page
            yield [row.pk for row in page.rows]


def test_the_statistics_are_believed_about_how_many_customers_there_are() -> None:
    assert isinstance(listing.total(), int)


def test_the_planner_is_asked_how_many_match() -> None:
    CustomerFactory.create_batch(3)
    likely = listing.expected(Customer.objects.active(), search.conditions("customer"), 1_000_000, 100.0)
    assert likely.rows >= 0
    assert len(likely.conditions) == 1


@pytest.mark.parametrize(
    ("rows", "sifted", "dear"),
    [
        (6_400, 180_000, True),  # two large indexes for a few rows: a walk of 9,400 meets a page of them
        (6_400, 10_000, False),
        (2_000, 180_000, False),  # a walk would read 30,000 and perhaps in vain
        (10, 1_000_000, False),
        (0, 0, False),
    ],
)
def test_large_indexes_are_not_combined_where_a_short_walk_does(rows: float, sifted: float, dear: bool) -> None:
    few = listing.break_even(1_000_000, 50)
    assert listing.Likely([], rows, sifted).dear_to_find(few) is dear
