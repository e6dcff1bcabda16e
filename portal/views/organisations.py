"""An organisation of the customer's: its members and contacts; its owner lets in and takes out (9)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from core.paging import Sort, keyset
from customers.models import Customer, Membership
from portal import organising
from portal.access import PortalRequest, actor_of, portal_page
from portal.forms import InviteForm
from portal.frame import go, show
from portal.organising import NotOwner
from portal.throttling import too_many
from staff.inviting import invite as send_invitation

SIZE = 50
BY_NAME = Sort("name", "customer__sort_name")


@portal_page()
@require_GET
def index(request: PortalRequest) -> HttpResponse:
    return show(request, "organisations", "organisations")


@portal_page()
@require_GET
def detail(request: PortalRequest, pk: int) -> HttpResponse:
    return _show(request, _place_or_404(request, pk), InviteForm())


@portal_page()
@require_POST
def invite(request: PortalRequest, pk: int) -> HttpResponse:
    place = _place_or_404(request, pk)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _show(request, place, form, 422)
    if too_many("invitations", request.user.pk):
        form.add_error("email", "You have invited many people. Try again in an hour.")
        return _show(request, place, form, 429)
    email, name = form.cleaned_data["email"].value, form.cleaned_data["name"]
    try:
        login = organising.invite(request.customer, place.account, email=email, name=name, actor=actor_of(request))
    except NotOwner:
        raise PermissionDenied from None
    except ValidationError as error:
        form.add_error("email", error.messages)
        return _show(request, place, form, 409)
    if not login.user.has_usable_password():
        send_invitation(login.user, base_url=request.build_absolute_uri("/"), inviter=request.user)
    messages.success(request, f"Invited {email}")
    return go("organisation", pk)


@portal_page(acting=True)
@require_POST
def remove(request: PortalRequest, pk: int, customer_id: int) -> HttpResponse:
    place = _place_or_404(request, pk)
    try:
        gone = organising.remove(request.customer, place.account, customer_id, actor=actor_of(request))
    except NotOwner:
        raise PermissionDenied from None
    except Membership.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"{gone.customer.display_name} is no longer in {place.account.name}")
    return go("organisation", pk)


def _place_or_404(request: PortalRequest, pk: int) -> Membership:
    place = organising.own_membership(request.customer, pk)
    if place is None:
        raise Http404
    return place


def _show(request: PortalRequest, place: Membership, form: InviteForm, status: int = 200) -> HttpResponse:
    members = Membership.objects.filter(account=place.account, customer__state=Customer.State.ACTIVE)
    page = keyset(members.select_related("customer"), BY_NAME, request.GET.get("cursor"), SIZE)
    contacts = members.filter(contact=True).select_related("customer").order_by("-key_contact", "customer__sort_name")
    context = {"place": place, "account": place.account, "page": page, "contacts": list(contacts[:SIZE]), "form": form}
    return show(request, "organisation", "organisations", status=status, **context)
