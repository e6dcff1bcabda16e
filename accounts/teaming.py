"""Commands on teams: what they may view, and who is in them (3.5). What follows from it, triggers keep at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from properties.models import Definition
from staff.models import User


class NameTaken(Exception):
    """Another team has this name."""


class HasMembers(Exception):
    """The team still limits somebody, who would see everything at once if it were gone."""

    def __init__(self, members: Sequence[User]) -> None:
        super().__init__(f"{len(members)} are in this team")
        self.members = members


class Oneself(Exception):
    """Whoever limited themselves could not take it back."""


@dataclass(frozen=True)
class Wanted:
    """What a team shall be called and may view; `definition`, `operator` and `value` for a rule alone."""

    name: str
    reach: str
    definition: Definition | None = None
    operator: str = ""
    value: Any = None

    def put_on(self, team: Team) -> None:
        team.name, team.reach = self.name, self.reach
        team.definition, team.operator, team.value = self.definition, self.operator, self.value


@retrying
def create(wanted: Wanted, *, actor: Actor, now: datetime | None = None) -> Team:
    """A new team without members. Raises NameTaken."""
    with recorded(actor, "team.created", now=now) as entry:
        _refuse_taken(wanted.name)
        team = Team()
        wanted.put_on(team)
        team.save()
        entry.about(team)
        return team


@retrying
def edit(team: Team, wanted: Wanted, *, actor: Actor, now: datetime | None = None) -> Team:
    """Raises NameTaken, Team.DoesNotExist."""
    with recorded(actor, "team.edited", team, now=now) as entry:
        _refuse_taken(wanted.name, but=team.pk)
        held = Team.objects.select_for_update().get(pk=team.pk)
        before = _facts(held)
        wanted.put_on(held)
        if _facts(held) == before:
            entry.discard()
            return held
        held.save()
        return held


@retrying
def delete(team: Team, *, actor: Actor, now: datetime | None = None) -> None:
    """Raises HasMembers, Team.DoesNotExist."""
    with recorded(actor, "team.deleted", team, now=now):
        held = Team.objects.select_for_update().get(pk=team.pk)
        members = list(User.objects.filter(team_members__team=held).order_by("name", "pk"))
        if members:
            raise HasMembers(members)
        held.delete()


@retrying
def choose(team: Team, account: Account, *, actor: Actor, now: datetime | None = None) -> bool:
    """Lets the team view this account too; whether it was not chosen before. Raises Team.DoesNotExist."""
    with recorded(actor, "team.account_added", team, now=now) as entry:
        held = Team.objects.select_for_update().get(pk=team.pk)
        _, is_new = TeamAccount.objects.get_or_create(team=held, account=account)
        if not is_new:
            entry.discard()
        return is_new


@retrying
def leave_out(team: Team, account_id: int, *, actor: Actor, now: datetime | None = None) -> bool:
    """Takes the account out of those chosen for the team; whether it was among them."""
    with recorded(actor, "team.account_removed", team, now=now) as entry:
        gone, _ = TeamAccount.objects.filter(team=team, account=account_id).delete()
        if not gone:
            entry.discard()
        return bool(gone)


@retrying
def add_member(team: Team, user: User, *, actor: Actor, now: datetime | None = None) -> bool:
    """Limits this colleague to what the team may view, beside their other teams. Raises Oneself, Team.DoesNotExist."""
    if user.pk == actor.user_id:
        raise Oneself
    with recorded(actor, "team.member_added", team, now=now) as entry:
        held = Team.objects.select_for_update().get(pk=team.pk)
        _, is_new = TeamMember.objects.get_or_create(team=held, user=user)
        if not is_new:
            entry.discard()
        return is_new


@retrying
def remove_member(team: Team, user_id: int, *, actor: Actor, now: datetime | None = None) -> bool:
    """Takes the colleague out of the team; in no team at all, they see everything."""
    with recorded(actor, "team.member_removed", team, now=now) as entry:
        gone, _ = TeamMember.objects.filter(team=team, user=user_id).delete()
        if not gone:
            entry.discard()
        return bool(gone)


def colleagues() -> QuerySet[User]:
    """Who can be in a team: whoever works here."""
    return User.objects.filter(is_active=True).exclude(role="portal").order_by("name", "email")


def _facts(team: Team) -> tuple[Any, ...]:
    return team.name, team.reach, team.definition_id, team.operator, team.value


def _refuse_taken(name: str, but: int = 0) -> None:
    if Team.objects.filter(name=name).exclude(pk=but).exists():
        raise NameTaken
