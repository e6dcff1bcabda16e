"""A colleague's page: role and teams, standing, second factors, sessions."""

from collections.abc import Callable
from functools import partial
from typing import cast

from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Team
from colleagues import managing
from colleagues.forms import ColleagueForm
from core.htmx import page, redirect
from staff.models import Session, User
from staff.permissions import requires
from staff.second_factor import MAIN
from staff.sessions import sessions_of

KINDS = {"totp": "Authenticator app", "webauthn": "Passkey"}


@requires("staff.manage")
@require_http_methods(["GET", "POST"])
def colleague(request: HttpRequest, pk: int) -> HttpResponse:
    user, by = _colleague(pk), cast(User, request.user)
    own = user.pk == by.pk
    now = {"name": user.name, "role": user.role, "teams": Team.objects.filter(members__user=user)}
    form = ColleagueForm(request.POST or None, initial=now)
    if own:  # shown, and the command refuses them too
        form.fields["role"].disabled = form.fields["teams"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            managing.change(user, **form.cleaned_data, by=by)
        except managing.Refused as refused:
            form.add_error(None, refused)
        else:
            return redirect(request, "colleagues:detail", pk, toast=f"Saved {user}")
        user.refresh_from_db()
    return _page(request, user, form, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, user: User, form: ColleagueForm, *, status: int = 200, refused: str = ""
) -> HttpResponse:
    factors = Authenticator.objects.filter(user=user, type__in=MAIN).order_by("pk").values_list("type", "created_at")
    context = {
        "colleague": user,
        "form": form,
        "own": user.pk == request.user.pk,
        "out_of_reach": user.is_superuser and not cast(User, request.user).is_superuser,
        "invited": managing.is_invited(user),
        "factors": [(KINDS[kind], since) for kind, since in factors],
        "sessions": sessions_of(user, here=request.session.session_key),
        "refused": refused,
    }
    return page(request, "colleagues/detail.html", context, status=status)


def _act(request: HttpRequest, pk: int, act: Callable[..., object], done: str) -> HttpResponse:
    """Does it and says so; refused, the page says why with 422."""
    user = _colleague(pk)
    try:
        act(user, by=cast(User, request.user))
    except managing.Refused as refused:
        user.refresh_from_db()
        initial = {"name": user.name, "role": user.role, "teams": Team.objects.filter(members__user=user)}
        return _page(request, user, ColleagueForm(initial=initial), status=422, refused=refused.messages[0])
    return redirect(request, "colleagues:detail", pk, toast=done.format(user))


@requires("staff.manage")
@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(managing.invite_again, base_url=request.build_absolute_uri("/"))
    return _act(request, pk, act, "Invited {} again")


@requires("staff.manage")
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, managing.deactivate, "Deactivated {}")


@requires("staff.manage")
@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, managing.reactivate, "Reactivated {}")


@requires("staff.manage")
@require_POST
def reset_second_factors(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, managing.reset_second_factors, "Reset the two-factor authentication of {}")


@requires("staff.manage")
@require_POST
def sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    """One session by its handle, or all of them; never the one that asks."""
    handle = request.POST.get("session", "")

    def act(user: User, *, by: User) -> None:
        mine = request.session.session_key
        rows = [row for row in Session.objects.filter(user=user) if row.session_key != mine]
        managing.sign_out(user, [row.session_key for row in rows if not handle or row.handle == handle], by=by)

    return _act(request, pk, act, "Signed {} out")


def _colleague(pk: int) -> User:
    return get_object_or_404(managing.everybody(), pk=pk)
