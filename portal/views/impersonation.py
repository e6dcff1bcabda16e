"""Into the portal as a customer, and back (8.3). These are pages of staff, and composed into theirs by address."""

from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from core import clock, htmx
from core.addresses import address
from customers.models import Customer, Membership
from portal import impersonating
from portal.forms import ImpersonationForm
from staff.models import User
from staff.permissions import requires

PAGE = "portal/impersonate.html"


@requires("customers.view", "impersonate")
@require_http_methods(["GET", "POST"])
def of_customer(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user).active(), pk=pk)
    return _begin(request, customer, reverse("customers:detail", args=[pk]))


@requires("accounts.view", "impersonate")
@require_http_methods(["GET", "POST"])
def of_account(request: HttpRequest, pk: int) -> HttpResponse:
    """As the owner of the account."""
    account = get_object_or_404(Account.objects.visible_to(request.user).active(), pk=pk)
    owner = Membership.objects.filter(account=account, owner=True, customer__state=Customer.State.ACTIVE)
    membership = owner.select_related("customer").first()
    if membership is None:
        raise Http404
    back = address("accounts:detail", pk) or reverse("customers:detail", args=[membership.customer_id])
    return _begin(request, membership.customer, back)


@requires()
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """'Back to admin': ends whatever goes on, and opens the page from which it began."""
    user, back_to, toast = cast(User, request.user), "/", "You are back"
    for row in impersonating.running(user):
        ended = impersonating.end(row, impersonating.ending_of(row, clock.now()) or impersonating.STOPPED)
        if ended.ended_at:
            minutes = int((ended.ended_at - ended.started_at).total_seconds() // 60)
            toast = f"Ended after {minutes} min" if minutes else "Ended after less than a minute"
        back_to = ended.return_to or back_to
    return htmx.redirect(request, back_to, toast=toast)


def _begin(request: HttpRequest, customer: Customer, back: str) -> HttpResponse:
    staff = cast(User, request.user)
    if request.method == "GET":
        return _show(request, customer, ImpersonationForm(), back, problem=_problem(customer, staff))
    form = ImpersonationForm(request.POST)
    if not form.is_valid():
        return _show(request, customer, form, back, status=422)
    try:
        impersonating.start(
            staff, customer, reason=form.cleaned_data["reason"], mode=form.cleaned_data["mode"],
            session_key=request.session.session_key or "", return_to=_return_to(request, back),
        )  # fmt: skip
    except ValidationError as error:
        form.add_error("reason", error)
        return _show(request, customer, form, back, status=422)
    except impersonating.AlreadyImpersonating as refused:
        return _show(request, customer, form, back, problem=str(refused), running=refused.running, status=409)
    except impersonating.Refused as refused:
        return _show(request, customer, form, back, problem=str(refused), status=409)
    return htmx.redirect(request, "portal:home")


def _problem(customer: Customer, staff: User) -> str:
    try:
        impersonating.target_of(customer, staff)
    except impersonating.Refused as refused:
        return str(refused)
    return ""


def _return_to(request: HttpRequest, otherwise: str) -> str:
    """The page of ours that they came from, which the form remembers."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    inside = ours and wanted.startswith("/") and not wanted.startswith("/portal/")
    return wanted if inside and len(wanted) <= impersonating.RETURN_LIMIT else otherwise


def _came_from(request: HttpRequest, otherwise: str) -> str:
    kept = request.POST.get("next", "")
    return kept or (getattr(request, "htmx", None) and request.htmx.current_url_abs_path) or otherwise  # type: ignore[attr-defined]


def _show(
    request: HttpRequest, customer: Customer, form: ImpersonationForm, back: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {"customer": customer, "form": form, "back": back, "next": _came_from(request, back)}
    context |= {"minutes": settings.IMPERSONATION_MINUTES, **more}
    return htmx.page(request, PAGE, context, partials=("dialog",), status=status)
