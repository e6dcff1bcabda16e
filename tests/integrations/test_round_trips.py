"""What is exported comes in again, into a directory where nothing is, and is the same there."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.models import Entry, Source
from core import jobs
from core.exporting import Cell, Property, file
from core.spreadsheets import joined, plain, safe, split
from customers.models import Customer, Membership, Segment, SegmentMember, Tag
from engagement.models import Campaign, Delivery, Survey, SurveyResponse, UsageEvent
from feedback.models import Document
from integrations.importing.starting import start, upload
from integrations.models import Import
from properties.models import Definition
from properties.values import as_input
from staff.models import User
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory, UserFactory
from tests.integrations.test_import_kinds import STAFF, Plan

pytestmark = pytest.mark.django_db
NASTY = [
    "=1+1", "+34 600", "-1", "@SUM(A1)", "\tx", "'=1", "''-1", 'say "hi"', "two\nlines", "a;b", "a,b|c", "back\\slash",
    "\\;", "Ünïcødé 日本 🙂", "'quoted'", "007", "1e5", "true", "NULL", "\\.", "a; b", "'", "x" * 400,
]  # fmt: skip
WHEN = datetime(2026, 3, 1, 12, 30, 15, 123450, tzinfo=UTC)


@pytest.fixture
def mina() -> User:
    return UserFactory(email="mina@roster.example")


@pytest.fixture
def client(mina: User) -> Client:
    client = Client()
    client.force_login(mina)
    return client


def exported(client: Client, path: str, **sent: Any) -> bytes:
    response = client.post(path, {"matching": "true", "query": "", **sent})
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def taken_in(content: bytes, kind: str, source: str = "Again") -> Import:
    """The file imported as whoever is new to it would: with what is guessed."""
    job = upload(io.BytesIO(content), "again.csv", user=None, actor=STAFF)
    assert job.kind == kind
    plan = Plan.of_json(job.plan)
    plan.source = source
    start(job, plan, actor=STAFF)
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    assert (job.status, list(job.errors.values_list("row", "column", "message"))) == ("done", [])
    return job


def empty_directory() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in (
            SurveyResponse, Survey, UsageEvent, Delivery, Document, Membership, SegmentMember, Definition,
        ):  # fmt: skip
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        for table in ("customers_customertag", "feedback_documenttag", "customers_tag", "customers_identifier",
                      "customers_customervalue", "customers_customer", "accounts_account"):  # fmt: skip
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("SET LOCAL session_replication_role = origin")


def customers() -> list[Any]:
    return sorted(
        (
            one.name, one.primary_email, one.primary_phone, one.properties, one.created_elsewhere_at,
            sorted(one.identifiers.values_list("kind", "value", "primary")),
            sorted(one.memberships.values_list("account__external_id", flat=True)),
            sorted(Tag.objects.filter(pk__in=one.tag_ids).values_list("name", flat=True)),
        )
        for one in Customer.objects.all()
    )  # fmt: skip


def test_customers_come_back_as_they_were(client: Client) -> None:
    for key, type_ in (("plan", "text"), ("seats", "number"), ("beta", "boolean"), ("since", "date"), ("site", "url"),
                       ("tier", "choice"), ("company.name", "text")):  # fmt: skip
        DefinitionFactory(key=key, type=type_)
    acme, globex = (AccountFactory(name=f"A {n}", external_id=f"org;{n}") for n in (1, 2))
    for number, text in enumerate(NASTY):
        name = " ".join(text.split())
        one = CustomerFactory(
            name=name[:300], email=[f"z{number}@ex.test", f"a{number}@ex.test"], user_id=f"P-{text.strip()[:150]}",
            handle=f"twitter:n{number}", tags=[name[:60]], account=acme if number % 2 else None,
            created_elsewhere_at=WHEN,
            properties={"plan": [name, "b;c\\"], "seats": [-5, Decimal("80.25")], "beta": [True], "tier": [name],
                        "since": ["2026-02-03", "2026-02-03T14:30:00Z"], "site": ["https://ex.test/?a=1;b=2"],
                        "company.name": [name]},
        )  # fmt: skip
        if number == 1:
            Membership.objects.create(customer=one, account=globex)
    CustomerFactory(name="", email=None, phone="+34 600 111 222", properties={"plan": ["007"], "seats": [7]})
    before, content = customers(), exported(client, "/customers/export/")
    empty_directory()
    job = taken_in(content, "customers")
    assert job.created_count == len(NASTY) + 1
    assert customers() == before
    assert dict(Definition.objects.values_list("key", "type"))["seats"] == "number"
    again = taken_in(content, "customers")
    assert (again.unchanged_count, again.updated_count) == (len(NASTY) + 1, 0)


def test_accounts_come_back_as_they_were(client: Client) -> None:
    DefinitionFactory(key="arr", type="number", subject="account")
    DefinitionFactory(key="region", subject="account")
    for number, text in enumerate(NASTY):
        name = " ".join(text.split())
        AccountFactory(name=name[:300], external_id=f"{name[:150]}{number}", properties={"region": [name], "arr": [-1]})

    def state() -> list[Any]:
        return sorted(Account.objects.values_list("external_id", "name", "created_at"))

    before = state()
    properties = {one.external_id: one.properties for one in Account.objects.all()}
    content = exported(client, "/accounts/export/")
    empty_directory()
    taken_in(content, "accounts")
    assert state() == before
    assert {one.external_id: one.properties for one in Account.objects.all()} == properties


def test_memberships_come_back_as_they_were(client: Client) -> None:
    DefinitionFactory(key="role", subject="membership")
    acme, globex = (AccountFactory(external_id=f"org-{n}") for n in (1, 2))
    for number, text in enumerate(NASTY[:8]):
        one = CustomerFactory(name=f"Customer {number}", email=f"c{number}@ex.test", account=acme)
        Membership.objects.create(
            customer=one, account=globex, contact=True, key_contact=number % 2 == 0,
            properties={"role": [" ".join(text.split())]},
        )  # fmt: skip

    def state() -> list[Any]:
        columns = ("customer__primary_email", "account__external_id", "contact", "key_contact", "primary")
        return sorted((*row, str(held)) for *row, held in Membership.objects.values_list(*columns, "properties"))

    before, content = state(), exported(client, "/accounts/export/members/")
    empty_directory()
    taken_in(content, "memberships")
    assert state() == before


def test_documents_come_back_as_they_were(client: Client) -> None:
    first, second = (Source.objects.create(name=name, kind="import") for name in ("Desk", "Shop"))
    AccountFactory(external_id="org-1")
    for number, text in enumerate(NASTY):
        DocumentFactory(
            title=" ".join(text.split())[:500], body=f" {text}\r\n\n{text} ", external_id=str(number // 2),
            body_format="html" if number % 3 else "text", source=second if number % 2 else first,
            status=" ".join(text.split())[:60], occurred_at=WHEN,
            author={"name": f"N {number}", "email": f"c{number}@ex.test"}, channel="chat",
            custom_fields={"k": text, "n": 1, "deep": {"list": [1, None, True]}}, metadata={"m": [text]},
        )  # fmt: skip

    def state() -> list[Any]:
        columns = (
            "source__name", "external_id", "title", "body", "body_format", "status", "occurred_at", "author", "channel",
            "custom_fields", "metadata",
        )  # fmt: skip
        return sorted(map(repr, Document.objects.values_list(*columns)))

    before, content = state(), exported(client, "/documents/export/")
    empty_directory()
    taken_in(content, "documents")
    assert state() == before
    assert taken_in(content, "documents").unchanged_count == len(NASTY)


def test_usage_and_answers_come_back_as_they_were(client: Client) -> None:
    acme, ana = AccountFactory(external_id="org-1"), CustomerFactory(email="ana@ex.test", user_id="P;1")
    survey = Survey.objects.create(name="=Relationship", kind="nps")
    for number, text in enumerate(NASTY):
        UsageEvent.objects.create(
            module=text.strip()[:100], activity=text.strip()[:200], occurred_at=WHEN, account=acme,
            customer=ana if number % 2 else None,
            external_id=f"{number}",
        )  # fmt: skip
        SurveyResponse.objects.create(
            survey=survey, score=number % 11, comment=text, answered_at=WHEN, customer=ana, external_id=f"{number}",
            account=acme if number % 2 else None,
        )  # fmt: skip

    def state() -> list[Any]:
        events = UsageEvent.objects.values_list("module", "activity", "occurred_at", "customer", "account")
        answers = SurveyResponse.objects.values_list("survey__name", "score", "comment", "customer", "account")
        return [sorted(map(repr, events)), sorted(map(repr, answers))]

    before = state()
    events, answers = exported(client, "/usage/export/"), exported(client, f"/surveys/{survey.pk}/export/")
    UsageEvent.objects.all().delete()
    SurveyResponse.objects.all().delete()
    taken_in(events, "usage")
    taken_in(answers, "surveys")
    assert state() == before


@pytest.mark.parametrize("text", [*NASTY, "\r=1", "", " =1", "a" * 3_000])
def test_the_database_writes_cells_as_core_spreadsheets_does(text: str) -> None:
    CustomerFactory(name=text[:300], properties={"k": [text], "l": [text, "b;", True, -1], "n": [Decimal("-1.50")]})
    cells = [Cell("name"), Property("k"), Property("l"), Property("n"), Property("none")]
    content = b"".join(file(["a", "b", "c", "d", "e"], Customer.objects.all(), cells)).decode("utf-8-sig")
    (_, row) = csv.reader(io.StringIO(content, newline=""))
    several = safe(joined(as_input(value) for value in [text, "b;", True, -1]))
    assert row == [safe(text[:300]), safe(joined([text])), several, "-1.50", ""]
    assert plain(row[0]) == text[:300]
    assert split(plain(row[2])) == [value for value in (text.strip(), "b;", "yes", "-1") if value]


def test_each_list_is_exported_to_who_may_and_the_audit_log_has_it(client: Client) -> None:
    ana = CustomerFactory(name="Ana", email="ana@ex.test", user_id="P-1")
    CustomerFactory(name="Bo")
    segment = Segment.objects.create(name="Chosen")
    SegmentMember.objects.create(segment=segment, customer=ana)
    campaign = Campaign.objects.create(name="Spring")
    Delivery.objects.create(campaign=campaign, customer=ana, sent_at=WHEN)
    members = lines(exported(client, "/customers/export/", query=f"segment={segment.pk}"))
    assert [row["name"] for row in members] == ["Ana"]
    (row,) = lines(exported(client, f"/campaigns/{campaign.pk}/export/"))
    assert (row["campaign"], row["email"], row["user_id"]) == ("Spring", "ana@ex.test", "P-1")
    assert datetime.fromisoformat(row["sent_at"]) == WHEN
    assert row["viewed_at"] == ""
    DocumentFactory(title="Found", channel="chat")
    DocumentFactory(title="Other", channel="email")
    (row,) = lines(exported(client, "/documents/export/", query="channel=chat"))
    assert row["title"] == "Found"
    verbs = set(Entry.objects.filter(verb__endswith=".exported").values_list("verb", flat=True))
    assert verbs == {"customers.exported", "deliveries.exported", "documents.exported"}
    viewer = Client()
    viewer.force_login(UserFactory(role="viewer"))
    for path in ("/customers/export/", "/documents/export/", "/usage/export/", f"/campaigns/{campaign.pk}/export/"):
        assert viewer.post(path, {"matching": "true"}).status_code == 403


def test_limited_staff_get_what_they_may_see(client: Client, mina: User) -> None:
    seen, hidden = AccountFactory(name="Seen", external_id="s"), AccountFactory(name="Secret", external_id="h")
    team = Team.objects.create(name="Team", reach="list")
    TeamAccount.objects.create(team=team, account=seen)
    ana = CustomerFactory(name="Ana", email="ana@ex.test", account=hidden)
    Membership.objects.create(customer=ana, account=seen)
    stranger = CustomerFactory(name="Stranger", email="stranger@ex.test", account=hidden)
    for account, title in ((seen, "Mine"), (hidden, "Not mine")):
        DocumentFactory(customer=ana, account=account, title=title, occurred_at=WHEN)
        UsageEvent.objects.create(module=title, activity="x", occurred_at=WHEN, account=account, customer=stranger)
    survey = Survey.objects.create(name="S", kind="nps")
    SurveyResponse.objects.create(survey=survey, score=9, answered_at=WHEN, account=seen, customer=stranger)
    TeamMember.objects.create(team=team, user=mina)
    paths = ("/customers/export/", "/accounts/export/", "/accounts/export/members/", "/documents/export/",
             "/usage/export/", f"/surveys/{survey.pk}/export/")  # fmt: skip
    found = {path: exported(client, path) for path in paths}
    for path, content in found.items():
        assert len(lines(content)) == 1, path
        assert not any(word in content for word in (b"Secret", b"tranger", b"Not mine")), path
    (row,) = lines(found["/customers/export/"])
    assert (row["company"], row["account_ids"], row["feedback_count"], row["channels"]) == ("", "s", "1", "email")
    assert datetime.fromisoformat(row["last_seen"]) == WHEN


def test_a_download_that_is_given_up_leaves_the_connection_usable() -> None:
    for number in range(300):
        CustomerFactory(name="x" * 290 + str(number))
    pieces = file(["name"], Customer.objects.all(), [Cell("name")])
    next(pieces), next(pieces)
    pieces.close()
    assert Customer.objects.count() == 300


def test_a_filter_that_nothing_meets_makes_a_file_of_names_alone() -> None:
    assert b"".join(file(["a"], Customer.objects.none(), [Cell("name")])).decode("utf-8-sig") == "a\r\n"
