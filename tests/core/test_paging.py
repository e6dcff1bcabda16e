"""Keyset pages: every row once, in order, both ways, whatever somebody puts into the cursor."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Length, NullIf
from django.test.utils import CaptureQueriesContext

from core.paging import Page, Sort, capped_count, keyset
from staff.models import User

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JOINED = Sort("joined", "joined_at", descending=True)


def people(number: int) -> list[User]:
    made = User.objects.bulk_create(
        User(email=f"u{at}@roster.example", name=f"Person {at // 3:03d}", password="!") for at in range(number)
    )
    for at, user in enumerate(made):  # three people join at each moment: ties
        User.objects.filter(pk=user.pk).update(joined_at=START + timedelta(hours=at // 3))
    return made


def walk(queryset: QuerySet[Any], sort: Sort, size: int) -> list[Page]:
    pages = [keyset(queryset, sort, None, size)]
    while pages[-1].next:
        pages.append(keyset(queryset, sort, pages[-1].next, size))
    return pages


def ids(pages: list[Page]) -> list[int]:
    return [row.pk for page in pages for row in page.rows]


@pytest.mark.django_db
@pytest.mark.parametrize("falling", [True, False])
@pytest.mark.parametrize("column", ["joined_at", "name", "pk", "length"])
def test_following_next_meets_every_row_once_in_order(column: str, falling: bool) -> None:
    people(23)
    queryset = User.objects.annotate(length=Length("email"))
    sign = "-" if falling else ""
    pages = walk(queryset, Sort("s", column, falling), 5)
    assert ids(pages) == [user.pk for user in queryset.order_by(f"{sign}{column}", f"{sign}pk")]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]


@pytest.mark.django_db
def test_following_previous_shows_the_same_pages_backwards() -> None:
    people(23)
    pages = walk(User.objects.all(), JOINED, 5)
    page, back = pages[-1], [pages[-1]]
    while page.previous:
        page = keyset(User.objects.all(), JOINED, page.previous, 5)
        back.append(page)
    assert [ids([page]) for page in back] == [ids([page]) for page in reversed(pages)]
    assert back[-1].previous is None
    assert back[-1].next is not None


@pytest.mark.django_db
@pytest.mark.parametrize("falling", [True, False])
def test_rows_without_a_value_come_last_both_ways_and_are_all_met(falling: bool) -> None:
    people(11)
    length = NullIf(
        Length("email"), Value(len("u0@roster.example")), output_field=IntegerField()
    )  # ten of eleven are null
    queryset = User.objects.annotate(length=length).exclude(Q(email="u3@roster.example"))
    order = F("length").desc(nulls_last=True) if falling else F("length").asc(nulls_last=True)
    expected = [user.pk for user in queryset.order_by(order, "-pk" if falling else "pk")]
    sort = Sort("length", "length", falling, nullable=True)
    pages = walk(queryset, sort, 3)
    assert ids(pages) == expected
    page, back = pages[-1], [pages[-1]]
    while page.previous:
        page = keyset(queryset, sort, page.previous, 3)
        back.insert(0, page)
    assert ids(back) == expected


@pytest.mark.django_db
def test_rows_may_be_values_instead_of_instances() -> None:
    people(7)
    first = keyset(User.objects.values("id", "joined_at"), JOINED, None, 5)
    second = keyset(User.objects.values_list("id", "joined_at", named=True), JOINED, first.next, 5)
    assert len(second) == 2


@pytest.mark.django_db
def test_when_the_rows_before_have_become_fewer_previous_shows_a_full_first_page() -> None:
    made = people(12)
    pages = walk(User.objects.all(), JOINED, 5)
    left = User.objects.exclude(pk__in=[user.pk for user in made[-3:]])
    page = keyset(left, JOINED, pages[1].previous, 5)
    assert len(page) == 5
    assert page.previous is None


@pytest.mark.django_db
def test_when_the_rows_behind_are_gone_next_shows_the_first_page() -> None:
    people(6)
    first = keyset(User.objects.all(), JOINED, None, 5)
    left = User.objects.filter(pk__in=ids([first]))
    assert ids([keyset(left, JOINED, first.next, 5)]) == ids([first])


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        "x", "%%%", "é", "====", "A" * 5_000, cursor(), cursor("-joined"), cursor("joined", START.isoformat(), 4, 0),
        cursor("-joined", "yesterday", 4, 0), cursor("-joined", "2026-03-01", 4, 0), cursor("-joined", None, 4, 0),
        cursor("-joined", START.isoformat(), "4", 0), cursor("-joined", START.isoformat(), 2**80, 0),
        cursor("-joined", START.isoformat(), True, 0), cursor("-joined", START.isoformat(), 4, 7),
        cursor("-joined", 7, 4, 0),
        cursor("-joined", [1], 4, 0), cursor("-joined", {"a": 1}, 4, 0), cursor("-joined", "\ud800", 4, 0),
        cursor("-joined", "\0", 4, 0),
        base64.urlsafe_b64encode(b"[" * 1_400).decode(), base64.urlsafe_b64encode(b'["-joined",NaN,1,0]').decode(),
    ],
)  # fmt: skip
def test_a_cursor_that_this_list_cannot_have_made_shows_the_first_page(wrong: str) -> None:
    people(6)
    assert ids([keyset(User.objects.all(), JOINED, wrong, 5)]) == ids([keyset(User.objects.all(), JOINED, None, 5)])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"), [("name", "\0"), ("name", 5), ("name", "\ud800"), ("pk", 2**70), ("pk", "x"), ("pk", 1.5e400)]
)
def test_a_cursor_with_a_value_that_the_column_cannot_hold_shows_the_first_page(column: str, value: Any) -> None:
    people(6)
    sort = Sort("s", column)
    assert ids([keyset(User.objects.all(), sort, cursor("s", value, 4, 0), 5)]) == ids(
        [keyset(User.objects.all(), sort, None, 5)]
    )


@pytest.mark.django_db
def test_a_page_is_one_query_that_compares_rows_and_neither_counts_nor_skips() -> None:
    people(12)
    first = keyset(User.objects.all(), JOINED, None, 5)
    with CaptureQueriesContext(connection) as queries:
        keyset(User.objects.all(), JOINED, first.next, 5)
    (query,) = queries
    assert '("staff_user"."joined_at", "staff_user"."id") < (' in query["sql"]
    assert "OFFSET" not in query["sql"]
    assert "COUNT" not in query["sql"]


@pytest.mark.django_db
def test_a_deep_page_is_read_from_the_index() -> None:
    with connection.cursor() as db:
        db.execute(
            "CREATE INDEX by_joined ON staff_user (joined_at DESC, id DESC)"
        )  # before the rows: else it waits for them
        people(3)
        page = keyset(User.objects.all(), JOINED, None, 2)
        db.execute("SET LOCAL enable_seqscan = off")
        db.execute("SET LOCAL enable_sort = off")
        with CaptureQueriesContext(connection) as queries:
            keyset(User.objects.all(), JOINED, page.next, 2)
        db.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in db.fetchall())
    assert "Index Scan using by_joined" in plan
    assert "Index Cond: (ROW(joined_at, id) < ROW(" in plan


@pytest.mark.django_db
@pytest.mark.parametrize(("cap", "counted"), [(3, 4), (7, 7), (8, 7)])
def test_counting_stops_one_row_after_the_cap(cap: int, counted: int) -> None:
    people(7)
    assert capped_count(User.objects.order_by("name"), cap) == counted
