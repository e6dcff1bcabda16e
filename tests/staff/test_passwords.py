"""Forgotten and changed passwords (8.1): nothing tells a stranger which emails exist."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from celery import current_app
from django.contrib.auth import hashers
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError as BrokerAway

from audit.models import Entry
from staff import tasks
from staff.models import Session, SignInRules, User

pytestmark = pytest.mark.django_db
FORGOTTEN = "/forgotten-password/"
CHANGE = "/settings/security/password/"
PASSWORD, GOOD = "roster-demo", "a-rare-sentence-7"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _worker() -> Iterator[None]:
    """Tasks are done at once, as by a worker that has nothing else to do."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", PASSWORD, name="Ana Ruiz", role="support")


def ask(email: str, callbacks: Any, client: Client | None = None) -> Any:
    with callbacks(execute=True):
        return (client or Client()).post(FORGOTTEN, {"email": email})


def link_in(message: Any) -> str:
    found = re.search(r"http://testserver(/\S+)", str(message.body))
    assert found
    return found[1]


def test_who_forgot_the_password_gets_a_link_and_chooses_another(
    ana: User, django_capture_on_commit_callbacks: Any
) -> None:
    thief = Client()
    thief.post("/sign-in/", {"login": ana.email, "password": PASSWORD})
    assert ask(" ANA@roster.example ", django_capture_on_commit_callbacks)["Location"] == f"{FORGOTTEN}sent/"
    [message] = mail.outbox
    assert (message.to, message.subject) == (["ana@roster.example"], "Choose a new password for Roster")
    client = Client()
    assert client.post(link_in(message), {"password": GOOD}).status_code == 302
    assert client.get(CHANGE).status_code == 200
    assert thief.get(CHANGE).status_code == 302
    assert Client().post("/sign-in/", {"login": ana.email, "password": PASSWORD}).status_code == 422


def test_the_answer_and_its_work_are_the_same_for_everybody(ana: User, django_capture_on_commit_callbacks: Any) -> None:
    User.objects.create_user("gone@roster.example", PASSWORD, name="Gone", is_active=False)
    seen = []
    for email in ("ana@roster.example", "gone@roster.example", "nobody@roster.example"):
        current_app.conf.task_always_eager = False  # the worker is elsewhere
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = Client().post(FORGOTTEN, {"email": email})
        seen.append((answer.status_code, answer["Location"], answer.content, len(queries)))
    assert len(set(seen)) == 1


def test_only_who_may_sign_in_gets_mail(ana: User, django_capture_on_commit_callbacks: Any) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    for email in ("ana@roster.example", "nobody@roster.example"):
        assert ask(email, django_capture_on_commit_callbacks).status_code == 303
    assert mail.outbox == []


def test_signing_in_hashes_once_whoever_it_is(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash takes a tenth of a second by Argon2: one more or less would tell."""
    User.objects.create_user("gone@roster.example", PASSWORD, name="Gone", is_active=False)
    User.objects.create_user("new@roster.example", None, name="Invited, no password yet")
    hasher, made = hashers.get_hasher(), []
    encode = type(hasher).encode
    monkeypatch.setattr(type(hasher), "encode", lambda self, *args: (made.append(1), encode(self, *args))[1])
    counts = {}
    for email in ("ana@roster.example", "gone@roster.example", "new@roster.example", "nobody@roster.example"):
        made.clear()
        assert Client().post("/sign-in/", {"login": email, "password": "wrong"}).status_code == 422
        counts[email] = len(made)
    assert set(counts.values()) == {1}, counts


def test_asking_too_often_ends_alike_for_everybody(ana: User, django_capture_on_commit_callbacks: Any) -> None:
    for email in ("ana@roster.example", "nobody@roster.example"):
        for _ in range(3):
            assert ask(email, django_capture_on_commit_callbacks).status_code == 303
        assert ask(email, django_capture_on_commit_callbacks).status_code == 429
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("email", ["", "\0", "x" * 5_000])
def test_nonsense_is_answered_with_the_form(email: str, django_capture_on_commit_callbacks: Any) -> None:
    assert ask(email, django_capture_on_commit_callbacks).status_code == 422


def test_without_a_worker_to_send_mail_everybody_is_told_so(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise BrokerAway

    monkeypatch.setattr(tasks.mail_reset, "delay", refuse)
    for email in ("ana@roster.example", "nobody@roster.example"):
        answer = Client().post(FORGOTTEN, {"email": email})
        assert answer.status_code == 503
        assert b"Mail cannot be sent at the moment" in answer.content


def test_the_link_does_not_lead_around_the_second_factor(ana: User, django_capture_on_commit_callbacks: Any) -> None:
    for make, onward in (
        (lambda: SignInRules.objects.create(two_factor_required=True), "/sign-in/two-factor/"),
        (lambda: Authenticator.objects.create(user=ana, type="totp", data={"secret": "x"}), "/sign-in/code/"),
    ):
        make()
        ask(ana.email, django_capture_on_commit_callbacks)
        client = Client()
        assert client.post(link_in(mail.outbox[-1]), {"password": GOOD})["Location"] == onward
        assert client.get(CHANGE).status_code == 302


def test_an_email_is_found_by_an_index_however_many_customers_sign_in() -> None:
    """Every sign-in looks for one, and strangers may try as often as the lockout lets them."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = User.objects.with_email("ana@roster.example").explain()
    assert "staff_user_email_once" in plan, plan


def test_changing_the_password_signs_out_everywhere_else(ana: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.post("/sign-in/", {"login": ana.email, "password": PASSWORD})
    assert here.get(CHANGE).status_code == 200
    answer = here.post(CHANGE, {"current": PASSWORD, "password": GOOD})
    assert answer["Location"] == "/settings/security/"
    assert here.get(CHANGE).status_code == 200
    assert there.get(CHANGE).status_code == 302
    assert Session.objects.filter(user=ana).count() == 1
    assert Entry.objects.latest("pk").verb == "user.password_changed"


@pytest.mark.parametrize(
    ("current", "password"), [("wrong", GOOD), ("", GOOD), (PASSWORD, ""), (PASSWORD, "short"), ("\0", "\0" * 12)]
)
def test_a_password_is_changed_only_by_who_knows_it_and_to_a_good_one(
    ana: User, client: Client, current: str, password: str
) -> None:
    client.force_login(ana)
    assert client.post(CHANGE, {"current": current, "password": password}).status_code == 422
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_guessing_the_current_password_in_a_session_left_open_ends(ana: User, client: Client) -> None:
    client.force_login(ana)
    for _ in range(5):
        assert client.post(CHANGE, {"current": "wrong", "password": GOOD}).status_code == 422
    assert client.post(CHANGE, {"current": PASSWORD, "password": GOOD}).status_code == 429


def test_passwords_are_hashed_by_argon2(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert hashers.make_password(PASSWORD).startswith("argon2$argon2id$")
