"""The audit log as a page (8.5): filters, entries in full, export."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Team, TeamMember
from audit.actor import Actor
from audit.models import Entry, Source
from audit.recording import recorded
from core import clock
from customers import creating, editing
from customers.identifying import identity
from customers.models import Customer
from staff.models import Role, User

pytestmark = pytest.mark.django_db
LIST = reverse("audit:list")


@pytest.fixture
def mina() -> User:
    return User.objects.create_user("mina@roster.example", name="Mina Okafor", role=Role.ADMIN)


@pytest.fixture
def admin(client: Client, mina: User) -> Client:
    client.force_login(mina)
    return client


@pytest.fixture
def ana(mina: User) -> Customer:
    draft = creating.Draft("Ana Kovač", [identity("email", "ana@lumen.example")])
    return creating.create(draft, actor=Actor.of_staff(mina))


def shown(client: Client, query: str = "") -> str:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return response.content.decode()


def done(verb: str, **entry: object) -> Entry:
    return Entry.objects.create(at=entry.pop("at", clock.now()), via=entry.pop("via", "page"), verb=verb, **entry)


def test_the_log_says_who_did_what_newest_first(admin: Client, ana: Customer, mina: User) -> None:
    editing.rename(ana, "Ana Ruiz", actor=Actor.of_staff(mina))
    html = shown(admin)
    assert "Mina Okafor" in html
    assert html.index("Renamed Ana Ruiz") < html.index("Added Ana Ruiz")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"renamed", "intake", "impersonated", "old"}),
        ("?who=user:{mina}", {"renamed"}),
        ("?who=user:{target}", {"impersonated"}),
        ("?who=source:{source}", {"intake"}),
        ("?who=roster", {"old"}),
        ("?action=customer", {"renamed", "impersonated", "old"}),
        ("?action=document.received", {"intake"}),
        ("?way=intake", {"intake"}),
        ("?about=customer:7", {"renamed"}),
        ("?impersonated=true", {"impersonated"}),
        ("?since={today}", {"renamed", "intake", "impersonated"}),
        ("?until={yesterday}", {"old"}),
        ("?who=user:{mina}&action=document", set()),
    ],
)  # fmt: skip
def test_each_filter_leaves_what_it_says(admin: Client, mina: User, query: str, found: set[str]) -> None:
    now = clock.now()
    target = User.objects.create_user("ana@ex.test", name="Ana", role=Role.PORTAL)
    other = User.objects.create_user("root@roster.example", name="Root", role=Role.ADMIN)
    source = Source.objects.create(name="Inbox", kind="feedback")
    made = {
        "renamed": done("customer.renamed", actor=mina, subject_type="customer", subject_id=7),
        "intake": done("document.received", source=source, via="intake"),
        "impersonated": done("customer.edited", actor=other, on_behalf_of=target),
        "old": done("customer.created", via="task", at=now - timedelta(days=3)),
    }
    values = {"mina": mina.pk, "target": target.pk, "source": source.pk, "today": f"{now:%Y-%m-%d}"}
    html = shown(admin, query.format(**values, yesterday=f"{now - timedelta(days=1):%Y-%m-%d}"))
    assert {name for name, entry in made.items() if f'id="open-{entry.pk}"' in html} == found


@pytest.mark.parametrize(
    "query",
    ["who=user:x", "who=9", "who=user:99999999999999999999", "action=nothing.done", "way=telepathy", "about=moon:1",
     "about=customer:-1", "since=yesterday"],
)  # fmt: skip
def test_what_cannot_be_understood_shows_nothing_and_says_so(admin: Client, ana: Customer, query: str) -> None:
    html = shown(admin, f"?{query}")
    assert "A filter cannot be understood" in html
    assert "open-" not in html


def test_an_entry_shows_every_row_before_and_after(admin: Client, ana: Customer, mina: User) -> None:
    editing.rename(ana, "Ana Ruiz", actor=Actor.of_staff(mina))
    entry = Entry.objects.get(verb="customer.renamed")
    html = admin.get(reverse("audit:detail", args=[entry.pk])).content.decode()
    for text in ("Mina Okafor", "customer.renamed", "Ana Kovač", "Ana Ruiz", "<code>name</code>"):
        assert text in html
    assert admin.get(reverse("audit:detail", args=[entry.pk + 1000])).status_code == 404
    assert admin.get(f"/audit/{10**30}/").status_code == 404


def test_an_entry_of_many_rows_is_read_a_hundred_at_a_time(admin: Client, mina: User) -> None:
    with recorded(Actor.of_staff(mina), "customer.created") as entry:
        Customer.objects.bulk_create(Customer(name=f"C{n}", sort_name=f"c{n}") for n in range(120))
    first = admin.get(reverse("audit:detail", args=[entry.pk])).content.decode()
    assert "C99 " in first
    assert "C100 " not in first
    more = first.partition("?after=")[2].partition('"')[0]
    second = admin.get(f"{reverse('audit:detail', args=[entry.pk])}?after={more}").content.decode()
    assert "C119 " in second
    assert "C99 " not in second


def test_who_impersonated_is_named_with_whom(admin: Client, mina: User) -> None:
    target = User.objects.create_user("ana@ex.test", name="Ana Ruiz", role=Role.PORTAL)
    with recorded(Actor("portal", "staff", mina.pk, on_behalf_of_id=target.pk), "customer.edited"):
        pass
    assert "Mina Okafor as Ana Ruiz" in shown(admin)


def test_the_export_has_a_line_for_each_changed_row_and_is_recorded_itself(
    admin: Client, ana: Customer, mina: User
) -> None:
    mina.name = "=Mina"
    mina.save()
    done("customer.exported", actor=mina)
    response = admin.post(reverse("audit:export"), {"query": f"who=user:{mina.pk}"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row["action"] for row in rows][:2] == ["audit.exported", "customer.exported"]
    assert {row["table"] for row in rows if row["action"] == "customer.created"} == {
        "customers_customer", "customers_identifier",
    }  # fmt: skip
    assert rows[0]["who"] == "'=Mina"  # no formula
    assert Entry.objects.filter(verb="audit.exported", actor=mina).exists()


def test_an_export_that_cannot_be_understood_is_refused(admin: Client) -> None:
    assert admin.post(reverse("audit:export"), {"query": "who=nobody"}).status_code == 422


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_only_admins_read_the_log(client: Client, role: str) -> None:
    client.force_login(User.objects.create_user("eve@roster.example", role=role))
    assert client.get(LIST).status_code == 403


def test_an_admin_whom_a_team_limits_does_not_read_it(admin: Client, mina: User) -> None:
    TeamMember.objects.create(user=mina, team=Team.objects.create(name="North", reach="list"))
    assert admin.get(LIST).status_code == 403


def test_a_page_of_the_log_costs_the_same_queries_however_long_it_is(admin: Client, mina: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            shown(admin)
        return len(found)

    done("customer.renamed", actor=mina, subject_type="customer", subject_id=1)
    few = queries()
    for number in range(25):
        done("customer.renamed", actor=mina, subject_type="customer", subject_id=number)
    assert queries() == few <= 12
