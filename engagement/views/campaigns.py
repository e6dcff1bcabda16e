"""Campaigns with their funnel, and a customer's own deliveries (4.2)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from core import htmx
from core.paging import Sort, keyset
from customers.models import Customer
from engagement import campaigns
from engagement.models import Campaign
from staff.permissions import requires

NEWEST = Sort("created", "created_at", descending=True)
LATEST = Sort("id", "pk", descending=True)


@requires("campaigns.view", "customers.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    page = keyset(Campaign.objects.all(), NEWEST, request.GET.get("cursor"), size=settings.PAGE_SIZE_SMALL)
    rows = [(campaign, campaigns.funnel(campaign, request.user)) for campaign in page.rows]
    return htmx.page(request, "engagement/campaigns.html", {"page": page, "rows": rows}, partials=(htmx.RESULTS,))


@requires("campaigns.view", "customers.view")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=pk)
    deliveries = campaigns.seen_by(request.user).filter(campaign=campaign).select_related("customer")
    context = {
        "campaign": campaign,
        "funnel": campaigns.funnel(campaign, request.user),
        "page": keyset(deliveries, LATEST, request.GET.get("cursor")),
        "steps": campaigns.STEPS.values(),
    }
    return htmx.page(request, "engagement/campaign.html", context, partials=(htmx.RESULTS,))


@requires("campaigns.view", "customers.view")
@require_GET
def of_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A customer's own deliveries: a page, and the section of the profile."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user).readable(), pk=customer_id)
    page = keyset(campaigns.of_customer(customer), LATEST, request.GET.get("cursor"), size=settings.PAGE_SIZE_SMALL)
    context = {"customer": customer, "page": page, "steps": campaigns.STEPS.values()}
    return htmx.page(request, "engagement/campaigns_of_customer.html", context, partials=("campaigns",))
