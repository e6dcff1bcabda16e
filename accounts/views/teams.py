"""Teams: who sees which accounts, and with them which people and feedback (3.5)."""

from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import teaming
from accounts.models import Account, Team, TeamAccount, TeamMember
from accounts.team_forms import TeamForm
from accounts.team_rules import accounts_like, reach_of, sentence
from audit.actor import Actor
from core import htmx
from core.paging import Sort, keyset
from core.text import problem
from staff.permissions import requires

LIST, PAGE, FORM, DELETE = "teams/list.html", "teams/detail.html", "teams/form.html", "teams/delete.html"
BY_NAME = Sort("name", "account__sort_name")
OFFERED = 10
TEAMS_SHOWN = 200


@requires("teams.manage")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    teams = Team.objects.select_related("definition").prefetch_related("members__user")[:TEAMS_SHOWN]
    seen = dict(
        Team.objects.filter(pk__in=[team.pk for team in teams])
        .annotate(number=Count("visible")).order_by().values_list("pk", "number")
    )  # fmt: skip
    rows = [(team, sentence(team), seen[team.pk], [one.user for one in team.members.all()]) for team in teams]
    return htmx.page(request, LIST, {"rows": rows})


@requires("teams.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """What it would see is shown first; only what was shown is saved."""
    form = TeamForm(request.POST if request.method == "POST" else None, team=Team())
    if request.method == "GET" or not form.is_valid():
        return _form(request, form)
    if request.POST.get("seen") != form.signature:
        return _form(request, form, reach=reach_of(form.changed))
    try:
        team = teaming.create(form.wanted, actor=Actor.of_staff(request.user))
    except teaming.NameTaken:
        return _taken(request, form)
    return htmx.redirect(request, "teams:detail", team.pk, toast=f"Made the team “{team.name}”.")


@requires("teams.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    team = _team(pk)
    form = TeamForm(request.POST if request.method == "POST" else None, team=team)
    if request.method == "GET":
        return _form(request, form, reach=reach_of(team))
    if not form.is_valid():
        return _form(request, form)
    if request.POST.get("seen") != form.signature:
        return _form(request, form, reach=reach_of(form.changed))
    try:
        team = teaming.edit(team, form.wanted, actor=Actor.of_staff(request.user))
    except teaming.NameTaken:
        return _taken(request, form)
    except Team.DoesNotExist:
        raise Http404 from None
    return htmx.redirect(request, "teams:detail", pk, toast=f"Saved the team “{team.name}”.")


@requires("teams.manage")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, _team(pk))


@requires("teams.manage")
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Refused while somebody is in it: they would see everything at once."""
    team, status = _team(pk), 200
    if request.method == "POST":
        try:
            teaming.delete(team, actor=Actor.of_staff(request.user))
        except teaming.HasMembers:
            status = 409
        except Team.DoesNotExist:
            raise Http404 from None
        else:
            return htmx.redirect(request, "teams:list", toast=f"Deleted the team “{team.name}”.")
    members = [one.user for one in team.members.select_related("user").order_by("user__name", "user")]
    return htmx.page(request, DELETE, {"team": team, "members": members}, partials=("dialog",), status=status)


@requires("teams.manage")
@require_POST
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """One more account for a team that sees chosen ones."""
    team = _team(pk)
    number = request.POST.get("account", "")
    found = Account.objects.active().filter(pk=int(number)) if number.isascii() and number[:18].isdigit() else []
    account = next(iter(found), None) if len(number) < 19 else None
    if account is None:
        return _show(request, team, fault="Choose one of the accounts that were found.", status=422)
    teaming.choose(team, account, actor=Actor.of_staff(request.user))
    return _done(request, team, f"{team.name} may view {account.name}.")


@requires("teams.manage")
@require_POST
def leave_out(request: HttpRequest, pk: int, account_id: int) -> HttpResponse:
    team, account = _team(pk), get_object_or_404(Account, pk=account_id)
    teaming.leave_out(team, account.pk, actor=Actor.of_staff(request.user))
    return _done(request, team, f"{team.name} may not view {account.name} any more.")


@requires("teams.manage")
@require_POST
def add_member(request: HttpRequest, pk: int) -> HttpResponse:
    team = _team(pk)
    number = request.POST.get("user", "")
    usable = number.isascii() and number.isdigit() and len(number) < 19
    colleague = teaming.colleagues().filter(pk=int(number)).first() if usable else None
    if colleague is None:
        return _show(request, team, member_fault="Choose a colleague.", status=422)
    try:
        teaming.add_member(team, colleague, actor=Actor.of_staff(request.user))
    except teaming.Oneself:
        fault = "You would limit yourself, and could not take it back. Ask another admin."
        return _show(request, team, member_fault=fault, status=409)
    return _done(request, team, f"{colleague} is in {team.name}.")


@requires("teams.manage")
@require_POST
def remove_member(request: HttpRequest, pk: int, user_id: int) -> HttpResponse:
    team = _team(pk)
    member = get_object_or_404(TeamMember.objects.select_related("user"), team=team, user=user_id)
    teaming.remove_member(team, user_id, actor=Actor.of_staff(request.user))
    free = not TeamMember.objects.filter(user=user_id).exists()
    text = f"{member.user} is not in {team.name} any more{', and sees everything now' if free else ''}."
    return _done(request, team, text)


def _team(pk: int) -> Team:
    return get_object_or_404(Team.objects.select_related("definition"), pk=pk)


def _form(request: HttpRequest, form: TeamForm, **more: Any) -> HttpResponse:
    invalid = form.is_bound and bool(form.errors)
    confirming = form.is_bound and not invalid
    context = {
        "form": form, "team": form.team, "confirming": confirming, "signature": form.signature if confirming else "",
        **more,
    }  # fmt: skip
    return htmx.page(request, FORM, context, status=422 if invalid else 200)


def _taken(request: HttpRequest, form: TeamForm) -> HttpResponse:
    form.add_error("name", "Another team has this name.")
    return _form(request, form)


def _show(request: HttpRequest, team: Team, *, status: int = 200, **more: Any) -> HttpResponse:
    typed = request.GET.get("q", "")[:300]
    typed = "" if problem(typed, limit=300) else typed.strip()
    chosen = TeamAccount.objects.filter(team=team).select_related("account").only("account__name", "account__state")
    members = list(team.members.select_related("user").order_by("user__name", "user"))
    inside = {one.user_id for one in members}
    context = {
        "team": team,
        "sentence": sentence(team),
        "reach": reach_of(team),
        "page": keyset(chosen, BY_NAME, request.GET.get("cursor")) if team.reach == Team.Reach.LIST else None,
        "typed": typed,
        "found": list(accounts_like(typed, team)[:OFFERED]) if typed and team.reach == Team.Reach.LIST else [],
        "members": members,
        "others": [one for one in teaming.colleagues() if one.pk not in inside],
        **more,
    }
    return htmx.page(request, PAGE, context, partials=("team-accounts", "team-members"), status=status)


def _done(request: HttpRequest, team: Team, text: str) -> HttpResponse:
    """The part that was changed, as it is now, or the page."""
    if not htmx.wanted(request, ("team-accounts", "team-members")):
        return htmx.redirect(request, "teams:detail", team.pk, toast=text)
    return htmx.announce(_show(request, team), text)
