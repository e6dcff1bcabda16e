"""However the rows of a list are found, they are the same rows in the same order."""

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from core.paging import Sort
from customers.search import Condition
from feedback import listing
from feedback.filters import SearchFilter
from feedback.models import Document
from feedback.rows import shaped
from feedback.search import query_of
from tests.feedback.conftest import person, write

pytestmark = pytest.mark.django_db


def pages(sort: Sort) -> list[list[int]]:
    """Every page of five, following `next`."""
    condition = Condition(Q(query_of("alpha")))
    cursor, found = None, []
    while True:
        page = listing.find(Document.objects.all(), [condition], sort, cursor, shape=shaped, size=5).page
        found.append([row["pk"] for row in page.rows])
        if not page.next:
            return found
        cursor = page.next


@pytest.mark.parametrize("sort", [listing.NEWEST, listing.OLDEST])
@pytest.mark.parametrize("few", [True, False])
def test_gathering_and_walking_give_the_same_pages(monkeypatch: pytest.MonkeyPatch, sort: Sort, few: bool) -> None:
    ana = person("Ana")
    for number in range(40):
        write(customer=ana, title="alpha" if number % 3 == 0 else "beta", hours=number)
    plain = pages(sort)
    assert sum(map(len, plain)) == 14
    monkeypatch.setattr(listing, "WINDOW", 7)
    monkeypatch.setattr(listing, "total", lambda: 1_000_000)
    monkeypatch.setattr(listing, "are_few", lambda *_: few)
    assert pages(sort) == plain


@pytest.mark.parametrize(("typed", "gathered"), [("alpha omega ", False), ("alpha ", True), ("alpha rare ", True)])
def test_words_that_stand_together_are_not_gathered_because_the_planner_thinks_them_few(
    monkeypatch: pytest.MonkeyPatch, typed: str, gathered: bool
) -> None:
    ana = person("Ana")
    for number in range(40):
        write(customer=ana, title=f"alpha {'rare' if number == 30 else 'omega'}", hours=number)
    monkeypatch.setattr(listing, "WINDOW", 20)
    monkeypatch.setattr(listing, "SAMPLE", 10)
    monkeypatch.setattr(listing, "total", lambda: 1_000_000)
    monkeypatch.setattr(listing, "estimated", lambda rows: 1.0)
    [condition] = SearchFilter().conditions(typed)
    with CaptureQueriesContext(connection) as asked:
        page = listing.find(Document.objects.all(), [condition], listing.NEWEST, shape=shaped, size=5).page
    assert [row["title"] for row in page.rows] == (["alpha rare"] if "rare" in typed else ["alpha omega"] * 5)
    assert any(f"LIMIT {listing.ALL}" in query["sql"] for query in asked) is gathered


def test_where_no_document_can_match_there_is_nothing_to_estimate() -> None:
    assert listing.estimated(Document.objects.filter(account__in=[])) == 0
