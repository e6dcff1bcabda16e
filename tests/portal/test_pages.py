"""Every page of the portal, as its customer sees it: theirs, and nobody else's (9)."""

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import transaction
from django.test import Client

from audit.models import Entry
from core import clock
from customers import editing
from customers.holding import hold
from customers.models import Customer, Identifier, Membership
from feedback.models import Document
from portal import emails
from staff.models import User
from tests.customers.people import mina, user
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory
from tests.portal.cast import admin, ana, client_of, customer, user_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Customer:
    return ana()


@pytest.fixture
def client(person: Customer) -> Client:
    return client_of(person)


@pytest.fixture(autouse=True)
def _mail_goes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction around a test never commits."""
    monkeypatch.setattr(transaction, "on_commit", lambda act, **_: act())


def text(answer: Any) -> str:
    words = re.sub(r"<(wbr|/?bdi|/?b)>", "", answer.content.decode())
    words = re.sub(r"<(script|style|svg).*?</\1>", "", words, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", words).split())


def send(client: Client, **said: Any) -> Any:
    return client.post("/portal/feedback/new/", {"title": "Slow", "body": "It is slow.", "token": uuid4(), **said})


# Getting in


@pytest.mark.parametrize("page", ["/", "/customers/", "/documents/", "/search", "/retention/", "/settings/tags/"])
def test_the_dashboard_is_closed_to_customers_and_leads_them_to_the_portal(client: Client, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 403
    assert 'href="/portal/"' in answer.content.decode()


def test_staff_who_impersonate_nobody_have_no_portal() -> None:
    assert client_of(admin()).get("/portal/").status_code == 403


# Home, profile, preferences


def test_the_first_page_shows_organisations_and_feedback(person: Customer, client: Client) -> None:
    DocumentFactory(title="Export stops", customer=person, status="open")
    shown = text(client.get("/portal/"))
    assert "Hello, Ana Kovač" in shown
    assert "Lumen You are the owner" in shown
    assert "Export stops Email" in shown


def test_a_customer_changes_their_name_and_no_sync_takes_it_back(person: Customer, client: Client) -> None:
    assert client.post("/portal/profile/", {"name": "Ana Novak", "was": "Ana Kovač"}).status_code == 303
    person.refresh_from_db()
    assert person.name == "Ana Novak"
    assert person.provenance["_name"]["by"] == "staff" if "_name" in person.provenance else True
    entry = Entry.objects.get(verb="customer.renamed")
    assert (entry.via, entry.actor_id, entry.on_behalf_of_id) == ("portal", user_of(person).pk, None)


@pytest.mark.parametrize("name", ["", "   ", "x" * 301, "a\0b"])
def test_a_name_that_cannot_be_is_said_beside_it(client: Client, person: Customer, name: str) -> None:
    answer = client.post("/portal/profile/", {"name": name, "was": "Ana Kovač"})
    assert answer.status_code == 422
    assert "There is a problem" in text(answer)


def test_a_name_that_staff_changed_meanwhile_is_not_overwritten_in_silence(client: Client, person: Customer) -> None:
    editing.rename(person, "Ana K.", actor=mina())
    answer = client.post("/portal/profile/", {"name": "Ana Novak", "was": "Ana Kovač"})
    assert answer.status_code == 409
    assert "changed to “Ana K.”" in text(answer)
    assert client.post("/portal/profile/", {"name": "Ana Novak", "was": "Ana K."}).status_code == 303


def test_an_email_is_added_once_the_link_in_it_was_opened(client: Client, person: Customer) -> None:
    unread = DocumentFactory(title="Before", author={"email": "ana@home.test"}, author_email="ana@home.test")
    assert client.post("/portal/profile/emails/", {"email": "Ana@home.test"}).status_code == 303
    assert not Identifier.objects.filter(normalized="ana@home.test").exists()
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]  # type: ignore[index]
    assert mail.outbox[0].to == ["Ana@home.test"]
    assert "Ana@home.test" in text(client.get(link)).replace("<wbr>", "")
    assert not Identifier.objects.filter(normalized="ana@home.test").exists(), "opening a page changes nothing"
    assert client.post(link).status_code == 303
    assert Identifier.objects.get(normalized="ana@home.test").customer_id == person.pk
    unread.refresh_from_db()
    assert unread.customer_id == person.pk


def test_the_link_is_good_for_nobody_else_and_not_for_ever(client: Client, person: Customer, monkeypatch: Any) -> None:
    emails.send_link(person, "ana@home.test", base_url="http://testserver/")
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]  # type: ignore[index]
    assert client_of(customer("Ben", "ben@lumen.test")).get(link).status_code == 404
    assert client.get("/portal/profile/emails/made-up/").status_code == 404
    monkeypatch.setattr(emails, "LASTS_SECONDS", -1)
    assert client.post(link).status_code == 404


def test_the_page_does_not_tell_whose_an_email_is(client: Client, person: Customer) -> None:
    CustomerFactory(name="Carla", email="carla@else.test")
    answers = [client.post("/portal/profile/emails/", {"email": email}, follow=True) for email in
               ("carla@else.test", "nobody@else.test")]  # fmt: skip
    shown = [text(answer).replace("carla@", "").replace("nobody@", "") for answer in answers]
    assert shown[0] == shown[1]
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]  # type: ignore[index]
    assert client.post(link).status_code == 409
    assert Identifier.objects.get(normalized="carla@else.test").customer_id != person.pk


def test_the_email_of_the_login_stays_and_others_go(client: Client, person: Customer) -> None:
    other = editing.add_identifier(person, "email", "ana@old.test", actor=mina())
    login = person.identifiers.get(normalized="ana@lumen.test")
    assert "so it stays" in text(client.post(f"/portal/profile/contact-details/{login.pk}/remove/", follow=True))
    client.post(f"/portal/profile/contact-details/{other.pk}/first/")
    other.refresh_from_db()
    assert other.primary
    client.post(f"/portal/profile/contact-details/{other.pk}/remove/")
    assert [row.value for row in person.identifiers.all()] == ["ana@lumen.test"]


def test_only_properties_marked_as_personal_are_shown(client: Client, person: Customer) -> None:
    DefinitionFactory(key="country", label="Country", personal=True)
    DefinitionFactory(key="health_score", label="Health score", personal=False)
    editing.set_property(person, "country", ["Croatia"], actor=mina())
    editing.set_property(person, "health_score", ["12"], actor=mina())
    shown = text(client.get("/portal/profile/"))
    assert "Country Croatia" in shown
    assert "Health score" not in shown


def test_preferences_are_kept_and_wrong_ones_said(client: Client, person: Customer) -> None:
    told = {"theme": "dark", "time_zone": "Europe/Zagreb", "times": "exact"}
    assert client.post("/portal/preferences/", told).status_code == 303
    assert User.objects.get(pk=user_of(person).pk).time_zone == "Europe/Zagreb"
    assert 'data-theme="dark"' in client.get("/portal/").content.decode()
    assert client.post("/portal/preferences/", told | {"theme": "pink"}).status_code == 422


def test_the_password_is_changed_by_who_knows_it(client: Client, person: Customer) -> None:
    elsewhere = client_of(person)
    said = {"current": "roster-demo-1", "password": "another-good-one-7"}
    assert client.post("/portal/password/", said | {"current": "wrong"}).status_code == 422
    assert client.post("/portal/password/", said | {"password": "short"}).status_code == 422
    assert client.post("/portal/password/", said).status_code == 303
    assert client.get("/portal/").status_code == 200
    assert elsewhere.get("/portal/").status_code == 302


def test_guessing_the_password_ends_after_five_tries(client: Client, person: Customer) -> None:
    tried = [client.post("/portal/password/", {"current": "x", "password": "y"}).status_code for _ in range(6)]
    assert tried == [422] * 5 + [429]


# Feedback


def test_feedback_is_received_as_theirs_and_shows_its_status(client: Client, person: Customer) -> None:
    account = person.memberships.get().account
    answer = send(client, account=account.pk)
    document = Document.objects.get()
    assert answer["Location"] == f"/portal/feedback/{document.pk}/"
    assert (document.customer_id, document.account_id, document.channel) == (person.pk, account.pk, "widget")
    assert (document.source.name, document.link) == ("Customer portal", "matched")  # type: ignore[union-attr]
    Document.objects.filter(pk=document.pk).update(status="In progress")
    assert "Status In progress" in text(client.get(answer["Location"]))


def test_sending_the_same_form_twice_keeps_one_document(client: Client, person: Customer) -> None:
    token = uuid4()
    assert send(client, token=token)["Location"] == send(client, token=token)["Location"]
    assert Document.objects.count() == 1


def test_feedback_is_theirs_also_when_nothing_recognises_them(client: Client, person: Customer) -> None:
    person.identifiers.all().delete()
    send(client)
    assert Document.objects.get().customer_id == person.pk
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"body": ""}, {"body": " "}, {"body": "x" * 20_001}, {"body": "a\0"}, {"title": "x" * 501}, {"token": "x"},
     {"account": "999999999"}, {"account": "x"}],
)  # fmt: skip
def test_feedback_that_cannot_be_is_answered_with_the_form(client: Client, wrong: dict[str, str]) -> None:
    assert send(client, **wrong).status_code == 422
    assert not Document.objects.exists()


def test_feedback_for_an_organisation_of_others_is_refused(client: Client) -> None:
    assert send(client, account=AccountFactory().pk).status_code == 422


def test_feedback_of_others_deleted_and_none_at_all_are_the_same_404(client: Client, person: Customer) -> None:
    others = DocumentFactory(customer=CustomerFactory())
    gone = DocumentFactory(customer=person, state="deleted")
    answers = [client.get(f"/portal/feedback/{pk}/") for pk in (others.pk, gone.pk, 999_999_999)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


# Organisations


def test_an_organisation_shows_members_and_contacts(client: Client, person: Customer) -> None:
    account = person.memberships.get().account
    customer("Ben Ode", "ben@lumen.test", account, contact=True, key_contact=True)
    CustomerFactory(name="Gone", account=account, state="deleted")
    shown = text(client.get(f"/portal/organisations/{account.pk}/"))
    assert "Contacts BO Ben Ode Key contact ben@lumen.test" in shown
    assert "Ana Kovač (you)" in shown
    assert "Gone" not in shown


def test_organisations_of_others_are_the_same_404_as_none(client: Client, person: Customer) -> None:
    other, left = AccountFactory(), AccountFactory(state="deleted")
    Membership.objects.create(customer=person, account=left)
    for path in ("", "invitations/", "members/1/remove/"):
        method = client.post if path else client.get
        answers = [method(f"/portal/organisations/{pk}/{path}") for pk in (other.pk, left.pk, 999_999_999)]
        assert {answer.status_code for answer in answers} == {404}, path
        assert len({answer.content for answer in answers}) == 1


def invite(client: Client, account_id: int, email: str, name: str = "Dora") -> Any:
    return client.post(f"/portal/organisations/{account_id}/invitations/", {"email": email, "name": name}, follow=True)


def test_an_owner_invites_somebody_new_who_chooses_a_password(client: Client, person: Customer) -> None:
    account = person.memberships.get().account
    assert "Invited dora@lumen.test" in text(invite(client, account.pk, "dora@lumen.test"))
    dora = Customer.objects.get(name="Dora")
    assert dora.origin == "portal"
    assert dora.memberships.get().account == account
    assert not user_of(dora).has_usable_password()
    assert mail.outbox[0].to == ["dora@lumen.test"]


def test_whom_the_owner_cannot_see_is_not_invited_and_not_told_about(client: Client, person: Customer) -> None:
    account = person.memberships.get().account
    CustomerFactory(name="Carla Secret", email="carla@else.test")
    CustomerFactory(name="Gone", email="gone@else.test", state="deleted", account=account)
    user("support")
    for email in ("carla@else.test", "gone@else.test", "support@ex.test"):
        answer = invite(client, account.pk, email)
        assert answer.status_code == 409, email
        assert "This email cannot be used here" in text(answer)
        assert "Carla Secret" not in text(answer)
    assert account.memberships.count() == 2
    assert not Customer.objects.filter(name="Dora").exists()
    assert not mail.outbox


def test_a_login_that_is_there_is_neither_changed_nor_mailed(client: Client, person: Customer) -> None:
    account, second = person.memberships.get().account, AccountFactory()
    Membership.objects.create(customer=person, account=second, owner=True)
    ben = customer("Ben", "ben@lumen.test", account)
    before = user_of(ben).password
    invite(client, second.pk, "ben@lumen.test", "Another name")
    ben.refresh_from_db()
    assert ben.name == "Ben"
    assert user_of(ben).password == before
    assert not mail.outbox
    assert ben.memberships.filter(account=second).exists()


def test_only_owners_invite_and_remove(client: Client, person: Customer) -> None:
    account = person.memberships.get().account
    ben = customer("Ben", "ben@lumen.test", account)
    assert invite(client_of(ben), account.pk, "dora@lumen.test").status_code == 403
    answer = client_of(ben).post(f"/portal/organisations/{account.pk}/members/{person.pk}/remove/")
    assert answer.status_code == 403
    assert "Invite somebody" not in text(client_of(ben).get(f"/portal/organisations/{account.pk}/"))
    assert client.post(f"/portal/organisations/{account.pk}/members/{person.pk}/remove/").status_code == 404
    client.post(f"/portal/organisations/{account.pk}/members/{ben.pk}/remove/")
    assert not ben.memberships.exists()
    assert client_of(ben).get(f"/portal/organisations/{account.pk}/").status_code == 404


# Data


def test_a_copy_of_all_data_is_downloaded_and_noted(client: Client, person: Customer) -> None:
    document = DocumentFactory(title="Export stops", customer=person)
    DocumentFactory(title="Of somebody else", customer=CustomerFactory())
    answer = client.post("/portal/data/export/")
    assert answer["Content-Type"] == "application/zip"
    assert Entry.objects.filter(verb="customer.data_exported", actor=user_of(person), via="portal").exists()
    assert client.get("/portal/data/export/").status_code == 405
    tables = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("customer.json"))
    assert tables["staff_user"][0]["email"] == "ana@lumen.test"
    assert "password" not in tables["staff_user"][0]
    assert [row["id"] for row in tables["feedback_document"]] == [document.pk]


def test_asking_for_deletion_hides_the_customer_and_leaves_one_page(client: Client, person: Customer) -> None:
    assert client.post("/portal/data/deletion/").status_code == 422, "the box first"
    answer = client.post("/portal/data/deletion/", {"sure": "yes"}, follow=True)
    assert "It is deleted for good on" in text(answer)
    person.refresh_from_db()
    assert person.state == "deleted"
    assert person.deletion_requested_at == person.deleted_at
    assert client_of(user("support")).get("/customers/?q=kova").content.decode().count("Ana Kovač") == 0
    for page in ("/portal/", "/portal/profile/", "/portal/feedback/", "/portal/activity/"):
        assert client.get(page)["Location"] == "/portal/data/deletion/waiting/"
    assert client.post("/portal/profile/", {"name": "X", "was": "Ana Kovač"}).status_code == 302
    assert client.post("/portal/data/export/")["Content-Type"] == "application/zip"
    assert Client().post("/sign-in/", {"login": "ana@lumen.test", "password": "roster-demo-1"}).status_code == 302
    date = person.deleted_at + timedelta(days=django_settings.DELETED_KEPT_DAYS)  # type: ignore[operator]
    assert f"{date.day} {date:%b} {date.year}" in text(client.get("/portal/data/deletion/waiting/"))


def test_taking_it_back_restores_everything(client: Client, person: Customer) -> None:
    DocumentFactory(title="Export stops", customer=person)
    client.post("/portal/data/deletion/", {"sure": "yes"})
    assert client.post("/portal/data/deletion/cancel/", follow=True).redirect_chain[-1][0] == "/portal/"
    person.refresh_from_db()
    assert (person.state, person.deletion_requested_at) == ("active", None)
    assert "Export stops" in text(client.get("/portal/"))
    assert client.post("/portal/data/deletion/cancel/").status_code == 303, "twice is once"


def test_a_legal_hold_refuses_without_telling_why(client: Client, person: Customer) -> None:
    hold(person, "Lawsuit of Lumen", actor=mina())
    answer = client.post("/portal/data/deletion/", {"sure": "yes"})
    assert answer.status_code == 409
    assert "cannot be deleted at present" in text(answer)
    assert "Lawsuit" not in text(answer)
    person.refresh_from_db()
    assert (person.state, person.deletion_requested_at) == ("active", None)


# Activity


def test_the_log_shows_what_they_did_newest_first(client: Client, person: Customer) -> None:
    client.post("/portal/profile/", {"name": "Ana Novak", "was": "Ana Kovač"})
    send(client)
    editing.rename(person, "Named by staff", actor=mina())
    shown = text(client.get("/portal/activity/")).partition("in your name.")[2]
    assert shown.index("You sent feedback") < shown.index("You changed your name") < shown.index("You signed in")
    assert "Named by staff" not in shown
    assert "Mina" not in shown


def test_the_log_is_paged(client: Client, person: Customer) -> None:
    now, own = clock.now(), user_of(person)
    Entry.objects.bulk_create(
        Entry(at=now - timedelta(minutes=n), actor=own, via="portal", verb="portal.signed_in") for n in range(30)
    )
    first = client.get("/portal/activity/").content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', first)[1]  # type: ignore[index]
    assert client.get(f"/portal/activity/{older}").content.decode().count('class="event"') == 11


# Speed


PAGES = ["", "profile/", "preferences/", "organisations/", "feedback/", "feedback/new/", "activity/", "data/"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_as_much_with_25_rows_as_with_one(
    page: str, client: Client, person: Customer, django_assert_max_num_queries: Any
) -> None:
    for number in range(25):
        DocumentFactory(title=f"Document {number}", customer=person)
        Membership.objects.create(customer=person, account=AccountFactory())
    with django_assert_max_num_queries(9):
        assert client.get(f"/portal/{page}").status_code == 200


def test_an_organisation_of_many_asks_as_much_as_one_of_few(
    client: Client, person: Customer, django_assert_max_num_queries: Any
) -> None:
    account = person.memberships.get().account
    for number in range(60):
        CustomerFactory(name=f"Member {number:02}", account=account)
    with django_assert_max_num_queries(8):
        answer = client.get(f"/portal/organisations/{account.pk}/")
    assert "Member 40" in text(answer)
    assert "Next" in text(answer)
