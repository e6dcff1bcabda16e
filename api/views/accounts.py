"""Accounts and their members read."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.models import Account
from api.finding import account_for, states_of
from api.openapi import filters_of, paging
from api.paging import limit_of, page_of, sort_of, understood
from api.presenting.accounts import member, presented, presented_one
from api.rest import ApiRequest, call, reply
from api.schemas.accounts import AccountOut, AccountPage, MemberPage
from core import clock
from core.paging import Sort, keyset
from customers.accounts import listing
from customers.accounts.filters import AccountsFilter
from customers.models import Membership

router = Router(tags=["Accounts"])
READ = "accounts:read"


@call(
    router, "GET", "/accounts", READ, answers={200: AccountPage}, name="accounts", summary="List accounts",
    openapi_extra=paging(listing.SORTS, filters_of(AccountsFilter, "p.")),
)  # fmt: skip
def accounts(request: HttpRequest) -> HttpResponse:
    """Active accounts by name; with `deleted=true` deleted ones instead."""
    data = request.GET
    filters = AccountsFilter(data, Account.objects.visible_to(cast(ApiRequest, request).key))
    understood(filters)
    sort = sort_of(data, lambda text: listing.sort_of(text, deleted=filters.of_deleted))
    matching, size = filters.matching(now=clock.now()), limit_of(data)
    page = page_of(lambda cursor: keyset(matching, sort, cursor, size), matching, sort, data)
    return reply({"items": presented(page.rows), "next": page.next})


@call(
    router, "GET", "/accounts/{int:account_id}", READ, answers={200: AccountOut}, name="account",
    summary="One account", openapi_extra=paging({}, [("deleted", "`true`: also when deleted")], pages=False),
)  # fmt: skip
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    return reply(presented_one(account_for(cast(ApiRequest, request).key, account_id, states_of(request))))


@call(
    router, "GET", "/accounts/{int:account_id}/members", READ, answers={200: MemberPage}, name="members",
    summary="Customers of an account", openapi_extra=paging({}),
)  # fmt: skip
def members(request: HttpRequest, account_id: int) -> HttpResponse:
    """Who belongs to it, in the order in which they joined."""
    found = account_for(cast(ApiRequest, request).key, account_id)
    rows = Membership.objects.filter(account=found, customer__state="active").select_related("customer")
    sort, size = Sort("joined", "created_at"), limit_of(request.GET)
    page = page_of(lambda cursor: keyset(rows, sort, cursor, size), rows, sort, request.GET)
    return reply({"items": [member(row) for row in page.rows], "next": page.next})
