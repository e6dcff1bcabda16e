"""Signing in and out (8.1, as far as it goes): by email and password, without telling strangers anything."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from core import clock
from staff import lockout
from staff.models import User

pytestmark = pytest.mark.django_db
PREFERENCES = "/settings/preferences/"
NO_MATCH = "Email and password do not match an account"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> None:
    cache.clear()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("Ana@roster.example", "roster-demo", name="Ana Ruiz", role="support")


def sign_in(client: Client, email: str = "ana@roster.example", password: str = "roster-demo", **more: str) -> Any:
    return client.post("/sign-in/", {"login": email, "password": password, **more})


def test_somebody_signs_in_and_comes_to_the_overview(client: Client, ana: User) -> None:
    assert sign_in(client).status_code == 302
    assert client.get(PREFERENCES).status_code == 200


def test_the_email_may_be_typed_in_any_case_with_spaces_around_it(client: Client, ana: User) -> None:
    assert sign_in(client, "  ANA@Roster.Example ").status_code == 302


def test_every_page_sends_strangers_to_sign_in_and_brings_them_back(client: Client, ana: User) -> None:
    answer = client.get(f"{PREFERENCES}?a=1")
    assert answer["Location"] == "/sign-in/?next=/settings/preferences/%3Fa%3D1"
    assert sign_in(client, next=f"{PREFERENCES}?a=1")["Location"] == f"{PREFERENCES}?a=1"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "http:\\\\evil.example"]
)
def test_signing_in_never_leads_to_another_site(client: Client, ana: User, elsewhere: str) -> None:
    where = sign_in(client, next=elsewhere)["Location"]
    assert where.startswith("/")
    assert not where.startswith("//")


def test_a_stranger_cannot_tell_which_emails_exist(client: Client, ana: User) -> None:
    User.objects.create_user("gone@roster.example", "roster-demo", name="Gone", is_active=False)
    answers = [
        sign_in(client, "ana@roster.example", "wrong"),
        sign_in(client, "nobody@roster.example", "wrong"),
        sign_in(client, "gone@roster.example"),
    ]

    def without_token(answer: HttpResponse) -> str:
        return re.sub(r'value="[^"]*"', "", answer.content.decode())

    assert {answer.status_code for answer in answers} == {422}
    assert len({without_token(answer) for answer in answers}) == 1
    assert NO_MATCH in answers[0].content.decode()


def test_who_is_deactivated_while_signed_in_is_out(client: Client, ana: User) -> None:
    client.force_login(ana)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert client.get(PREFERENCES)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", ""), ("ana@roster.example", ""), ("", "x"), ("\0", "x"), ("ana@roster.example", "\0"),
        ("a" * 100_000, "x"),
        ("ana@roster.example", "x" * 100_000), ("not an email", "x"), ("😀@😀", "😀"),
    ],
)  # fmt: skip
def test_nonsense_is_answered_with_the_form(client: Client, ana: User, email: str, password: str) -> None:
    answer = sign_in(client, email, password)
    assert answer.status_code == 422
    assert b"There is a problem" in answer.content


def test_the_password_is_never_shown_again(client: Client, ana: User) -> None:
    assert b"s3cret-guess" not in sign_in(client, password="s3cret-guess").content


def test_guessing_a_password_ends_after_five_tries_and_may_go_on_later(
    client: Client, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        assert sign_in(client, password="wrong").status_code == 422
    locked = sign_in(client)
    assert locked.status_code == 429
    assert b"Too many attempts. Wait five minutes, then try again" in locked.content
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sign_in(client).status_code == 302


def test_an_email_that_nobody_has_is_locked_alike(client: Client) -> None:
    for _ in range(5):
        sign_in(client, "nobody@roster.example", "wrong")
    assert sign_in(client, "nobody@roster.example", "wrong").status_code == 429


def test_trying_many_emails_from_one_address_ends_too(
    client: Client, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lockout.LIMITS, "address", lockout.Limit("address", 3, 5))
    for at in range(3):
        sign_in(client, f"nobody{at}@roster.example", "wrong")
    assert sign_in(client).status_code == 429
    assert (
        Client(REMOTE_ADDR="203.0.113.9")
        .post("/sign-in/", {"login": "ana@roster.example", "password": "roster-demo"})
        .status_code
        == 302
    )


def test_signing_in_does_not_count_as_a_failure_nor_forgives_earlier_ones(client: Client, ana: User) -> None:
    for _ in range(4):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 302
    assert lockout.FailedSignIn.objects.count() == 8
    other = Client()
    assert sign_in(other, password="wrong").status_code == 422
    assert sign_in(other, password="wrong").status_code == 429


def test_failures_keep_no_email_and_are_forgotten(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(client, "nobody@roster.example", "wrong")
    assert not lockout.FailedSignIn.objects.filter(key__contains="nobody").exists()
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    sign_in(client, "other@roster.example", "wrong")
    assert lockout.FailedSignIn.objects.count() == 2


def test_nobody_can_sign_up(client: Client) -> None:
    for path in ("/sign-up/", "/accounts/signup/", "/account/signup/", "/signup/"):
        assert (
            client.post(path, {"email": "x@y.example"}).status_code == 404
            or not User.objects.filter(email="x@y.example").exists()
        )


def test_signing_out_needs_a_post(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert b"Sign out of Roster?" in client.get("/sign-out/").content
    assert client.get(PREFERENCES).status_code == 200
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get(PREFERENCES).status_code == 302


def test_who_is_signed_in_does_not_see_the_form_again(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert client.get(f"/sign-in/?next={PREFERENCES}")["Location"] == PREFERENCES


def test_an_htmx_request_of_an_expired_session_opens_sign_in_as_a_whole_page(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "results", "HX-Current-URL": f"http://testserver{PREFERENCES}?a=1"}
    answer = client.get(PREFERENCES, headers=headers)
    assert answer["HX-Redirect"] == "/sign-in/?next=/settings/preferences/%3Fa%3D1"
    assert answer.content == b""


def test_forging_a_sign_in_from_another_site_fails_with_a_page_that_explains(ana: User) -> None:
    answer = sign_in(Client(enforce_csrf_checks=True))
    assert answer.status_code == 403
    assert b"This page is too old" in answer.content
