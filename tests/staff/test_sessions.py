"""Where somebody is signed in (8.1): seen and ended, at no price for ordinary pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.tasks import forget_sessions
from staff.models import Session, User
from staff.sessions import end_session, end_sessions, sessions_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/preferences/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
    " Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    " Edg/140.0"
)


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", "roster-demo", name="Ana Ruiz", role="support")


def signed_in(agent: str = FIREFOX, address: str = "203.0.113.9") -> Client:
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    answer = client.post("/sign-in/", {"login": "ana@roster.example", "password": "roster-demo"})
    assert answer.status_code == 302
    return client


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"), (IPHONE, "Safari on iPhone"), (EDGE, "Edge on Windows"),
        ("curl/8", "An unknown browser"), ("", "An unknown browser"),
    ],
)  # fmt: skip
def test_a_session_says_with_what_from_where_and_since_when(ana: User, agent: str, device: str) -> None:
    signed_in(agent)
    [shown] = sessions_of(ana)
    assert (shown.device, shown.address) == (device, "203.0.113.9")
    assert shown.began_at is not None
    assert abs(shown.began_at - timezone.now()) < timedelta(minutes=1)


def test_last_seen_is_written_every_ten_minutes_and_not_on_every_page(
    ana: User, django_assert_num_queries: Any
) -> None:
    client = signed_in()
    client.get(PAGE)
    before = Session.objects.get().seen_at
    with django_assert_num_queries(2):  # the session, the user
        client.get(PAGE)
    assert Session.objects.get().seen_at == before
    Session.objects.update(seen_at=before - timedelta(minutes=11))
    with django_assert_num_queries(3):
        client.get(PAGE)
    assert Session.objects.get().seen_at > before


def test_one_session_is_ended_at_once_and_the_others_go_on(ana: User) -> None:
    here, there = signed_in(), signed_in(IPHONE)
    [phone] = [one for one in sessions_of(ana, here=here.session.session_key) if not one.here]
    assert end_session(ana, phone.handle)
    assert there.get(PAGE).status_code == 302
    assert here.get(PAGE).status_code == 200
    assert not end_session(ana, phone.handle)


def test_all_others_are_ended_at_once(ana: User) -> None:
    here, there = signed_in(), signed_in(IPHONE)
    assert end_sessions(ana, but=here.session.session_key) == 1
    assert there.get(PAGE).status_code == 302
    assert here.get(PAGE).status_code == 200


def test_nobody_ends_the_session_of_another(ana: User) -> None:
    client = signed_in()
    [own] = sessions_of(ana)
    assert not end_session(User.objects.create_user("bo@roster.example", name="Bo"), own.handle)
    assert client.get(PAGE).status_code == 200


def test_what_pages_call_a_session_does_not_sign_in(ana: User) -> None:
    signed_in()
    [shown] = sessions_of(ana)
    stranger = Client()
    stranger.cookies["roster_session"] = shown.handle
    assert stranger.get(PAGE).status_code == 302


def test_a_session_that_ended_by_itself_is_not_listed_and_forgotten_in_the_night(ana: User) -> None:
    signed_in()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert sessions_of(ana) == []
    forget_sessions()
    assert not Session.objects.exists()


def test_the_sessions_of_a_user_go_with_the_user(ana: User) -> None:
    client = signed_in()
    ana.delete()
    assert not Session.objects.exists()
    assert client.get(PAGE).status_code == 302
