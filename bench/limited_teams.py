"""Three teams that see little, something and nearly everything, each with somebody who is measured (3.5)."""

from dataclasses import dataclass

from accounts.models import Account, Team, TeamAccount, TeamMember
from properties.models import Definition
from staff.models import User

PASSWORD = "roster-demo"  # noqa: S105
EVERY = 50  # of the accounts, for the middle team: 1,000 of 50,000


@dataclass(frozen=True)
class Limited:
    """Somebody of a team; `name` says what the team sees."""

    name: str
    email: str


FEW = Limited("5 accounts", "bench-few@roster.example")
MIDDLE = Limited("1,000 accounts", "bench-middle@roster.example")
NEARLY = Limited("all but one account", "bench-nearly@roster.example")


def ready() -> list[Limited]:
    """The people, made with their teams unless they are there."""
    ids = list(Account.objects.active().order_by("pk").values_list("pk", flat=True))
    website = Definition.objects.get(subject=Definition.Subject.ACCOUNT, key="website")
    last = Account.objects.filter(properties__has_key="website").latest("pk")
    for one, chosen in ((FEW, ids[len(ids) // 10 :: max(len(ids) // 5, 1)][:5]), (MIDDLE, ids[7::EVERY])):
        if not _is_there(one):
            team = Team.objects.create(name=f"Measured: {one.name}", reach=Team.Reach.LIST)
            TeamAccount.objects.bulk_create([TeamAccount(team=team, account_id=pk) for pk in chosen])
            _join(one, team)
    if not _is_there(NEARLY):
        rule = {"definition": website, "operator": Team.Operator.IS_NOT, "value": last.properties["website"][0]}
        _join(NEARLY, Team.objects.create(name=f"Measured: {NEARLY.name}", reach=Team.Reach.RULE, **rule))
    return [FEW, MIDDLE, NEARLY]


def _is_there(one: Limited) -> bool:
    return TeamMember.objects.filter(user__email=one.email).exists()


def _join(one: Limited, team: Team) -> None:
    user = User.objects.filter(email=one.email).first()
    user = user or User.objects.create_user(one.email, password=PASSWORD, name=one.name.capitalize(), role="support")
    TeamMember.objects.create(team=team, user=user)
