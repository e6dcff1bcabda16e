"""Accounts and their members written."""

from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from accounts import editing
from api import accounts
from api.deleting import delete_permanently, held
from api.finding import ANY, absent, account_for, customer_to_change
from api.openapi import paging
from api.presenting.accounts import member, presented_one
from api.rest import ApiRequest, actor_of, call, reply
from api.schemas.accounts import AccountIn, AccountOut, AccountPatch, MemberFields, MemberIn, MemberOut
from api.schemas.customers import PurgeOut
from api.views.accounts import router
from customers import joining
from customers.accounts import deleting
from customers.editing import NotActive
from customers.holding import Held
from customers.models import Customer, Membership
from integrations.answers import Refused, invalid
from retention.models import Purge

WRITE, DELETE = "accounts:write", "accounts:delete"


@call(
    router, "POST", "/accounts", WRITE, answers={200: AccountOut, 201: AccountOut}, name="accounts",
    summary="Add or update an account",
)  # fmt: skip
def add(request: HttpRequest, body: AccountIn) -> HttpResponse:
    """With an `external_id` that is known already 200, else 201. 409 `deleted` with the id."""
    asked = cast(ApiRequest, request)
    if body.external_id is None:
        try:
            made = accounts.create(body, actor=actor_of(asked), key=asked.key)
        except ValidationError as error:
            raise invalid(error, "" if hasattr(error, "error_dict") else "name.") from None
        return _shown(asked, made.pk, 201)
    done = accounts.upsert(body, actor=actor_of(asked), key=asked.key)
    return _shown(asked, cast(int, done.account_id), 201 if done.status == "created" else 200)


@call(
    router, "PATCH", "/accounts/{int:account_id}", WRITE, answers={200: AccountOut}, name="account",
    summary="Change an account",
)  # fmt: skip
def change(request: HttpRequest, account_id: int, body: AccountPatch) -> HttpResponse:
    """Fields left out stay; what staff set stays as they set it."""
    asked = cast(ApiRequest, request)
    try:
        accounts.change(account_for(asked.key, account_id), body, actor=actor_of(asked))
    except ValidationError as error:
        raise invalid(error, "" if hasattr(error, "error_dict") else "name.") from None
    except editing.NotActive:
        raise absent("account") from None
    return _shown(asked, account_id)


@call(
    router, "DELETE", "/accounts/{int:account_id}", DELETE, answers={204: None, 202: PurgeOut}, name="account",
    summary="Delete an account", openapi_extra=paging({}, [
        ("permanent", "`true`: a deleted account for good"),
        ("customers", "`true`: also the customers who belong to no other account"),
    ], pages=False),
)  # fmt: skip
def delete(request: HttpRequest, account_id: int) -> HttpResponse:
    """204, also the second time; it can be restored. With `permanent` 202, or 409 `not_deleted`."""
    asked = cast(ApiRequest, request)
    found = account_for(asked.key, account_id, ANY)
    if request.GET.get("permanent") == "true":
        return delete_permanently(asked, found, Purge.Subject.ACCOUNT)
    with_customers = request.GET.get("customers") == "true"
    if with_customers and "customers:delete" not in asked.key.scopes:
        raise Refused(403, "missing_scope", "This key lacks the scope customers:delete.")
    try:
        deleting.delete(found, customers=with_customers, actor=actor_of(asked))
    except Held as error:
        raise held(asked.key, str(error)) from None
    except NotActive:
        account_for(asked.key, account_id, ANY)
    return HttpResponse(status=204)


@call(
    router, "POST", "/accounts/{int:account_id}/restore", DELETE, answers={200: AccountOut}, name="restore_account",
    summary="Restore a deleted account",
)  # fmt: skip
def restore(request: HttpRequest, account_id: int) -> HttpResponse:
    """Brings back the account, and the customers who were deleted with it."""
    asked = cast(ApiRequest, request)
    found = account_for(asked.key, account_id, ANY)
    try:
        deleting.restore(found, actor=actor_of(asked))
    except deleting.NotDeleted:
        account_for(asked.key, account_id, ANY)
        raise Refused(409, "not_deleted", "This account is not deleted.") from None
    return _shown(asked, account_id)


@call(
    router, "POST", "/accounts/{int:account_id}/members", WRITE, answers={200: MemberOut, 201: MemberOut},
    name="members", summary="Add a customer to an account",
)  # fmt: skip
def add_member(request: HttpRequest, account_id: int, body: MemberIn) -> HttpResponse:
    """201 for a new member, 200 for one who was it already."""
    return _placed(request, account_id, body.customer_id, body, new=201)


@call(
    router, "PUT", "/accounts/{int:account_id}/members/{int:customer_id}", WRITE,
    answers={200: MemberOut, 201: MemberOut}, name="member", summary="A customer’s place in an account",
)  # fmt: skip
def put_member(request: HttpRequest, account_id: int, customer_id: int, body: MemberFields) -> HttpResponse:
    return _placed(request, account_id, customer_id, body, new=201)


@call(
    router, "DELETE", "/accounts/{int:account_id}/members/{int:customer_id}", WRITE, answers={204: None},
    name="member", summary="Take a customer out of an account",
)  # fmt: skip
def remove_member(request: HttpRequest, account_id: int, customer_id: int) -> HttpResponse:
    """204, also for somebody who does not belong to it."""
    asked = cast(ApiRequest, request)
    account, customer = account_for(asked.key, account_id), customer_to_change(asked.key, customer_id)
    row = Membership.objects.select_related("customer").filter(account=account, customer=customer).first()
    if row:
        joining.leave(row, actor=actor_of(asked))
    return HttpResponse(status=204)


def _placed(request: HttpRequest, account_id: int, customer_id: int, body: MemberFields, *, new: int) -> HttpResponse:
    asked = cast(ApiRequest, request)
    account, customer = account_for(asked.key, account_id), customer_to_change(asked.key, customer_id)
    there = Membership.objects.filter(account=account, customer=customer).exists()
    try:
        row = accounts.place(customer, account, body, actor=actor_of(asked))
    except ValidationError as error:
        raise invalid(error, "" if hasattr(error, "error_dict") else "account_id.") from None
    except (NotActive, Customer.DoesNotExist, Membership.DoesNotExist):
        raise absent("customer") from None
    response = reply(member(row), 200 if there else new)
    response.about_customer = row.customer_id  # type: ignore[attr-defined]
    return response


def _shown(request: ApiRequest, account_id: int, status: int = 200) -> HttpResponse:
    return reply(presented_one(account_for(request.key, account_id)), status)
