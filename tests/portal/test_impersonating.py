"""Staff in the portal as a customer: the customer's own pages, for a while, nothing hidden from anybody (8.3, 8.4)."""

import contextlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import get_resolver

from accounts.models import Team, TeamAccount, TeamMember
from audit.models import Entry
from core import clock
from core.checks import views
from customers import deleting, editing
from customers.logins import take_login
from customers.models import Customer, Membership
from feedback.models import Document
from portal import impersonating
from staff.models import Impersonation, User
from staff.permissions import IN_PORTAL
from tests.customers.people import mina, user
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory
from tests.feedback.test_races import race
from tests.portal.cast import admin, ana, client_of, customer, user_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Customer:
    return ana(AccountFactory(name="Lumen"))


@pytest.fixture
def ada() -> User:
    return admin()


@pytest.fixture
def client(ada: User) -> Client:
    return client_of(ada)


def start(client: Client, person: Customer, mode: str = "look", **said: str) -> Any:
    return client.post(f"/customers/{person.pk}/impersonate/", {"reason": "Ticket 4711", "mode": mode, **said})


def end(client: Client) -> Any:
    return client.post("/portal/impersonation/end/")


def log(person: Customer) -> str:
    words = re.sub(r"<[^>]*>", " ", client_of(person).get("/portal/activity/").content.decode())
    return " ".join(words.split()).partition("in your name.")[2]


# Into the portal, and back


def test_an_admin_sees_the_portal_as_the_customer_and_comes_back(client: Client, person: Customer, ada: User) -> None:
    came_from = f"/customers/{person.pk}/?focus=x"
    assert start(client, person, next=came_from)["Location"] == "/portal/"
    page = client.get("/portal/").content.decode()
    assert 'aside class="acting"' in page
    assert "(As Ana)" in page
    assert "icons/acting.svg" in page
    assert "logged under your name, Ada Admin" in page
    assert client.get("/customers/").status_code == 200, "the dashboard is theirs meanwhile"
    assert "acting" not in client.get("/customers/").content.decode()
    assert end(client)["Location"] == came_from
    assert client.get("/portal/").status_code == 403
    row = Impersonation.objects.get()
    assert (row.staff, row.mode, row.reason, row.ended_at is not None) == (ada, "look", "Ticket 4711", True)


def test_the_owner_of_an_account_is_impersonated_from_the_account(client: Client, person: Customer) -> None:
    account = person.memberships.get().account
    page = f"/accounts/{account.pk}/impersonate/"
    assert b"Impersonate" in client.get(page).content
    assert client.post(page, {"reason": "Ticket", "mode": "look"})["Location"] == "/portal/"
    assert Impersonation.objects.get().target == user_of(person)
    assert client.get(f"/accounts/{AccountFactory().pk}/impersonate/").status_code == 404


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/portal/", "javascript:alert(1)"])
def test_the_way_back_never_leads_elsewhere(client: Client, person: Customer, where: str) -> None:
    start(client, person, next=where)
    assert end(client)["Location"] == f"/customers/{person.pk}/"


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"reason": "  "}, {"reason": "x" * 301}, {"reason": "a\0"}, {"mode": "own"}]
)
def test_a_reason_and_a_mode_are_required(client: Client, person: Customer, wrong: dict[str, str]) -> None:
    assert start(client, person, **wrong).status_code == 422
    assert not Impersonation.objects.exists()


def test_the_form_says_look_only_unless_told(client: Client, person: Customer) -> None:
    page = client.get(f"/customers/{person.pk}/impersonate/").content.decode()
    assert re.search(r'<input[^>]*value="look"[^>]*checked', page)
    assert client.post(f"/customers/{person.pk}/impersonate/", {"reason": "x"}).status_code == 422


def test_it_moves_nothing_that_says_when_the_customer_was_there(client: Client, person: Customer) -> None:
    before = user_of(person).last_login, Customer.objects.get(pk=person.pk).last_seen_at
    start(client, person, "act")
    for page in PAGES:
        client.get(page)
    client.post("/portal/profile/", {"name": "Ana Novak", "was": "Ana Kovač"})
    assert (user_of(person).last_login, Customer.objects.get(pk=person.pk).last_seen_at) == before


# Parity

PAGES = [
    "/portal/", "/portal/profile/", "/portal/preferences/", "/portal/password/", "/portal/organisations/",
    "/portal/feedback/", "/portal/feedback/new/", "/portal/activity/", "/portal/data/", "/portal/nowhere/",
    "/portal/feedback/999999999/", "/portal/organisations/999999999/", "/portal/profile/emails/made-up/",
]  # fmt: skip


def without_marks(answer: Any) -> str:
    """The page without the bar and its marks, and without tokens, which no two pages share."""
    page = re.sub(r'<aside class="acting".*?</aside>\n?', "", answer.content.decode(), flags=re.S)
    page = page.replace("(As Ana) ", "").replace("acting.svg", "roster.svg")
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page)
    page = re.sub(r'name="token" value="[^"]*"', "", page)
    return re.sub(r"(<body[^>]*>)\s*", r"\1", page)


@pytest.mark.parametrize("mode", ["look", "act"])
def test_every_page_is_the_customers_own_byte_for_byte(
    client: Client, person: Customer, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = person.memberships.get().account
    document = DocumentFactory(title="Export stops", body="<b>x</b>", body_format="html", customer=person)
    customer("Ben", "ben@lumen.test", account, contact=True)
    User.objects.filter(pk=user_of(person).pk).update(time_zone="Asia/Tokyo", theme="dark", times="exact")
    own = client_of(person)
    start(client, person, mode)
    pages = [*PAGES, f"/portal/feedback/{document.pk}/", f"/portal/organisations/{account.pk}/"]
    for page in pages:
        theirs, seen = own.get(page), client.get(page)
        assert theirs.status_code == seen.status_code, page
        assert without_marks(theirs).replace("<body>\n", "<body>") == without_marks(seen).replace(
            "<body>\n", "<body>"
        ), page
        assert 'class="acting"' in seen.content.decode(), page
        assert 'class="acting"' not in theirs.content.decode(), page
        assert theirs["Content-Security-Policy"] == seen["Content-Security-Policy"]


def test_every_address_of_the_portal_is_compared_or_refuses_to_be_read() -> None:
    shown = {re.sub(r"\d+", "1", page) for page in [*PAGES, "/portal/feedback/1/", "/portal/organisations/1/"]}
    # Only for those who asked for deletion; while it waits, nobody impersonates them
    shown.add("/portal/data/deletion/waiting/")
    shown |= {"/portal/profile/emails/x/", "/portal/security/"}
    routes = [(route, view) for route, view in views(get_resolver()) if getattr(view, "requires", "") == IN_PORTAL]
    assert len(routes) > 15
    for route, _ in routes:
        path = "/" + re.sub(r"<str:\w+>", "x", re.sub(r"<int:\w+>", "1", route))
        if path not in shown:
            assert path in CHANGES, f"{path} is neither compared nor known to change something"


# What may be changed

CHANGES = {
    "/portal/profile/": ({"name": "Ana Novak", "was": "Ana Kovač"}, True),
    "/portal/preferences/": ({"theme": "dark", "time_zone": "UTC", "times": "exact"}, True),
    "/portal/feedback/new/": ({"title": "Slow", "body": "It is.", "token": str(uuid4())}, True),
    "/portal/organisations/1/members/1/remove/": ({}, True),
    "/portal/organisations/1/invitations/": ({"email": "dora@lumen.test", "name": "Dora"}, False),
    "/portal/password/": ({"current": "roster-demo-1", "password": "another-good-one-7"}, False),
    "/portal/profile/emails/": ({"email": "ana@home.test"}, False),
    "/portal/profile/emails/x/": ({}, False),
    "/portal/profile/contact-details/1/remove/": ({}, False),
    "/portal/profile/contact-details/1/first/": ({}, False),
    "/portal/data/export/": ({}, False),
    "/portal/data/deletion/": ({"sure": "yes"}, False),
    "/portal/data/deletion/cancel/": ({}, False),
}


@pytest.mark.parametrize("path", CHANGES)
def test_who_looks_changes_nothing_and_is_told_so(client: Client, person: Customer, path: str) -> None:
    start(client, person, "look")
    before = Entry.objects.count()
    answer = client.post(path, CHANGES[path][0])
    assert answer.status_code == 403
    assert "You are looking only" in answer.content.decode()
    assert 'class="acting"' in answer.content.decode()
    assert Entry.objects.count() == before


@pytest.mark.parametrize("path", [path for path, (_, may) in CHANGES.items() if not may])
def test_what_is_the_customers_alone_is_refused_to_who_acts(client: Client, person: Customer, path: str) -> None:
    start(client, person, "act")
    before = Entry.objects.count()
    answer = client.post(path, CHANGES[path][0])
    assert answer.status_code == 403
    assert "This is for Ana Kovač alone" in answer.content.decode()
    assert Entry.objects.count() == before


def test_the_page_of_security_is_the_customers_alone(client: Client, person: Customer) -> None:
    assert client_of(person).get("/portal/security/")["Location"] == "/settings/security/"
    start(client, person)
    answer = client.get("/portal/security/")
    assert answer.status_code == 403
    assert "This is for Ana Kovač alone" in answer.content.decode()


def test_a_view_that_says_nothing_lets_nobody_act() -> None:
    """What is allowed is a list that somebody thought about (reliability 18)."""
    allowed = {view.__name__ for _, view in views(get_resolver()) if getattr(view, "acting", False)}
    assert allowed == {"profile", "preferences", "new", "remove"}


def test_what_is_done_for_the_customer_names_both(client: Client, person: Customer, ada: User) -> None:
    account = person.memberships.get().account
    ben = customer("Ben", "ben@lumen.test", account)
    start(client, person, "act")
    client.post("/portal/profile/", {"name": "Ana Novak", "was": "Ana Kovač"})
    client.post("/portal/preferences/", {"theme": "dark", "time_zone": "UTC", "times": "exact"})
    client.post("/portal/feedback/new/", {"title": "Slow", "body": "It is.", "token": str(uuid4())})
    client.post(f"/portal/organisations/{account.pk}/members/{ben.pk}/remove/")
    end(client)
    names = {"actor_id": ada.pk, "on_behalf_of_id": user_of(person).pk, "via": "portal"}
    verbs = list(Entry.objects.filter(**names).order_by("pk").values_list("verb", flat=True))
    assert verbs == [
        "impersonation.started", "customer.renamed", "portal.preferences_changed", "document.received",
        "membership.removed", "impersonation.ended",
    ]  # fmt: skip
    assert Document.objects.get().customer_id == person.pk
    told = log(person)
    for did in (
        "went into your portal to act for you", "changed your name", "changed your preferences", "sent feedback",
        "removed somebody from an organisation", "left your portal",
    ):  # fmt: skip
        assert f"Ada Admin {did}" in told
    assert "Ticket 4711" not in told, "the reason is for colleagues"


def test_the_visit_stands_in_the_customers_history_for_staff(client: Client, person: Customer) -> None:
    start(client, person)
    end(client)
    history = client.get(f"/audit/history/customer/{person.pk}/").content.decode()
    assert "went into the portal as" in history
    assert "left the portal of" in history


# Who, and as whom


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_only_admins_impersonate(role: str, person: Customer) -> None:
    client = client_of(user(role))
    assert client.get(f"/customers/{person.pk}/impersonate/").status_code == 403
    assert start(client, person).status_code == 403


def test_a_customer_impersonates_nobody(person: Customer) -> None:
    assert start(client_of(customer("Ben", "ben@lumen.test")), person).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"), [("role", "viewer"), ("is_superuser", True), ("is_staff", True), ("is_active", False)]
)
def test_staff_and_deactivated_users_are_never_impersonated(
    client: Client, person: Customer, field: str, value: Any
) -> None:
    User.objects.filter(pk=user_of(person).pk).update(**{field: value})
    assert start(client, person).status_code == 409
    assert not Impersonation.objects.exists()


def test_who_has_no_login_or_is_deleted_is_not_impersonated(client: Client) -> None:
    person = CustomerFactory(name="Dana")
    assert b"has no login for the portal" in client.get(f"/customers/{person.pk}/impersonate/").content
    assert start(client, person).status_code == 409
    gone = customer("Ben", "ben@lumen.test")
    deleting.delete(gone, actor=mina())
    assert start(client, gone).status_code == 404


def test_one_at_a_time_and_no_nesting(client: Client, person: Customer) -> None:
    ben = customer("Ben", "ben@lumen.test")
    start(client, person)
    answer = start(client, ben)
    assert answer.status_code == 409
    assert "You are in the portal as Ana Kovač already" in answer.content.decode()
    assert "End it" in answer.content.decode()
    assert Impersonation.objects.get(ended_at=None).target == user_of(person)
    end(client)
    assert start(client, ben).status_code == 303
    assert Impersonation.objects.get(ended_at=None).target == user_of(ben)


def test_another_browser_of_the_same_admin_is_not_in_the_portal(client: Client, person: Customer, ada: User) -> None:
    elsewhere = client_of(ada)
    start(client, person)
    assert elsewhere.get("/portal/").status_code == 403
    assert client.get("/portal/").status_code == 200


def test_signing_out_ends_it(client: Client, person: Customer) -> None:
    start(client, person)
    client.post("/sign-out/")
    assert Impersonation.objects.get().ended_at is not None
    assert client.get("/portal/")["Location"].startswith("/sign-in/")


# Its end


def time_is_up(person: Customer, ada: User) -> None:
    now = clock.now()
    Impersonation.objects.update(started_at=now - timedelta(minutes=31), ends_at=now - timedelta(minutes=1))


def loses_the_role(person: Customer, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(role="support")


def loses_sight(person: Customer, ada: User) -> None:
    team = Team.objects.create(name="Elsewhere", reach="list")
    TeamAccount.objects.create(team=team, account=AccountFactory())
    TeamMember.objects.create(team=team, user=ada)


def customer_is_deleted(person: Customer, ada: User) -> None:
    deleting.delete(person, actor=mina())


def customer_is_locked_out(person: Customer, ada: User) -> None:
    User.objects.filter(pk=user_of(person).pk).update(is_active=False)


def login_is_taken(person: Customer, ada: User) -> None:
    take_login(person, actor=mina())


ENDINGS = [time_is_up, loses_the_role, loses_sight, customer_is_deleted, customer_is_locked_out, login_is_taken]


@pytest.mark.parametrize("mode", ["look", "act"])
@pytest.mark.parametrize("happens", ENDINGS)
def test_it_is_over_for_the_very_next_request(
    client: Client, person: Customer, ada: User, happens: Callable[[Customer, User], None], mode: str
) -> None:
    start(client, person, mode)
    assert client.get("/portal/").status_code == 200
    happens(person, ada)
    for answer in (client.get("/portal/"), client.post("/portal/profile/", {"name": "X", "was": "Ana Kovač"})):
        assert answer.status_code == 302
        assert answer["Location"] == f"/customers/{person.pk}/"
    assert Customer.objects.get(pk=person.pk).name == "Ana Kovač"
    assert Impersonation.objects.get().ended_at is None, "looking writes nothing down"
    assert impersonating.end_those_over() == 1
    row = Impersonation.objects.get()
    assert row.ended_at is not None
    assert row.ended_at <= row.ends_at
    assert Entry.objects.filter(verb="impersonation.ended", actor=ada).count() == 1
    assert impersonating.end_those_over() == 0


def test_who_is_deactivated_in_the_middle_is_out_and_the_end_is_written_down(
    client: Client, person: Customer, ada: User
) -> None:
    start(client, person, "act")
    User.objects.filter(pk=ada.pk).update(is_active=False)
    answer = client.post("/portal/profile/", {"name": "X", "was": "Ana Kovač"})
    assert answer["Location"].startswith("/sign-in/")
    assert Customer.objects.get(pk=person.pk).name == "Ana Kovač"
    assert impersonating.end_those_over() == 1


def test_one_that_is_over_does_not_stand_in_the_way_of_another(client: Client, person: Customer, ada: User) -> None:
    start(client, person)
    time_is_up(person, ada)
    assert start(client, person).status_code == 303
    assert Impersonation.objects.filter(ended_at=None).count() == 1
    assert Impersonation.objects.earliest("pk").ended_at is not None


def test_back_to_admin_works_after_the_end_too_and_twice(client: Client, person: Customer, ada: User) -> None:
    start(client, person)
    time_is_up(person, ada)
    assert end(client)["Location"] == f"/customers/{person.pk}/"
    assert end(client)["Location"] == "/"
    assert Entry.objects.get(verb="impersonation.ended").facts["why"] == "time"


def test_it_lasts_as_long_as_the_setting_says(client: Client, person: Customer, settings: Any) -> None:
    settings.IMPERSONATION_MINUTES = 5
    assert b"for 5 minutes at most" in client.get(f"/customers/{person.pk}/impersonate/").content
    start(client, person)
    row = Impersonation.objects.get()
    assert row.ends_at - row.started_at == timedelta(minutes=5)


# Two at once


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_begin_at_once_have_one_impersonation() -> None:
    ada, first, second = admin(), ana(), customer("Ben", "ben@lumen.test")

    def begin(target: Customer) -> Callable[[], None]:
        def act() -> None:
            with contextlib.suppress(impersonating.AlreadyImpersonating):
                impersonating.start(ada, target, reason="x", session_key="key", return_to="/")

        return act

    race(begin(first), begin(second))
    assert Impersonation.objects.filter(ended_at=None).count() == 1
    assert Entry.objects.filter(verb="impersonation.started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_end_it_at_once_write_one_end() -> None:
    ada, person = admin(), ana()
    row = impersonating.start(ada, person, reason="x", session_key="key", return_to="/")
    race(lambda: impersonating.end(row), lambda: impersonating.end(row))
    assert Entry.objects.filter(verb="impersonation.ended").count() == 1


# Limits of teams


def test_limited_admins_impersonate_whom_they_see(client: Client, person: Customer, ada: User) -> None:
    team = Team.objects.create(name="Lumen only", reach="list")
    TeamAccount.objects.create(team=team, account=person.memberships.get().account)
    TeamMember.objects.create(team=team, user=ada)
    other = customer("Carla", "carla@else.test", AccountFactory())
    assert start(client, other).status_code == 404
    assert start(client, person).status_code == 303
    assert client.get("/portal/").status_code == 200
    Membership.objects.filter(customer=person).delete()
    assert client.get("/portal/").status_code == 302


def test_a_limited_admin_does_not_enter_a_portal_that_shows_what_their_team_may_not_see(
    client: Client, person: Customer, ada: User
) -> None:
    team = Team.objects.create(name="Lumen only", reach="list")
    TeamAccount.objects.create(team=team, account=person.memberships.get().account)
    TeamMember.objects.create(team=team, user=ada)
    start(client, person)
    assert client.get("/portal/").status_code == 200
    hidden = Membership.objects.create(customer=person, account=AccountFactory())
    assert client.get("/portal/").status_code == 302
    assert "your team does not let you" in start(client, person).content.decode()
    hidden.delete()
    assert start(client, person).status_code == 303


def test_a_page_costs_two_questions_more_than_the_customers_own(
    client: Client, person: Customer, django_assert_max_num_queries: Any
) -> None:
    editing.rename(person, "Ana Kovač", actor=mina())
    start(client, person)
    with django_assert_max_num_queries(9):
        client.get("/portal/feedback/")
