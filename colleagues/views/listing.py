"""The list of colleagues, inviting one, the rules for signing in, and what roles may do."""

from typing import cast

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from colleagues import managing
from colleagues.forms import InviteForm
from colleagues.words import ROLES, table
from core.htmx import page, redirect
from core.paging import Sort, keyset
from core.text import problem
from staff.models import Role, Session, User
from staff.permissions import requires
from staff.second_factor import MAIN, is_required

TYPED_LIMIT = 200


@requires("staff.manage")
@require_GET
def colleagues(request: HttpRequest) -> HttpResponse:
    typed = request.GET.get("q", "")
    typed = "" if problem(typed, limit=TYPED_LIMIT) else typed.strip()
    deactivated = request.GET.get("show") == "deactivated"
    seen = Session.objects.filter(user=OuterRef("pk")).order_by("-seen_at").values("seen_at")[:1]
    rows = managing.everybody().filter(is_active=not deactivated)
    if typed:
        rows = rows.filter(Q(name__icontains=typed) | Q(email__icontains=typed))
    rows = rows.annotate(
        order=Lower("name"),
        seen_at=Subquery(seen),
        two_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=MAIN)),
    ).prefetch_related("team_members__team")
    found = keyset(rows, Sort("name", "order"), request.GET.get("cursor"))
    for user in found.rows:
        user.invited = managing.is_invited(user)
    context = {"rows": found, "q": typed, "deactivated": deactivated, "two_factor_required": is_required()}
    return page(request, "colleagues/list.html", context, partials=("results",))


@requires("staff.manage")
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("email", "name", "role", "teams")}
        try:
            user = managing.add(**given, by=cast(User, request.user), base_url=request.build_absolute_uri("/"))
        except managing.Refused as refused:
            form.add_error("email", refused)
        else:
            return redirect(request, "colleagues:list", toast=f"Invited {user.email}")
    return page(
        request, "colleagues/invite.html", {"form": form}, partials=("dialog",), status=422 if form.errors else 200
    )


@requires("staff.manage")
@require_POST
def two_factor(request: HttpRequest) -> HttpResponse:
    required = request.POST.get("required") == "yes"
    try:
        ended = managing.require_two_factor(required, by=cast(User, request.user))
    except managing.Refused as refused:
        return redirect(request, "colleagues:list", toast=refused.messages[0])
    if not required:
        return redirect(request, "colleagues:list", toast="Two-factor authentication is no longer required")
    signed_out = f" {ended} sessions without it were ended." if ended else ""
    return redirect(request, "colleagues:list", toast=f"Two-factor authentication is required now.{signed_out}")


@requires("staff.manage")
@require_GET
def roles(request: HttpRequest) -> HttpResponse:
    return page(request, "colleagues/roles.html", {"rights": table(), "roles": [Role(role).label for role in ROLES]})
