"""Admins make teams, see what they would see before they save, and say who is in them (3.5)."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.models import Entry
from properties.models import Definition
from staff.models import User
from tests.factories import AccountFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada Admin", role="admin")


@pytest.fixture
def admin(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def region() -> Definition:
    return Definition.objects.create(subject="account", key="region", label="Region", type="text")


@pytest.fixture
def arr() -> Definition:
    return Definition.objects.create(subject="account", key="ARR", label="ARR", type="number")


def save(client: Client, path: str, **data: Any) -> Any:
    """Previews what is sent, and saves what was shown."""
    shown = client.post(path, data)
    assert shown.status_code == 200, shown.content
    seen = re.search(r'name="seen" value="(\w+)"', shown.content.decode())
    assert seen
    return client.post(path, {**data, "seen": seen[1]})


def test_a_rule_is_shown_with_what_it_would_see_before_it_is_saved(admin: Client, region: Definition) -> None:
    AccountFactory(name="North", properties={"region": ["EMEA"]})
    AccountFactory(name="South", properties={"region": ["LATAM"]})
    data = {"name": "EMEA", "reach": "rule", "definition": region.pk, "operator": "is", "value": "EMEA"}
    shown = admin.post("/settings/teams/new/", data).content.decode()
    assert "the team would see 1 account</b> now: North" in re.sub(r"\s+", " ", shown).replace(
        "</b> now: ", "</b> now: "
    )
    assert not Team.objects.exists()
    assert save(admin, "/settings/teams/new/", **data).status_code == 303
    team = Team.objects.get()
    assert (team.definition, team.operator, team.value) == (region, "is", "EMEA")
    assert [one.account.name for one in team.visible.all()] == ["North"]
    assert Entry.objects.get(verb="team.created").subject_id == team.pk
    assert "Accounts whose Region is EMEA" in admin.get("/settings/teams/").content.decode()


def test_what_was_changed_after_the_preview_is_shown_again(admin: Client, region: Definition) -> None:
    data = {"name": "EMEA", "reach": "rule", "definition": region.pk, "operator": "is", "value": "EMEA"}
    seen = re.search(r'name="seen" value="(\w+)"', admin.post("/settings/teams/new/", data).content.decode())
    assert seen
    assert admin.post("/settings/teams/new/", {**data, "value": "LATAM", "seen": seen[1]}).status_code == 200
    assert not Team.objects.exists()


@pytest.mark.parametrize(
    ("operator", "value", "fault"),
    [("contains", "10", "cannot be compared like this"), ("greater", "much", "number"), ("", "10", "how to compare")],
)
def test_a_rule_suits_the_type_of_its_property(
    admin: Client, arr: Definition, operator: str, value: str, fault: str
) -> None:
    data = {"name": "Large", "reach": "rule", "definition": arr.pk, "operator": operator, "value": value}
    answer = admin.post("/settings/teams/new/", data)
    assert answer.status_code == 422
    assert not Team.objects.exists()
    AccountFactory(name="Large", properties={"ARR": [11]})
    assert save(admin, "/settings/teams/new/", **{**data, "operator": "greater", "value": "10"}).status_code == 303
    assert Team.objects.get().visible.count() == 1


@pytest.mark.parametrize(
    "data", [{}, {"name": "A"}, {"name": "", "reach": "all"}, {"name": "A", "reach": "some"},
             {"name": "A\0", "reach": "all"}, {"name": "A", "reach": "rule"},
             {"name": "A", "reach": "rule", "definition": "x"},
             {"name": "x" * 101, "reach": "list"}],
)  # fmt: skip
def test_what_cannot_be_a_team_is_said_beside_the_field(admin: Client, data: dict[str, str]) -> None:
    answer = admin.post("/settings/teams/new/", data)
    assert answer.status_code == 422
    assert "field__error" in answer.content.decode()


def test_two_teams_do_not_have_one_name(admin: Client) -> None:
    assert save(admin, "/settings/teams/new/", name="A", reach="all").status_code == 303
    assert save(admin, "/settings/teams/new/", name=" A ", reach="list").status_code == 422
    assert Team.objects.count() == 1


def test_accounts_are_found_and_chosen_and_taken_out_again(admin: Client) -> None:
    team, north = Team.objects.create(name="A", reach="list"), AccountFactory(name="North", external_id="acc-7")
    AccountFactory(name="South")
    page = admin.get(f"/settings/teams/{team.pk}/", {"q": "nor"}).content.decode()
    assert "North" in page
    assert "South" not in page
    assert "North" in admin.get(f"/settings/teams/{team.pk}/", {"q": "ACC-7"}).content.decode()
    part = {"HX-Request": "true", "HX-Target": "team-accounts"}
    answer = admin.post(f"/settings/teams/{team.pk}/accounts/", {"account": north.pk}, headers=part)
    assert answer.status_code == 200
    assert "1 account</b> now" in answer.content.decode()
    assert team.visible.get().account == north
    assert admin.post(f"/settings/teams/{team.pk}/accounts/{north.pk}/remove/").status_code == 303
    assert not team.visible.exists()
    assert {entry.verb for entry in Entry.objects.all()} >= {"team.account_added", "team.account_removed"}


@pytest.mark.parametrize("sent", ["", "x", "-1", "9" * 30, "99999999"])
def test_an_account_or_a_colleague_who_is_not_there_cannot_be_chosen(admin: Client, sent: str) -> None:
    team = Team.objects.create(name="A", reach="list")
    assert admin.post(f"/settings/teams/{team.pk}/accounts/", {"account": sent}).status_code == 422
    assert admin.post(f"/settings/teams/{team.pk}/members/", {"user": sent}).status_code == 422


def test_whoever_is_put_into_a_team_is_limited_at_once(admin: Client) -> None:
    team, eve = Team.objects.create(name="A", reach="list"), UserFactory(name="Eve")
    AccountFactory(name="North")
    assert admin.post(f"/settings/teams/{team.pk}/members/", {"user": eve.pk}).status_code == 303
    eve.refresh_from_db()
    assert eve.team_ids == [team.pk]
    assert not Account.objects.visible_to(eve).exists()
    assert "Eve" in admin.get(f"/settings/teams/{team.pk}/").content.decode()
    assert admin.post(f"/settings/teams/{team.pk}/members/{eve.pk}/remove/").status_code == 303
    eve.refresh_from_db()
    assert eve.team_ids is None


def test_nobody_limits_themselves(admin: Client, ada: User) -> None:
    team = Team.objects.create(name="A", reach="list")
    answer = admin.post(f"/settings/teams/{team.pk}/members/", {"user": ada.pk})
    assert answer.status_code == 409
    assert "limit yourself" in answer.content.decode()
    assert not TeamMember.objects.exists()


def test_a_customer_of_the_portal_is_in_no_team(admin: Client) -> None:
    team, ana = Team.objects.create(name="A", reach="list"), UserFactory(role="portal")
    assert admin.post(f"/settings/teams/{team.pk}/members/", {"user": ana.pk}).status_code == 422


def test_a_team_with_members_is_not_deleted_and_says_why(admin: Client) -> None:
    team, eve = Team.objects.create(name="A", reach="list"), UserFactory(name="Eve")
    TeamAccount.objects.create(team=team, account=AccountFactory())
    TeamMember.objects.create(team=team, user=eve)
    answer = admin.post(f"/settings/teams/{team.pk}/delete/")
    assert answer.status_code == 409
    assert "Eve is in this team and would see everything at once" in answer.content.decode()
    TeamMember.objects.all().delete()
    assert admin.post(f"/settings/teams/{team.pk}/delete/").status_code == 303
    assert not Team.objects.exists()
    assert not TeamAccount.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_teams_are_for_admins(role: str) -> None:
    client, team = Client(), Team.objects.create(name="A")
    client.force_login(UserFactory(role=role))
    assert client.get("/settings/teams/").status_code == 403
    assert client.post(f"/settings/teams/{team.pk}/delete/").status_code == 403


def test_an_admin_whom_a_team_limits_does_not_change_teams(admin: Client, ada: User) -> None:
    TeamMember.objects.create(team=Team.objects.create(name="A", reach="list"), user=ada)
    assert admin.get("/settings/teams/").status_code == 403


@pytest.mark.parametrize("number", [1, 25])
def test_the_list_takes_as_many_queries_for_many_teams(
    admin: Client, django_assert_max_num_queries: Any, number: int
) -> None:
    for place in range(number):
        TeamMember.objects.create(team=Team.objects.create(name=f"Team {place}"), user=UserFactory())
    with django_assert_max_num_queries(7):
        assert admin.get("/settings/teams/").status_code == 200
