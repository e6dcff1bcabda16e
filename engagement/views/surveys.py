"""One customer's survey answers: a page, of which the profile shows the section (4.1)."""

from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import htmx
from core.paging import Page, Sort, keyset
from customers.models import Customer
from engagement.models import SurveyResponse
from staff.permissions import requires

PAGE = "engagement/of_customer.html"
SHOWN = ("score", "comment", "answered_at", "survey__name", "survey__kind", "account__name", "document__state")
NEWEST = Sort("answered", "answered_at", descending=True)


@requires("customers.view")
@require_GET
def of_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user).readable(), pk=customer_id)
    page = answers_of(customer, request.user, request.GET.get("cursor"))
    context = {"customer": customer, "page": page, "older": "cursor" in request.GET}
    return htmx.page(request, PAGE, context, partials=("surveys", "surveys-older"))


def answers_of(customer: Customer, viewer: Any, cursor: str | None = None) -> Page:
    """A page of the customer's answers, newest first, without those for accounts that the viewer may not see."""
    visible = Account.objects.visible_to(viewer).filter(pk=OuterRef("account"))
    answers = SurveyResponse.objects.filter(Q(account=None) | Exists(visible), customer=customer)
    shown = answers.select_related("survey", "account", "document").only(*SHOWN)
    return keyset(shown, NEWEST, cursor, size=settings.PAGE_SIZE_SMALL)
