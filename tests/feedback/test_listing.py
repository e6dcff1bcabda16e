"""However the rows of a list are found, they are the same rows in the same order."""

import pytest
from django.db.models import Q

from core.paging import Sort
from customers.search import Condition
from feedback import listing
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
