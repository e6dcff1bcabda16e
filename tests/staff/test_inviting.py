"""Invitations (8.1): a link by mail with which somebody, staff or customer, chooses a password."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.utils.http import urlsafe_base64_encode

from core import clock
from staff.inviting import invite, send_reset
from staff.models import User

pytestmark = pytest.mark.django_db
GOOD = "a-rare-sentence-7"


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", name="Ana Ruiz", role="support")


def link_of(message: mail.EmailMessage) -> str:
    found = re.search(r"https://roster\.example(/\S+)", str(message.body))
    assert found
    return found[1]


def invitation_of(user: User, django_capture_on_commit_callbacks: object, inviter: User | None = None) -> str:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        invite(user, base_url="https://roster.example/", inviter=inviter)
    return link_of(mail.outbox[-1])


@pytest.fixture
def link(ana: User, django_capture_on_commit_callbacks: object) -> str:
    return invitation_of(ana, django_capture_on_commit_callbacks)


def test_an_invitation_names_who_invites_and_goes_out_after_the_commit(
    ana: User, django_capture_on_commit_callbacks: object
) -> None:
    boss = User.objects.create_user("boss@roster.example", name="Bo\nBoss", role="admin")
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        invite(ana, base_url="https://roster.example", inviter=boss)
        assert mail.outbox == []
    [message] = mail.outbox
    assert message.to == ["ana@roster.example"]
    assert message.subject == "Bo Boss invites you to Roster"
    assert "boss@roster.example" in str(message.body)
    assert "7 days" in str(message.body)


def test_who_follows_it_chooses_a_password_is_signed_in_and_may_use_it_again(
    client: Client, ana: User, link: str
) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert b"ana@roster.example" in page.content.replace(b"<wbr>", b"")
    assert client.post(link, {"password": GOOD}).status_code == 302
    assert client.get("/settings/preferences/").status_code == 200
    signed_in = Client().post("/sign-in/", {"login": "ana@roster.example", "password": GOOD})
    assert signed_in.status_code == 302


def test_it_works_once(client: Client, link: str) -> None:
    client.post(link, {"password": GOOD})
    for method in (client.get, client.post):
        answer = method(link, {"password": "another-rare-sentence"})
        assert answer.status_code == 410
        assert b"This link has ended" in answer.content


def test_it_ends_after_a_week_and_a_reset_after_an_hour(
    client: Client, ana: User, link: str, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        send_reset(ana, base_url="https://roster.example/")
    reset = link_of(mail.outbox[-1])
    began = clock.now()
    for passed, invitation_answers, reset_answers in [
        (timedelta(minutes=59), 200, 200),
        (timedelta(minutes=61), 200, 410),
        (timedelta(days=7, minutes=-1), 200, 410),
        (timedelta(days=7, minutes=1), 410, 410),
    ]:
        monkeypatch.setattr(clock, "now", lambda passed=passed: began + passed)
        assert client.get(link).status_code == invitation_answers, passed
        assert client.get(reset).status_code == reset_answers, passed


def test_it_ends_for_who_is_deactivated_or_has_another_email(client: Client, ana: User, link: str) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert client.get(link).status_code == 410
    User.objects.filter(pk=ana.pk).update(is_active=True, email="ana@elsewhere.example")
    assert client.get(link).status_code == 410


@pytest.mark.parametrize("password", ["", "short", "password1234", "ana@roster.example", "\0" * 12, "x" * 5_000])
def test_a_bad_password_is_refused_with_the_form_and_the_link_stays(client: Client, link: str, password: str) -> None:
    answer = client.post(link, {"password": password})
    assert answer.status_code == 422
    assert b"There is a problem" in answer.content
    assert client.post(link, {"password": GOOD}).status_code == 302


@pytest.mark.parametrize(
    "path", ["x/y", "MQ/abc-def", "MQ/--", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5/a-b", "4pyT/x", "MQ/😀-x"]
)
def test_a_made_up_link_has_ended(client: Client, ana: User, path: str) -> None:
    assert client.get(f"/choose-password/{path}/").status_code == 410


def test_the_link_of_one_does_not_open_another(client: Client, ana: User, link: str) -> None:
    other = User.objects.create_user("other@roster.example", name="Other", role="admin")
    own = link.split("/")[2]
    assert client.get(link).status_code == 200
    assert client.get(link.replace(own, urlsafe_base64_encode(str(other.pk).encode()))).status_code == 410
