"""The customer's own profile: what they may change themselves, and what is known of them besides (9)."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from customers import editing
from customers.creating import Taken
from customers.models import Identifier
from customers.suppressing import Suppressed
from portal import emails
from portal.access import PortalRequest, actor_of, portal_page
from portal.forms import EmailForm, NameForm
from portal.frame import go, show
from portal.throttling import too_many
from properties.models import Definition
from properties.values import shown

Kind = Identifier.Kind
# What systems know somebody by is no contact detail, and not theirs to change
CONTACT_DETAILS = (Kind.EMAIL, Kind.PHONE)
CANNOT = "This email cannot be used here. Write to us if it is yours."


@dataclass(frozen=True)
class Detail:
    """A contact detail. `signs_in`: the email of the login, which stays."""

    row: Identifier
    signs_in: bool


@portal_page(acting=True)
@require_http_methods(["GET", "POST"])
def profile(request: PortalRequest) -> HttpResponse:
    """POST changes the name."""
    if request.method == "GET":
        return _show(request)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    if form.cleaned_data["was"] != request.customer.name:
        form.add_error("name", f"Meanwhile this was changed to “{request.customer.name}”. Save again to change that.")
        form.data = {"name": form.data["name"], "was": request.customer.name}
        return _show(request, form=form, status=409)
    editing.rename(request.customer, form.cleaned_data["name"], actor=actor_of(request))
    messages.success(request, "Name saved")
    return go("profile")


@portal_page()
@require_POST
def add_email(request: PortalRequest) -> HttpResponse:
    """Sends a link to the email; the answer is the same whosever it is."""
    form = EmailForm(request.POST)
    if not form.is_valid():
        return _show(request, email_form=form, status=422)
    if too_many("email", request.user.pk):
        form.add_error("email", "You have asked for many links. Try again in an hour.")
        return _show(request, email_form=form, status=429)
    one = form.cleaned_data["email"]
    emails.send_link(request.customer, one.value, base_url=request.build_absolute_uri("/"))
    messages.success(request, f"We sent a link to {one.value}. Open it within a day.")
    return go("profile")


@portal_page()
@require_http_methods(["GET", "POST"])
def confirm_email(request: PortalRequest, token: str) -> HttpResponse:
    """The page that the link in the mail leads to; its button adds the email."""
    email = emails.email_of(request.customer, token)
    if email is None:
        return show(request, "email", "profile", problem="This link is old, or it is not yours.", status=404)
    if request.method == "GET":
        return show(request, "email", "profile", email=email)
    try:
        editing.add_identifier(request.customer, Kind.EMAIL, email, actor=actor_of(request))
    except (Taken, Suppressed, ValidationError):
        return show(request, "email", "profile", problem=CANNOT, status=409)
    messages.success(request, f"{email} is on your profile")
    return go("profile")


@portal_page()
@require_POST
def remove(request: PortalRequest, pk: int) -> HttpResponse:
    detail = _detail_or_404(request, pk)
    if detail.signs_in:
        messages.error(request, f"You sign in with {detail.row.value}, so it stays.")
    else:
        editing.remove_identifier(detail.row, actor=actor_of(request))
        messages.success(request, f"Removed {detail.row.value}")
    return go("profile")


@portal_page()
@require_POST
def make_primary(request: PortalRequest, pk: int) -> HttpResponse:
    row = _detail_or_404(request, pk).row
    editing.make_primary(row, actor=actor_of(request))
    messages.success(request, f"{row.value} comes first now")
    return go("profile")


def _show(
    request: PortalRequest, *, form: NameForm | None = None, email_form: EmailForm | None = None, status: int = 200
) -> HttpResponse:
    customer = request.customer
    details = _details(request)
    context = {
        "form": form or NameForm(initial={"name": customer.name, "was": customer.name}),
        "email_form": email_form or EmailForm(),
        "details": [detail for detail in details if detail.row.kind in CONTACT_DETAILS],
        "known_as": [detail.row for detail in details if detail.row.kind not in CONTACT_DETAILS],
        "facts": _facts(request),
    }
    return show(request, "profile", "profile", status=status, **context)


def _details(request: PortalRequest) -> list[Detail]:
    login = request.user.email.casefold()
    rows = request.customer.identifiers.exclude(kind=Kind.ANONYMOUS_ID)
    return [Detail(row, row.kind == Kind.EMAIL and row.value.casefold() == login) for row in rows]


def _detail_or_404(request: PortalRequest, pk: int) -> Detail:
    row = get_object_or_404(request.customer.identifiers.filter(kind__in=CONTACT_DETAILS), pk=pk)
    return Detail(row, row.kind == Kind.EMAIL and row.value.casefold() == request.user.email.casefold())


def _facts(request: PortalRequest) -> list[tuple[str, str]]:
    """The properties that are marked as personal data, as (label, values)."""
    held = {key.lower(): values for key, values in request.customer.properties.items() if values}
    if not held:
        return []
    definitions = Definition.objects.filter(subject=Definition.Subject.CUSTOMER, personal=True)
    return [
        (one.label, ", ".join(shown(value, one.type) for value in held[one.key.lower()]))
        for one in definitions
        if one.key.lower() in held and not one.of_company
    ]
