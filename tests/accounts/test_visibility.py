import pytest

from accounts.models import Account, Team, TeamAccount, TeamMember, VisibleAccount
from core import clock
from customers.models import Customer, Membership
from feedback.models import Document
from properties.models import Definition
from staff.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def region():
    return Definition.objects.create(subject="account", key="region", label="Region", type="text")


@pytest.fixture
def north():
    return Account.objects.create(name="North", properties={"region": ["EMEA"]})


@pytest.fixture
def south():
    return Account.objects.create(name="South", properties={"region": ["LATAM"]})


@pytest.fixture
def eve():
    return User.objects.create_user("eve@roster.example", role="support")


def seen_by(user):
    user.refresh_from_db()
    return {account.name for account in Account.objects.visible_to(user)}


def in_team(user, **team):
    made = Team.objects.create(name="Team", **team)
    TeamMember.objects.create(team=made, user=user)
    return made


def test_who_is_in_no_team_sees_every_account(eve, north, south):
    assert seen_by(eve) == {"North", "South"}


def test_a_team_with_a_list_sees_what_was_chosen_for_it(eve, north, south):
    team = in_team(eve, reach="list")
    assert seen_by(eve) == set()
    TeamAccount.objects.create(team=team, account=south)
    assert seen_by(eve) == {"South"}
    TeamAccount.objects.all().delete()
    assert seen_by(eve) == set()


def test_a_rule_is_followed_when_an_account_or_the_rule_changes(eve, north, south, region):
    team = in_team(eve, reach="rule", definition=region, operator="is", value="EMEA")
    assert seen_by(eve) == {"North"}
    south.properties = {"region": ["EMEA", "LATAM"]}
    south.save()
    assert seen_by(eve) == {"North", "South"}
    Account.objects.bulk_create([Account(name="New", sort_name="new", properties={"region": ["EMEA"]})])
    assert seen_by(eve) == {"North", "South", "New"}
    team.operator = "is_not"
    team.save()
    assert seen_by(eve) == set()
    team.reach = "all"
    team.save()
    assert seen_by(eve) == {"North", "South", "New"}
    assert not VisibleAccount.objects.exists()


@pytest.mark.parametrize(
    ("operator", "value", "values", "meets"),
    [
        ("is", "EMEA", ["EMEA"], True), ("is", "EMEA", ["emea"], False), ("is", 3, [3.0], True),
        ("is", "EMEA", [], False), ("is_not", "EMEA", [], True), ("is_not", "EMEA", ["EMEA"], False),
        ("contains", "me", ["EMEA"], True),
        ("contains", "%", ["EMEA"], False), ("greater", 10, [9, 11], True), ("greater", 10, ["11"], False),
        ("less", 10, [9], True), ("less", 10, [], False), ("before", "2026-01-01", ["2025-12-31"], True),
        ("after", "2026-01-01", ["2026-01-01"], False), ("after", "2026-01-01", ["2026-01-02"], True),
        ("empty", None, [], True), ("empty", None, ["x"], False), ("not_empty", None, ["x"], True),
    ],
)  # fmt: skip
def test_a_rule_compares_as_filters_do(eve, region, operator, value, values, meets):
    in_team(eve, reach="rule", definition=region, operator=operator, value=value)
    Account.objects.create(name="One", properties={"region": values} if values else {})
    assert bool(seen_by(eve)) is meets


def test_who_is_in_several_teams_sees_what_any_of_them_may(eve, north, south, region):
    in_team(eve, reach="rule", definition=region, operator="is", value="EMEA")
    other = Team.objects.create(name="Other", reach="list")
    TeamAccount.objects.create(team=other, account=south)
    TeamMember.objects.create(team=other, user=eve)
    assert seen_by(eve) == {"North", "South"}


def test_limited_staff_see_the_people_and_documents_of_their_accounts_only(eve, north, south, region):
    in_team(eve, reach="rule", definition=region, operator="is", value="EMEA")
    eve.refresh_from_db()
    inside, outside, alone = [Customer.objects.create(name=name) for name in ("Inside", "Outside", "Alone")]
    Membership.objects.create(customer=inside, account=north)
    Membership.objects.create(customer=outside, account=south)
    assert list(Customer.objects.visible_to(eve)) == [inside]
    wanted = [
        Document.objects.create(title="of the account", account=north, channel="email", occurred_at=clock.now()),
        Document.objects.create(
            title="of the person", customer=inside, link="staff", channel="email", occurred_at=clock.now()
        ),
    ]
    for fields in ({"account": south}, {"customer": alone}, {}, {"account": south, "customer": inside}):
        link = "staff" if "customer" in fields else "none"
        Document.objects.create(title="not seen", link=link, channel="email", occurred_at=clock.now(), **fields)
    assert list(Document.objects.visible_to(eve).order_by("id")) == wanted


def test_a_portal_user_sees_nothing_of_the_dashboard(north):
    ana = User.objects.create_user("ana@ex.test", role="portal")
    assert not Account.objects.visible_to(ana).exists()


def test_superusers_see_everything_whatever_their_team(north, south):
    root = User.objects.create_superuser("root@roster.example", name="Root")
    in_team(root, reach="list")
    assert seen_by(root) == {"North", "South"}
