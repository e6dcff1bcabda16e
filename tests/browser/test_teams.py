"""A team made by an admin, and what its member sees from then on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Team, TeamAccount, TeamMember
from customers.models import Customer, Membership
from properties.models import Definition
from staff.models import User
from tests.factories import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = [("light", 1440), ("dark", 390)]


@pytest.fixture
def _accounts() -> None:
    Definition.objects.create(subject="account", key="region", label="Region", type="text")
    for name, region, person in (("Lumen Labs", "EMEA", "Ana Kovač"), ("Southern Cross", "LATAM", "Bo Nunez")):
        account = AccountFactory(name=name, properties={"region": [region]})
        Membership.objects.create(customer=CustomerFactory(name=person), account=account, primary=True)


@pytest.mark.usefixtures("_accounts")
def test_an_admin_makes_a_team_and_its_member_sees_its_people_alone(page_as: Callable[..., Page]) -> None:
    support = page_as("support")
    admin = page_as("admin")
    admin.goto("/settings/teams/")
    admin.get_by_role("link", name="Add team").first.click()
    admin.get_by_label("Name").fill("EMEA desk")
    admin.get_by_label("Accounts by a property").check()
    admin.get_by_label("Property", exact=True).select_option(label="Region")
    admin.get_by_label("Comparison").select_option("is")
    admin.get_by_label("Value").fill("EMEA")
    admin.get_by_role("button", name="Preview").click()
    expect(admin.locator("#preview")).to_contain_text("the team would see 1 account now: Lumen Labs")
    assert not Team.objects.exists()
    admin.get_by_role("button", name="Save team").click()
    expect(admin.get_by_role("heading", name="EMEA desk")).to_be_visible()
    member = User.objects.get(role="support")
    admin.get_by_label("Colleague").select_option(str(member.pk))
    admin.locator("#add-member").click()
    expect(admin.locator("#team-members .name")).to_have_text([str(member)])

    support.goto("/customers/")
    expect(support.locator("tbody .name")).to_have_text(["Ana Kovač"])
    bo = Customer.objects.get(name="Bo Nunez")
    assert support.request.get(f"/customers/{bo.pk}/").status == 404

    admin.locator("#delete-team").click()
    expect(admin.locator("#dialog")).to_contain_text("is in this team and would see everything at once")


@pytest.mark.usefixtures("_accounts")
def test_accounts_are_found_while_typing_and_added(page_as: Callable[..., Page]) -> None:
    team = Team.objects.create(name="Chosen few")
    page = page_as("admin")
    page.goto(f"/settings/teams/{team.pk}/")
    page.get_by_label("Find an account to add").fill("lum")
    page.get_by_role("button", name="Add Lumen Labs").click()
    expect(page.get_by_role("row", name="Lumen Labs")).to_be_visible()
    page.get_by_role("button", name="Remove Lumen Labs").click()
    expect(page.get_by_role("row", name="Lumen Labs")).to_have_count(0)


@pytest.mark.usefixtures("_accounts")
def test_the_pages_of_teams_look_right(page_as: Callable[..., Page], looks_right: Callable[..., None]) -> None:
    page = page_as("admin")
    team = Team.objects.create(name="Chosen few")
    TeamAccount.objects.create(team=team, account=Membership.objects.earliest("pk").account)
    eve = User.objects.create_user("eve@roster.example", name="Eve", role="support")
    TeamMember.objects.create(team=team, user=eve)
    for path in ("", "new/", f"{team.pk}/", f"{team.pk}/?q=cross", f"{team.pk}/edit/", f"{team.pk}/delete/"):
        looks_right(page, f"/settings/teams/{path}", LOOKS)
