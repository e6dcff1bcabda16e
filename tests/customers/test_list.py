"""The page at /customers/."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actor import Actor
from core import clock
from customers import listing
from customers.deleting import delete
from customers.holding import hold
from customers.models import Customer
from staff.models import User
from tests.customers.people import STAFF
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/customers/"
QUERIES = 6  # session, user, customers, their companies, the tags on them, the tags of the menu
PARTIAL_QUERIES = 5  # typing leaves the menus alone
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def support(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def names(response: Any) -> list[str]:
    return re.findall(r'<a class="name"[^>]*>([^<]*)</a>', response.content.decode())


def partial(client: Client, address: str, *, trigger: str = "filters", current: str = LIST, **more: str) -> Any:
    headers = {
        "HX-Request": "true",
        "HX-Target": "results",
        "HX-Trigger": trigger,
        "HX-Current-URL": f"http://testserver{current}",
    }
    return client.get(address, headers={**headers, **more})


def many(count: int, **values: Any) -> list[Customer]:
    """Customers made in one statement, with tags."""
    rows = [
        Customer(
            name=f"Customer {n:03}", sort_name=f"customer {n:03}", search_text=f"customer {n:03} c{n}@ex.test",
            primary_email=f"c{n}@ex.test", last_seen_at=NOW - timedelta(minutes=n),
            first_seen_at=NOW - timedelta(days=n),
            feedback_count=n + 1, channels=["email", "chat", "voice"], **values,
        )
        for n in range(count)
    ]  # fmt: skip
    return Customer.objects.bulk_create(rows)


def test_a_row_shows_who_where_and_when(support: Client) -> None:
    ana = CustomerFactory(
        name="Ana <b>Kovač</b>", email="ana@ex.test", tags=["VIP"], account=AccountFactory(name="Acme & Co")
    )
    page = support.get(LIST).content.decode()
    assert f'href="/customers/{ana.pk}/"' in page
    for text in ("Ana &lt;b&gt;Kovač&lt;/b&gt;", "ana@ex.test", "VIP", "Acme &amp; Co", "just now"):
        assert text in page, text
    assert "<b>Kovač" not in page


def test_who_has_no_name_is_called_by_the_email_the_phone_or_the_number(support: Client) -> None:
    CustomerFactory(name="", email="ana@ex.test")
    CustomerFactory(name="", phone="+34 600 111 222")
    nobody = CustomerFactory(name="")
    assert set(names(support.get(LIST))) == {"ana@ex.test", "+34 600 111 222", f"Customer {nobody.pk}"}


def test_before_there_are_customers_the_page_says_how_they_come(support: Client) -> None:
    assert "No customers yet" in support.get(LIST).content.decode()


def test_when_nobody_matches_the_page_says_why_and_the_way_out(support: Client) -> None:
    CustomerFactory()
    page = support.get(f"{LIST}?q=nobody&feedback=yes").content.decode()
    assert "No customers match “nobody”" in page
    assert "1 filter is on as well" in page
    assert 'href="?q=nobody"' in page


def test_deleted_customers_are_another_list(support: Client) -> None:
    CustomerFactory(name="Ana")
    CustomerFactory(name="Bo", state="deleted")
    assert names(support.get(LIST)) == ["Ana"]
    deleted = support.get(f"{LIST}?deleted=true")
    assert names(deleted) == ["Bo"]
    page = deleted.content.decode()
    assert 'value="restore"' in page
    assert 'value="delete"' not in page


def test_the_deleted_list_says_who_deleted_when_and_the_day_each_goes(support: Client) -> None:
    mina = User.objects.get()
    ana, bo, cy = CustomerFactory(name="Ana"), CustomerFactory(name="Bo"), CustomerFactory(name="Cy")
    for days, one in ((18, ana), (2, bo), (1, cy)):
        delete(one, actor=Actor.of_staff(mina), now=clock.now() - timedelta(days=days))
    hold(cy, "Case 17", actor=Actor.of_staff(mina))
    page = support.get(f"{LIST}?deleted=true")
    assert names(page) == ["Cy", "Bo", "Ana"]
    text = page.content.decode()
    assert ">in 12 days</time>" in text
    assert ">in 28 days</time>" in text
    assert "On legal hold" in text
    delete(CustomerFactory(name="Di"), actor=Actor.of_staff(mina), now=clock.now() - timedelta(days=31))
    assert "At the next run" in support.get(f"{LIST}?deleted=true").content.decode()
    assert text.count("Mina Okafor</td>") == 3
    assert f'formaction="/customers/{ana.pk}/restore/"' in text
    assert names(support.get(f"{LIST}?deleted=true&sort=deleted")) == ["Di", "Ana", "Bo", "Cy"]
    support.force_login(UserFactory(role="viewer"))
    text = support.get(f"{LIST}?deleted=true").content.decode()
    assert "in 12 days" in text
    assert "/restore/" not in text


def test_the_deleted_list_pages(support: Client, settings: Any) -> None:
    settings.PAGE_SIZE = 3
    people = many(8)
    for hours, one in enumerate(people):
        delete(one, actor=STAFF, now=clock.now() - timedelta(hours=hours))
    first = support.get(f"{LIST}?deleted=true")
    second = support.get(LIST + link(first, "page-next"))
    assert names(first) + names(second) == [one.name for one in people[:6]]
    assert names(support.get(LIST + link(second, "page-previous"))) == names(first)


@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in listing.SORTS for sign in ("", "-")])
def test_every_order_pages_forward_and_back(support: Client, settings: Any, sort: str) -> None:
    settings.PAGE_SIZE = 3
    many(8)
    expected = [f"Customer {n:03}" for n in range(8)]
    if sort in ("name", "feedback", "-last_seen", "-first_seen"):
        pass  # the smaller the number, the later it was seen
    else:
        expected.reverse()

    first = support.get(f"{LIST}?sort={sort}")
    second = support.get(LIST + link(first, "page-next"))
    third = support.get(LIST + link(second, "page-next"))
    assert names(first) + names(second) + names(third) == expected
    assert names(support.get(LIST + link(third, "page-previous"))) == names(second)
    assert names(support.get(LIST + link(second, "page-previous"))) == names(first)


def link(response: Any, identity: str) -> str:
    return re.search(rf'id="{identity}"[^>]* href="([^"]*)"', response.content.decode())[1].replace("&amp;", "&")  # type: ignore[index]


def test_sorting_and_paging_keep_the_filters(support: Client, settings: Any) -> None:
    settings.PAGE_SIZE = 3
    many(8)
    page = support.get(f"{LIST}?q=customer&channel=email")
    for identity in ("page-next", "sort-name", "sort-feedback"):
        assert "q=customer&channel=email" in link(page, identity), identity


@pytest.mark.parametrize("cursor", ["x", "e30", "WyItbGFzdF9zZWVuIiwiMjAyNiIsMSwwXQ", "%00", "a" * 5000, "é"])
def test_a_cursor_that_means_nothing_is_the_first_page(support: Client, cursor: str) -> None:
    many(2)
    response = support.get(f"{LIST}?cursor={cursor}")
    assert response.status_code == (400 if cursor == "%00" else 200)
    assert response.status_code == 400 or len(names(response)) == 2


def test_a_filter_that_cannot_be_understood_is_422_and_shows_nobody(support: Client) -> None:
    DefinitionFactory(key="seats", label="Seats", type="number")
    many(2)
    response = support.get(f"{LIST}?p.seats=greater:abc")
    assert response.status_code == 422
    assert names(response) == []
    assert "Seats: Must be a number" in response.content.decode()
    assert partial(support, f"{LIST}?channel=fax").status_code == 422


def test_a_search_that_is_too_long_says_so_at_the_search_box(support: Client) -> None:
    response = support.get(f"{LIST}?q={'x' * 10_000}")
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert "Must be at most 200 characters" in response.content.decode()


HOSTILE = [
    "%ED%A0%80", "%FF%FE", "%25", "_", "%5C", "%5C%25", "%27%22%3E%3Cscript%3E", "%E2%80%AEana",
    "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9",
    "%D9%85%D8%B1", "%0A", "%7F", "%EF%BF%BE", "{{", "%25s", "%25(a)s", "$1", "%EF%BC%A1", "..%2F..", "1e9999", "NaN",
]  # fmt: skip
NAMES = ["q", "sort", "cursor", "channel", "tag", "account", "source", "feedback", "last_seen"]
NAMES += ["last_seen_from", "deleted", "p.seats", "p.", "p.%25", "x"]


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_breaks_the_page(support: Client, name: str) -> None:
    DefinitionFactory(key="seats", label="Seats", type="number")
    many(2)
    for value in HOSTILE:
        for address in (
            f"{LIST}?{name}={value}",
            f"{LIST}count/?{name}={value}",
            f"{LIST}filters/property/?{name}={value}",
        ):
            response = support.get(address)
            assert response.status_code in (200, 422), address
            assert "<script>" not in response.content.decode().replace("<script src", ""), address


def test_nul_in_the_address_is_refused(support: Client) -> None:
    assert support.get(f"{LIST}?q=%00").status_code == 400


def test_a_thousand_parameters_are_refused_or_ignored(support: Client) -> None:
    assert support.get(LIST + "?" + "&".join(f"p.x{n}=1" for n in range(900))).status_code == 200
    assert support.get(LIST + "?" + "&".join(f"a{n}=1" for n in range(3000))).status_code in (200, 400)


class TestParts:
    """What HTMX gets, and what the browser's history keeps."""

    def test_typing_replaces_the_address_and_gets_the_results_only(self, support: Client) -> None:
        many(2)
        response = partial(support, f"{LIST}?q=customer&channel=&last_seen=")
        assert response["HX-Replace-Url"] == f"{LIST}?q=customer"
        body = response.content.decode()
        assert "<html" not in body
        assert body.count('id="results"') == 1
        assert 'id="menus"' not in body  # an open menu stays as it is
        assert "announce" in response["HX-Trigger"]

    def test_every_other_change_is_a_step_of_the_history(self, support: Client) -> None:
        many(2)
        assert partial(support, f"{LIST}?sort=name", trigger="sort-name")["HX-Push-Url"] == f"{LIST}?sort=name"
        assert partial(support, f"{LIST}?channel=email")["HX-Push-Url"] == f"{LIST}?channel=email"

    def test_removing_a_chip_brings_the_menus_up_to_date(self, support: Client) -> None:
        many(2)
        assert 'id="menus"' in partial(support, LIST, trigger="").content.decode()

    def test_back_in_the_browser_gets_a_whole_page(self, support: Client) -> None:
        response = partial(support, f"{LIST}?q=x", **{"HX-History-Restore-Request": "true"})
        assert "<html" in response.content.decode()
        assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}
        assert response["Cache-Control"] == "no-store, private"

    def test_the_count_comes_after_the_list_and_stops_at_its_cap(self, support: Client, settings: Any) -> None:
        settings.PAGE_SIZE = 3
        many(12)
        page = support.get(f"{LIST}?q=customer").content.decode()
        assert 'hx-get="/customers/count/?q=customer"' in page
        assert ">12<" in support.get(f"{LIST}count/?q=customer").content.decode()
        settings.COUNT_LIMIT = 10
        response = support.get(f"{LIST}count/?q=customer&say=1")
        assert "10+" in response.content.decode()
        assert "10+ customers match" in response["HX-Trigger"]

    def test_one_page_needs_no_counting(self, support: Client) -> None:
        many(2)
        assert "customers/count/" not in support.get(LIST).content.decode()


@pytest.mark.parametrize("count", [1, 25])
def test_the_page_costs_the_same_queries_for_one_row_and_for_many(
    support: Client, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        CustomerFactory(tags=["VIP", f"tag {n}"], account=AccountFactory(), email=f"c{n}@ex.test")
    support.get(LIST)
    with django_assert_num_queries(QUERIES):
        assert len(names(support.get(LIST))) == count
    with django_assert_num_queries(PARTIAL_QUERIES):
        assert len(names(partial(support, f"{LIST}?q=customer&channel="))) == count


def test_fifty_rows_stay_under_60_kilobytes(support: Client) -> None:
    account = AccountFactory(name="Northfjord Logistics")
    for n in range(50):
        CustomerFactory(
            name=f"Aleksandra Kowalska {n}", email=f"aleksandra.kowalska{n}@northfjord.example",
            tags=["Enterprise", "Early access", "At risk"], account=account, channels=["email", "chat", "voice"],
        )  # fmt: skip
    assert len(support.get(LIST).content) < 60_000


class TestRoles:
    def test_viewers_see_the_list_and_no_actions(self, client: Client) -> None:
        client.force_login(UserFactory(role="viewer"))
        many(2)
        page = client.get(LIST).content.decode()
        assert "Customer 001" in page
        for action in ("data-bulk", "Export", 'name="id"', "Add customer"):
            assert action not in page, action
        assert client.post(f"{LIST}bulk/", {"id": "1", "action": "add_tag", "tag": "x"}).status_code == 403
        assert client.post(f"{LIST}export/", {"matching": "true"}).status_code == 403

    def test_strangers_sign_in_first(self, client: Client) -> None:
        response = client.get(f"{LIST}?q=ana")
        assert response.status_code == 302
        assert response["Location"] == f"/sign-in/?next={quote('/customers/?q=ana', safe='/')}"

    def test_the_list_is_read_only(self, support: Client) -> None:
        assert support.post(LIST).status_code == 405


class TestFilterForms:
    """Filters with a dialog, which is a page where there is no script."""

    def test_a_property_filter_becomes_part_of_the_address(self, support: Client) -> None:
        DefinitionFactory(key="seats", label="Seats", type="number")
        response = support.get(
            f"{LIST}filters/property/?q=ana&cursor=x&p.seats=less:9&property=seats&operator=greater&value=5&apply=1"
        )
        assert response.status_code == 303
        assert response["Location"] == "/customers/?q=ana&p.seats=less%3A9&p.seats=greater%3A5"

    def test_a_wrong_value_is_said_at_its_field(self, support: Client) -> None:
        DefinitionFactory(key="seats", label="Seats", type="number")
        response = support.get(f"{LIST}filters/property/?property=seats&operator=greater&value=many&apply=1")
        assert response.status_code == 422
        assert "Must be a number" in response.content.decode()

    def test_the_comparisons_suit_the_type(self, support: Client) -> None:
        DefinitionFactory(key="plan", label="Plan", type="text")
        DefinitionFactory(key="since", label="Since", type="date")
        assert "contains" in support.get(f"{LIST}filters/property/?property=plan").content.decode()
        page = support.get(f"{LIST}filters/property/?property=since").content.decode()
        assert "is before" in page
        assert 'type="date"' in page
        assert "contains" not in page

    def test_an_account_is_found_by_its_name_or_id(self, support: Client) -> None:
        acme = AccountFactory(name="Acme", external_id="org-1")
        AccountFactory(name="Beta One")
        AccountFactory(name="Beta Two")
        for text in ("acme", "ACM", "org-1"):
            response = support.get(f"{LIST}filters/account/?account_name={text}&apply=1")
            assert response["Location"] == f"/customers/?account={acme.pk}", text
        assert support.get(f"{LIST}filters/account/?account_name=&apply=1")["Location"] == "/customers/?account=none"
        assert support.get(f"{LIST}filters/account/?account_name=beta&apply=1").status_code == 422
        assert support.get(f"{LIST}filters/account/?account_name=nobody&apply=1").status_code == 422

    @pytest.mark.parametrize("kind", ["property", "account", "source", "first-seen", "tag"])
    def test_each_opens_as_page_and_as_dialog(self, support: Client, kind: str) -> None:
        assert "<html" in support.get(f"{LIST}filters/{kind}/?q=ana").content.decode()
        dialog = support.get(f"{LIST}filters/{kind}/?q=ana", headers={"HX-Request": "true", "HX-Target": "dialog"})
        assert "<html" not in dialog.content.decode()
        assert 'name="q" value="ana"' in dialog.content.decode()

    def test_there_are_no_others(self, support: Client) -> None:
        assert support.get(f"{LIST}filters/nothing/").status_code == 404


def test_the_list_is_found_by_walking_its_order(support: Client) -> None:
    many(2)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        support.get(LIST)
    assert not [query["sql"] for query in queries if "OFFSET" in query["sql"] or "COUNT(" in query["sql"]]
