"""Preferences of a staff member (11.3)."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import Change, Entry
from staff.models import User
from staff.preferences import THEME_COOKIE, TimeZoneMiddleware, time_zones

pytestmark = pytest.mark.django_db
PREFERENCES = "/settings/preferences/"


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", "roster-demo", name="Ana Ruiz", role="viewer")


@pytest.fixture
def hers(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def chosen(**changes: str) -> dict[str, str]:
    return {"theme": "dark", "time_zone": "Asia/Tokyo", "times": "exact", "shortcuts": "on", **changes}


def test_preferences_are_kept(hers: Client, ana: User) -> None:
    data = chosen()
    del data["shortcuts"]
    answer = hers.post(PREFERENCES, data)
    assert (answer.status_code, answer["Location"]) == (303, PREFERENCES)
    ana.refresh_from_db()
    assert (ana.theme, ana.time_zone, ana.times, ana.shortcuts) == ("dark", "Asia/Tokyo", "exact", False)


def test_the_page_says_that_they_were_kept_and_shows_them_at_once(hers: Client) -> None:
    html = hers.post(PREFERENCES, chosen(shortcuts=""), follow=True).content.decode()
    assert "Preferences saved" in html
    assert '<html lang="en" data-theme="dark">' in html
    assert 'data-shortcuts="off"' in html


@pytest.mark.parametrize(
    "wrong",
    [
        {"theme": "pink"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../../etc/passwd"}, {"times": ""},
        {"time_zone": "\0"}, {"theme": "x" * 100_000}, {"time_zone": "😀"},
    ],
)  # fmt: skip
def test_what_is_not_on_offer_is_refused_beside_its_field_and_nothing_is_kept(
    hers: Client, ana: User, wrong: dict[str, str]
) -> None:
    answer = hers.post(PREFERENCES, chosen(**wrong))
    assert answer.status_code == 422
    assert b"field__error" in answer.content
    assert b"<title>Error: " in answer.content
    ana.refresh_from_db()
    assert (ana.theme, ana.time_zone, ana.times) == ("system", "UTC", "relative")


def test_nobody_changes_more_than_their_preferences(hers: Client, ana: User) -> None:
    hers.post(PREFERENCES, chosen(role="admin", is_superuser="on", email="x@y.example"))
    ana.refresh_from_db()
    assert (ana.role, ana.is_superuser, ana.email) == ("viewer", False, "ana@roster.example")


def test_the_button_in_the_sidebar_turns_the_theme_round(hers: Client, ana: User) -> None:
    answer = hers.post(
        f"{PREFERENCES}theme/", {"theme": "other"}, headers={"Referer": "http://testserver/customers/?q=a"}
    )
    assert (answer.status_code, answer["Location"]) == (303, "http://testserver/customers/?q=a")
    ana.refresh_from_db()
    assert ana.theme == "dark"
    hers.post(f"{PREFERENCES}theme/", {"theme": "other"})
    ana.refresh_from_db()
    assert ana.theme == "light"


def test_the_theme_button_leads_to_no_other_site(hers: Client) -> None:
    answer = hers.post(f"{PREFERENCES}theme/", {"theme": "dark"}, headers={"Referer": "https://evil.example/"})
    assert answer["Location"] == PREFERENCES


def test_htmx_keeps_the_theme_without_a_new_page(hers: Client) -> None:
    answer = hers.post(f"{PREFERENCES}theme/", {"theme": "dark"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.cookies[THEME_COOKIE].value == "dark"


def test_pages_before_sign_in_and_error_pages_keep_the_theme_of_this_browser(hers: Client) -> None:
    hers.post(PREFERENCES, chosen())
    hers.post("/sign-out/")
    assert b'data-theme="dark"' in hers.get("/sign-in/").content
    assert b'data-theme="dark"' in hers.get("/no-such-page/").content


def test_choosing_the_system_theme_forgets_the_cookie(hers: Client) -> None:
    hers.post(PREFERENCES, chosen())
    answer = hers.post(PREFERENCES, chosen(theme="system"))
    assert answer.cookies[THEME_COOKIE].value == ""
    assert b'<html lang="en">' in hers.get(PREFERENCES).content


def test_a_forged_theme_cookie_changes_nothing(client: Client) -> None:
    client.cookies[THEME_COOKIE] = '"><script>'
    assert b'<html lang="en">' in client.get("/sign-in/").content


@pytest.mark.parametrize(
    ("zone", "name"), [("Asia/Tokyo", "Asia/Tokyo"), ("Gone/Place", "UTC"), ("", "UTC"), ("../x", "UTC")]
)
def test_requests_run_in_the_time_zone_of_whoever_asks(zone: str, name: str, rf: Any, ana: User) -> None:
    ana.time_zone = zone
    request = rf.get("/")
    request.user = ana
    seen = []
    TimeZoneMiddleware(lambda request: seen.append(timezone.get_current_timezone_name()))(request)  # type: ignore[arg-type, func-returns-value]
    assert seen == [name]


def test_time_zones_are_places_and_utc() -> None:
    assert time_zones()[0] == "UTC"
    assert "Europe/Berlin" in time_zones()
    assert "posixrules" not in time_zones()


def test_every_role_may_open_its_preferences(hers: Client) -> None:
    assert hers.get(PREFERENCES).status_code == 200


def test_a_change_of_preferences_is_recorded_as_ones_own(hers: Client, ana: User) -> None:
    hers.post(PREFERENCES, chosen())
    change = Change.objects.filter(table="staff_user", operation="update").latest("pk")
    assert (change.entry.verb, change.entry.actor_id, change.entry.via) == ("preferences.changed", ana.pk, "page")
    assert change.after["theme"] == "dark"


def test_history_outlives_a_deleted_user(hers: Client, ana: User) -> None:
    hers.post(PREFERENCES, chosen())
    ana.delete()
    assert Entry.objects.filter(verb="preferences.changed").exists()
