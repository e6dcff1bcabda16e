"""The sidebar offers what exists and what this person may open."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from accounts.models import Team, TeamMember
from staff import navigation
from staff.models import User
from staff.navigation import Entry, May, shown
from staff.permissions import EVERY_PERMISSION

PREFERENCES = "/settings/preferences/"
HERE = Entry("Preferences", "staff:preferences", "settings", "preferences.edit", key="p")
NOWHERE = Entry("Moon", "moon:base", "moon", "preferences.edit")
FOR_ADMINS = Entry("Sign out", "staff:sign_out", "log-out", "tags.manage", whole_app=False)


def asked(role: str, view_name: str = "staff:preferences") -> Any:
    user = SimpleNamespace(is_authenticated=True, is_active=True, is_superuser=False, role=role)
    return SimpleNamespace(
        user=user, resolver_match=SimpleNamespace(view_name=view_name, namespace=view_name.partition(":")[0])
    )


def test_entries_need_an_address_and_a_permission() -> None:
    entries = [HERE, NOWHERE, FOR_ADMINS]
    assert [entry.label for entry in shown(asked("viewer"), entries)] == ["Preferences"]
    assert [entry.label for entry in shown(asked("admin"), entries)] == ["Preferences", "Sign out"]


def test_an_entry_is_the_current_one_on_every_page_of_its_app() -> None:
    (entry,) = shown(asked("viewer", "staff:theme"), [HERE])
    assert entry.current
    assert not shown(asked("admin", "staff:theme"), [FOR_ADMINS])[0].current


def test_an_entry_is_the_current_one_on_pages_that_belong_to_it_elsewhere() -> None:
    (entry,) = [one for one in shown(asked("admin", "outgoing:list"), navigation.WORKSPACE) if one.current]
    assert entry.label == "Integrations"


def test_every_entry_asks_for_a_permission_that_exists_and_has_a_key_of_its_own() -> None:
    entries = [*navigation.MAIN, *navigation.WORKSPACE]
    assert {entry.permission for entry in entries} <= EVERY_PERMISSION
    keys = [entry.key for entry in entries if entry.key]
    assert len(keys) == len(set(keys))


def test_templates_ask_permissions_by_name_and_a_wrong_name_is_loud() -> None:
    may = May(SimpleNamespace(is_authenticated=True, is_active=True, is_superuser=False, role="support"))
    assert may["customers_edit"]
    assert not may["tags_manage"]
    with pytest.raises(RuntimeError, match="No such permission"):
        may["customers_fly"]


def test_a_stranger_may_nothing() -> None:
    assert not May(None)["customers_view"]


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "path"), [(404, "/no-such-page/")])
def test_error_pages_ask_the_database_nothing(
    client: Client, status: int, path: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        answer = client.get(path)
    assert answer.status_code == status
    assert b"Go to the overview" in answer.content


@pytest.mark.django_db
def test_a_page_frame_costs_no_queries_beside_session_and_user(django_assert_num_queries: Any) -> None:
    user = User.objects.create_user("ana@roster.example", "roster-demo", name="<b>Ana</b>", role="admin")
    client = Client()
    client.force_login(user)
    with django_assert_num_queries(2):
        html = client.get(PREFERENCES).content.decode()
    assert "<b>Ana</b>" not in html


@pytest.mark.django_db
def test_every_page_tells_htmx_to_evaluate_nothing_and_to_keep_nothing(client: Client) -> None:
    user = User.objects.create_user("ana@roster.example", "roster-demo", name="Ana", role="viewer")
    client.force_login(user)
    answer = client.get(PREFERENCES)
    html = answer.content.decode()
    for setting in (
        '"allowEval":false',
        '"allowScriptTags":false',
        '"selfRequestsOnly":true',
        '"historyCacheSize":0',
        '"refreshOnHistoryMiss":true',
    ):
        assert setting in html
    assert html.count('<link rel="stylesheet"') == 1
    assert html.count("<script") == html.count("<script src=") == 2
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_the_menu_kept_for_an_admin_whom_a_team_limits_is_not_shown_to_the_others(client: Client) -> None:
    limited, ada = (User.objects.create_user(f"{name}@roster.example", role="admin") for name in ("eve", "ada"))
    TeamMember.objects.create(user=limited, team=Team.objects.create(name="North", reach="list"))
    for user, offered in ((limited, False), (ada, True), (limited, False)):
        client.force_login(user)
        assert ('href="/audit/"' in client.get("/customers/").content.decode()) is offered
