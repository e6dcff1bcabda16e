"""One customer's survey answers: a page, and the panel of the profile (4.1)."""

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import htmx
from core.paging import Sort, keyset
from customers.models import Customer
from engagement.models import SurveyResponse
from staff.permissions import requires

PAGE = "engagement/of_customer.html"
NEWEST = Sort("answered", "answered_at", descending=True)


@requires("customers.view")
@require_GET
def of_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user).readable(), pk=customer_id)
    page = keyset(_answers(request, customer), NEWEST, request.GET.get("cursor"), size=settings.PAGE_SIZE_SMALL)
    context = {"customer": customer, "page": page, "older": "cursor" in request.GET}
    return htmx.page(request, PAGE, context, partials=("surveys", "surveys-older"))


def _answers(request: HttpRequest, customer: Customer) -> QuerySet[SurveyResponse]:
    visible = Account.objects.visible_to(request.user).filter(pk=OuterRef("account"))
    answers = SurveyResponse.objects.filter(Q(account=None) | Exists(visible), customer=customer)
    return answers.select_related("survey", "account", "document").defer("document__body", "document__metadata")
