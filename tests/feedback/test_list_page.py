"""The documents list: search, filters, orders, pages (5.1)."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from audit.models import Source
from customers.models import Tag
from feedback.models import Document, DocumentTag
from properties.models import Definition
from tests.feedback.conftest import htmx, person, write

pytestmark = pytest.mark.django_db


def titles(client: Client, query: str = "", **options: Any) -> list[str]:
    """The titles that the list shows, in order."""
    response = client.get(f"/documents/{query}", **options)
    assert response.status_code == 200
    found = re.findall(r'id="open-\d+"[^>]*>(.*?)</a>', response.content.decode())
    return [re.sub(r"</?mark>", "", title) for title in found]


def test_documents_are_listed_newest_first_and_the_other_way_round(mina: Client) -> None:
    write(title="Old", hours=48)
    write(title="New", hours=1)
    assert titles(mina) == ["New", "Old"]
    assert titles(mina, "?sort=time") == ["Old", "New"]


def test_deleted_documents_are_not_listed(mina: Client) -> None:
    write(title="Gone", state="deleted")
    assert titles(mina) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("crash", ["App crashes", "Crash on start"]),
        ("cra", ["App crashes", "Crash on start"]),
        ("start crash", ["Crash on start"]),
        ('"on start"', ["Crash on start"]),
        ('"start on"', []),
        ("crashes -start", ["App crashes"]),
        ("drömmar", ["Sweet dreams"]),
        ("ana@ex", ["Letter"]),
        ("ana@ex.test ", ["Letter"]),
        ("nothing", []),
    ],
)
def test_search_finds_words_beginnings_and_phrases(mina: Client, query: str, found: list[str]) -> None:
    write(title="App crashes", hours=1)
    write(title="Crash on start", hours=2)
    write(title="Sweet dreams", body="Drömmar i natt", hours=3)
    write(title="Letter", body="write to ana@ex.test please", hours=4)
    assert titles(mina, f"?q={query}") == found


@pytest.mark.parametrize(
    "query",
    [
        "'", "''", '"', '"""', "\\", "a\\", "a'b", "a:*", "!", "!!", "&", "| |", "a & | b", "(", "<->", "-", "--",
        "a -", ":", "*", "'; DROP TABLE", "%27%22%5C", "a:b:c", "\u202eabc", "🙂", "x" * 5000, "%ED%A0%80", "-crash",
        "''':*", "é'é",
    ],
)  # fmt: skip
def test_nothing_that_can_be_typed_is_a_syntax_error(mina: Client, query: str) -> None:
    write()
    assert mina.get("/documents/", {"q": query}).status_code == 200
    assert mina.get(f"/documents/?q={query.replace('&', '%26')}").status_code == 200


def test_a_nul_character_is_refused_before_it_reaches_the_database(mina: Client) -> None:
    assert mina.get("/documents/?q=a%00b").status_code == 400


def test_what_was_searched_is_marked(mina: Client) -> None:
    write(title="Crash on start", body="<p>it crashes &amp; burns</p>", body_format="html")
    text = mina.get("/documents/?q=crash").content.decode()
    assert "<mark>Crash</mark> on start" in text
    assert "it <mark>crash</mark>es &amp; burns" in text


def test_filter_by_channel(mina: Client) -> None:
    write(title="Mail", channel="email", hours=1)
    write(title="Call", channel="voice", hours=2)
    write(title="Chat", channel="chat", hours=3)
    assert titles(mina, "?channel=voice") == ["Call"]
    assert titles(mina, "?channel=voice&channel=chat") == titles(mina, "?channel=voice,chat") == ["Call", "Chat"]


def test_filter_by_source(mina: Client) -> None:
    desk = Source.objects.create(name="Desk", kind="feedback")
    write(title="From the desk", source=desk)
    write(title="From nowhere")
    assert titles(mina, f"?source={desk.pk}") == ["From the desk"]
    assert titles(mina, "?source=none") == ["From nowhere"]


def test_filter_by_status_also_with_a_comma_in_it(mina: Client) -> None:
    write(title="Open", status="open")
    write(title="Odd", status="waiting, on us")
    write(title="None")
    assert titles(mina, "?status=open") == ["Open"]
    assert titles(mina, "?status=waiting, on us") == ["Odd"]
    assert titles(mina, "?status=none") == ["None"]


def test_filter_by_tag(mina: Client) -> None:
    billing = Tag.objects.named("Billing")
    DocumentTag.objects.create(document=write(title="Tagged"), tag=billing)
    write(title="Bare")
    assert titles(mina, f"?tag={billing.pk}") == ["Tagged"]
    assert titles(mina, "?tag=none") == ["Bare"]


def test_filter_by_customer_and_unassigned(mina: Client) -> None:
    ana = person("Ana")
    write(title="Hers", customer=ana)
    write(title="Nobody’s")
    assert titles(mina, f"?customer={ana.pk}") == ["Hers"]
    assert titles(mina, "?unassigned=true") == titles(mina, "?customer=none") == ["Nobody’s"]


def test_filter_by_account(mina: Client) -> None:
    lumen = Account.objects.create(name="Lumenworks")
    write(title="Theirs", account=lumen)
    write(title="No account")
    assert titles(mina, f"?account={lumen.pk}") == ["Theirs"]
    assert titles(mina, "?account=none") == ["No account"]


def test_filter_by_property_of_the_customer(mina: Client) -> None:
    write(title="Pro", customer=person("Ana", plan="pro", seats="7"))
    write(title="Free", customer=person("Bo", plan="Freemium", seats="3"))
    Definition.objects.filter(key="seats").update(type="number")
    assert titles(mina, "?cp.plan=is:pro") == titles(mina, "?CP.plan=pro&cp.PLAN=is:pro") == ["Pro"]
    assert titles(mina, "?cp.plan=is_not:pro") == ["Free"]
    assert titles(mina, "?cp.plan=contains:freem") == ["Free"]
    assert titles(mina, "?cp.unknown=is:pro") == ["Free", "Pro"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ap.plan=is:Freemium", ["Small"]),
        ("ap.ARR=greater:1000", ["Big"]),
        ("ap.ARR=less:1000", ["Small"]),
        ("ap.ARR=is:5000", ["Big"]),
        ("ap.ARR=greater:1000&ap.plan=is:Freemium", []),
        ("ap.since=before:2026-01-01", ["Small"]),
        ("ap.since=after:2026-02-03", []),
        ("ap.since=is:2026-02-03", ["Big"]),
        ("ap.plan=empty", []),
        ("ap.plan=not_empty", ["Big", "Small"]),
    ],
)
def test_filter_by_property_of_the_account(mina: Client, query: str, found: list[str]) -> None:
    for key, kind in (("plan", "text"), ("ARR", "number"), ("since", "date")):
        Definition.objects.create(subject="account", key=key, label=key, type=kind)
    big = Account.objects.create(
        name="Big", properties={"plan": ["Enterprise"], "ARR": [5000], "since": ["2026-02-03T10:00:00Z"]}
    )
    small = Account.objects.create(
        name="Small", properties={"plan": ["Freemium"], "ARR": [12.5], "since": ["2025-12-31"]}
    )
    write(title="Big", account=big, hours=1)
    write(title="Small", account=small, hours=2)
    write(title="Neither", hours=3)
    assert titles(mina, f"?{query}") == found


def test_filter_by_dates_in_the_readers_time_zone(mina: Client) -> None:
    write(title="Second", occurred_at=datetime(2026, 2, 2, 23, 30, tzinfo=UTC))
    write(title="Third", occurred_at=datetime(2026, 2, 3, 12, tzinfo=UTC))
    assert titles(mina, "?time_from=2026-02-03&time_to=2026-02-03") == ["Third"]
    assert titles(mina, "?time_to=2026-02-02") == ["Second"]
    assert titles(mina, "?time=7d") == []


def test_a_filter_that_makes_no_sense_is_said_and_nothing_is_shown(mina: Client) -> None:
    write(title="Here")
    for query in ("channel=pigeon", "tag=x", "time=soon", "time_from=yesterday", "customer=99999999999999999999"):
        assert titles(mina, f"?{query}") == []
        assert "A filter cannot be understood" in mina.get(f"/documents/?{query}").content.decode()


def test_filters_that_are_on_are_chips_that_lead_to_the_list_without_them(mina: Client) -> None:
    text = mina.get("/documents/?channel=email&unassigned=true&q=x").content.decode()
    assert "Channel is <b>Email</b>" in text
    assert 'href="/documents/?unassigned=true&amp;q=x"' in text


def test_the_property_form_leads_to_the_address_of_its_filter(mina: Client) -> None:
    Definition.objects.create(subject="account", key="ARR", label="ARR", type="number")
    here = "/documents/filter/account-property/?channel=email&property=ARR&operator=greater&apply=1&value="
    response = mina.get(f"{here}1000")
    assert (response.status_code, response["Location"]) == (303, "/documents/?channel=email&ap.ARR=greater%3A1000")
    wrong = mina.get(f"{here}many")
    assert wrong.status_code == 422
    assert "Must be a number" in wrong.content.decode()


def test_fifty_a_page_forth_and_back(mina: Client) -> None:
    for number in range(60):
        write(title=f"Number {number}", hours=number)
    first = mina.get("/documents/")
    following = re.search(r'id="page-next"[^>]*href="([^"]+)"', first.content.decode())
    assert following is not None
    assert len(titles(mina)) == 50
    rest = titles(mina, following[1].replace("&amp;", "&"))
    assert rest == [f"Number {number}" for number in range(50, 60)]
    assert titles(mina, "?cursor=broken") == titles(mina)


def test_a_row_shows_the_words_of_html_the_customer_and_the_tags(mina: Client) -> None:
    document = write(
        title="Hi", body="<p>Hello <b>there</b></p><script>x()</script>", body_format="html", status="open"
    )
    DocumentTag.objects.create(document=document, tag=Tag.objects.named("<Billing>"))
    write(title="Hers", customer=person("Ana <i>"))
    text = mina.get("/documents/").content.decode()
    assert "Hello there" in text
    assert "x()" not in text
    assert "No customer" in text
    assert "Ana &lt;i&gt;" in text
    assert "&lt;Billing&gt;" in text


def test_a_deleted_customers_document_says_so_without_the_name(mina: Client) -> None:
    ana = person("Ana Kovač")
    write(customer=ana)
    ana.state = "deleted"
    ana.save()
    text = mina.get("/documents/").content.decode()
    assert "Deleted customer" in text
    assert "Ana Kovač" not in text


def test_empty_lists_say_why_and_the_way_out(mina: Client) -> None:
    assert "No documents yet" in mina.get("/documents/").content.decode()
    write()
    assert "Clear all" in mina.get("/documents/?q=nowhere").content.decode()


def test_htmx_gets_the_results_alone_with_chips_and_an_announcement(mina: Client) -> None:
    write()
    response = mina.get("/documents/?channel=email", headers=htmx("results"))
    text = response.content.decode()
    assert "<html" not in text
    assert 'id="chips"' in text
    assert "1 documents" not in text
    assert response["HX-Push-Url"] == "/documents/?channel=email"


@pytest.mark.parametrize("number", [1, 25])
def test_the_list_takes_the_same_few_queries_for_1_and_25_rows(
    mina: Client, number: int, django_assert_max_num_queries: Any
) -> None:
    tag = Tag.objects.named("x")
    for at in range(number):
        DocumentTag.objects.create(document=write(title=f"T{at}", customer=person(f"P{at}")), tag=tag)
    mina.get("/documents/")
    with django_assert_max_num_queries(14):
        mina.get("/documents/")
    with django_assert_max_num_queries(6):
        mina.get("/documents/", headers={**htmx("results"), "HX-Trigger": "filters"})


def test_a_full_page_of_long_documents_stays_under_60_kb(mina: Client) -> None:
    tags = [Tag.objects.named(name) for name in ("Billing", "Feature request", "Churn risk")]
    ana = person("Ana Maria Kovačević")
    for at in range(55):
        title = f"{at} The export to CSV drops every accented character since Monday"
        document = write(title=title, body="long body " * 400, status="waiting on us", customer=ana)
        for tag in tags:
            DocumentTag.objects.create(document=document, tag=tag)
    assert len(mina.get("/documents/").content) < 60_000


def test_anonymous_visitors_are_sent_to_sign_in(client: Client) -> None:
    response = client.get("/documents/")
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


def test_a_viewer_may_read_the_list(vera: Client) -> None:
    write(title="Readable")
    assert titles(vera) == ["Readable"]


def test_account_choices_are_links_that_keep_the_other_filters(mina: Client) -> None:
    lumen = Account.objects.create(name="Lumenworks")
    text = mina.get(
        "/documents/filter/account/?channel=email&search=lumen", headers=htmx("account-choices")
    ).content.decode()
    assert f"/documents/?channel=email&amp;account={lumen.pk}" in text
    assert mina.get("/documents/filter/nonsense/").status_code == 404


def test_ten_megabytes_are_listed_and_shown(mina: Client) -> None:
    document = write(title="Huge", body="word " * 2_000_000)
    assert titles(mina) == ["Huge"]
    assert len(mina.get(f"/documents/{document.pk}/").content) < 400_000
    assert Document.objects.count() == 1


def test_the_count_comes_after_the_list_and_only_when_it_may_have_changed(mina: Client) -> None:
    for n in range(3):
        write(title=f"Second {n}", channel="voice")
    write(title="First", channel="email")
    page = mina.get("/documents/?channel=voice").content.decode()
    assert "/documents/count/?channel=voice" in page
    assert ">3</span>" in mina.get("/documents/count/?channel=voice").content.decode()
    assert mina.get("/documents/count/?time=soon").status_code == 422
    asked = {"HX-Request": "true", "HX-Target": "results"}
    assert "/documents/count/" in mina.get("/documents/?q=first", headers={**asked, "HX-Trigger": "q"}).content.decode()
    moved = mina.get("/documents/?sort=time", headers={**asked, "HX-Trigger": "sort-time"})
    assert "/documents/count/" not in moved.content.decode()
