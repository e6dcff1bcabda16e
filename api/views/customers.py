"""Customers: lists, one, and all there is about one."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from api.finding import ANY, Moved, customer_for, states_of
from api.openapi import filters_of, paging
from api.paging import limit_of, page_of, sort_of, understood
from api.presenting.customers import columns, presented, presented_one
from api.rest import ApiRequest, actor_of, call, reply
from api.schemas.customers import CustomerOut, CustomerPage, MovedOut
from audit.recording import recorded
from core import clock
from core.paging import Page
from customers import listing
from customers.filters import CustomerFilter
from customers.models import Customer
from retention.exporting import archive, gathered

router = Router(tags=["Customers"])
READ = "customers:read"


@call(
    router, "GET", "/customers", READ, answers={200: CustomerPage}, name="customers", summary="List customers",
    openapi_extra=paging(listing.SORTS, filters_of(CustomerFilter, "p.", "ap.")),
)  # fmt: skip
def customers(request: HttpRequest) -> HttpResponse:
    """Active customers, those seen last first; with `deleted=true` deleted ones instead."""
    key, data, now = cast(ApiRequest, request).key, request.GET, clock.now()
    filters = CustomerFilter(data, Customer.objects.visible_to(key))
    understood(filters)
    deleted = any(name == "deleted" for name, _, _ in filters.active())
    sort = sort_of(data, lambda text: listing.sort_of(text, deleted=deleted))
    asked, size = filters.conditions(now=now), limit_of(data)

    def find(cursor: str | None) -> Page:
        return listing.find(filters.listed(), asked, sort, cursor, shape=columns, size=size).page

    page = page_of(find, Customer.objects.all(), sort, data)
    return reply({"items": presented(page.rows, key, now=now), "next": page.next})


@call(
    router, "GET", "/customers/{int:customer_id}", READ, answers={200: CustomerOut, 301: MovedOut}, name="customer",
    summary="One customer", openapi_extra=paging({}, [("deleted", "`true`: also when deleted")], pages=False),
)  # fmt: skip
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One who was merged into another one leads there with 301."""
    key = cast(ApiRequest, request).key
    try:
        found = customer_for(key, customer_id, states_of(request))
    except Moved as moved:
        return moved_to(request, moved, moved.address)
    return reply(presented_one(found.pk, key, now=clock.now()))


@call(
    router, "GET", "/customers/{int:customer_id}/export", READ, answers={200: dict, 301: MovedOut},
    name="export_customer", summary="All data about one customer",
    openapi_extra=paging({}, [("format", "`zip`: the same as JSON and CSV files in an archive")], pages=False),
)  # fmt: skip
def export(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Every row about the customer, by table; deleted ones too."""
    asked = cast(ApiRequest, request)
    try:
        found = customer_for(asked.key, customer_id, ANY)
    except Moved as moved:
        return moved_to(request, moved, f"{moved.address}/export")
    with recorded(actor_of(asked), "customer.data_exported", found):
        if request.GET.get("format") != "zip":
            return reply(gathered(found, asked.key))
        content = archive(found, asked.key)
    named = {"Content-Disposition": f'attachment; filename="customer-{found.pk}.zip"'}
    return HttpResponse(content, content_type="application/zip", headers=named)


def moved_to(request: HttpRequest, moved: Moved, address: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    body = {"id": moved.customer_id, "merged_into": moved.survivor_id}
    return reply(body, 301, Location=f"{address}?{query}" if query else address, Cache_Control="no-store")
