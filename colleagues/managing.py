"""What admins do with colleagues (8.1, 8.2): each command one audit entry; `Refused` says why it may not be given."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import connection, models

from accounts.models import Team, TeamMember
from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core.retrying import retrying
from staff import second_factor
from staff.inviting import invite
from staff.models import Role, SignInRules, User
from staff.permissions import teams_of
from staff.sessions import Session, end_sessions


class Refused(ValidationError):
    """Why this may not be done with this colleague, as a sentence."""


def everybody() -> models.QuerySet[User]:
    """All who are no customers."""
    return User.objects.exclude(role=Role.PORTAL)


@retrying
def add(*, email: str, name: str, role: str, teams: Iterable[Team], by: User, base_url: str) -> User:
    """A new colleague, who is mailed an invitation. Raises Refused when somebody signs in with this email already."""
    with _change("colleague.invited", None, by) as entry:
        if User.objects.with_email(email).exists():
            raise Refused("Somebody signs in with this email already. Enter another one.")
        user = User.objects.create_user(email, None, name=name, role=role)
        _join(user, teams)
        entry.about(user)
        invite(user, base_url=base_url, inviter=by)
    return user


@retrying
def invite_again(user: User, *, by: User, base_url: str) -> None:
    """Mails another link to somebody who has not chosen a password yet."""
    with _change("colleague.invited_again", user, by):
        if not user.is_active:
            raise Refused(f"{user} is deactivated. Reactivate them first.")
        if not is_invited(user):
            raise Refused(f"{user} has signed in already. They can ask for a new password themselves.")
        invite(user, base_url=base_url, inviter=by)


@retrying
def change(user: User, *, name: str, role: str, teams: Iterable[Team], by: User) -> None:
    """Name, role and teams. One's own role and teams stay as they are."""
    with _change("colleague.changed", user, by) as entry:
        chosen = {team.pk for team in teams}
        before = set(TeamMember.objects.filter(user=user).values_list("team", flat=True))
        if role != user.role or chosen != before:
            _require_another(user, by)
        if (name, role) == (user.name, user.role) and chosen == before:
            entry.discard()
        user.name, user.role = name, role
        user.save(update_fields=["name", "role"])
        TeamMember.objects.filter(user=user).exclude(team__in=chosen).delete()
        _join(user, Team.objects.filter(pk__in=chosen - before))
        _require_an_admin()


@retrying
def deactivate(user: User, *, by: User) -> None:
    """Signs a colleague out everywhere, for good; what they did keeps their name."""
    with _change("colleague.deactivated", user, by):
        _require_another(user, by)
        user.is_active = False
        user.save(update_fields=["is_active"])
        end_sessions(user)
        _require_an_admin()


@retrying
def reactivate(user: User, *, by: User) -> None:
    with _change("colleague.reactivated", user, by):
        _require_another(user, by)
        user.is_active = True
        user.save(update_fields=["is_active"])


@retrying
def reset_second_factors(user: User, *, by: User) -> None:
    """For a colleague who lost their phone: the password alone signs in, or they set up another one."""
    with _change("colleague.second_factors_reset", user, by):
        _require_another(user, by)
        if not second_factor.reset(user):
            raise Refused(f"{user} has no second factor.")
        end_sessions(user)


@retrying
def sign_out(user: User, sessions: Iterable[str], *, by: User) -> int:
    """Ends these sessions of a colleague; how many there were."""
    with _change("colleague.signed_out", user, by) as entry:
        ended: int = Session.objects.filter(user=user, session_key__in=list(sessions)).delete()[0]
        entry.facts["sessions"] = ended
        if not ended:
            entry.discard()
    return ended


@retrying
def require_two_factor(required: bool, *, by: User) -> int:
    """Asks a second factor of all staff, or no longer; how many are signed out because they have none yet."""
    with _change("rules.changed", None, by) as entry:
        if required and not second_factor.has_one(by):
            raise Refused("Set up your own two-factor authentication first, under Security.")
        rules = SignInRules.objects.select_for_update().first() or SignInRules()
        if rules.two_factor_required == required:
            entry.discard()
            return 0
        rules.two_factor_required = required
        rules.save()
        entry.about(rules)
        if not required:
            return 0
        those = Authenticator.objects.filter(type__in=second_factor.MAIN).values("user")
        ended: int = Session.objects.filter(user__in=everybody()).exclude(user__in=those).delete()[0]
        entry.facts["sessions"] = ended
        return ended


def is_invited(user: User) -> bool:
    """Whether `user` was invited and has never come."""
    return user.last_login is None and not user.has_usable_password()


@contextmanager
def _change(verb: str, user: User | None, by: User) -> Iterator[Entry]:
    """A command's transaction, with `user` as it is now. Only one at a time: they decide who is the last admin."""
    with recorded(Actor.of_staff(by), verb, user) as entry:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('colleagues'))")
        if user is not None:
            user.refresh_from_db()
            if user.is_superuser and not by.is_superuser:
                raise Refused("Only a superuser changes a superuser.")
        yield entry


def _join(user: User, teams: Iterable[Team]) -> None:
    TeamMember.objects.bulk_create([TeamMember(user=user, team=team) for team in teams])


def _require_another(user: User, by: User) -> None:
    if user.pk == by.pk:
        raise Refused("Nobody changes their own role, teams or standing. Ask another admin.")


def _require_an_admin() -> None:
    """Somebody must be left who can undo it: an active admin whom no team limits."""
    admins = User.objects.filter(models.Q(role=Role.ADMIN) | models.Q(is_superuser=True), is_active=True)
    if not any(teams_of(admin) is None for admin in admins):
        raise Refused("This is the last admin whom no team limits. Make somebody else an admin first.")
