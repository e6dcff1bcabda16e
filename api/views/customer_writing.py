"""Customers written: made or updated, one or many; deleted, restored, permanently deleted."""

import time
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from api.deleting import delete_permanently, held
from api.finding import ANY, absent, customer_to_change
from api.openapi import paging
from api.presenting.customers import presented_one
from api.reading import NAMES, upsert_of
from api.rest import ApiRequest, actor_of, call, reply
from api.schemas.customers import Bulk, CustomerFields, CustomerIn, CustomerOut, CustomerPatch, PurgeOut, VerdictsOut
from api.upserting import upsert, upsert_all
from api.views.customers import router
from core import clock
from customers import deleting
from customers.editing import NotActive
from customers.holding import Held
from customers.models import Customer
from customers.suppressing import Suppressed
from customers.upserts import Upserted
from integrations.answers import Refused, invalid
from retention.models import Purge

WRITE, DELETE = "customers:write", "customers:delete"


@call(
    router, "POST", "/customers", WRITE, answers={200: CustomerOut, 201: CustomerOut}, name="customers",
    summary="Add or update a customer",
)  # fmt: skip
def add(request: HttpRequest, body: CustomerIn) -> HttpResponse:
    """201 for a new customer, 200 for one who was found by an identifier. 409 `identifier_conflict`, `suppressed`, and
    `deleted` with the id."""
    done = _upserted(request, body)
    return shown(request, cast(int, done.customer_id), 201 if done.status == "created" else 200)


@call(
    router, "PATCH", "/customers/{int:customer_id}", WRITE, answers={200: CustomerOut}, name="customer",
    summary="Change a customer",
)  # fmt: skip
def change(request: HttpRequest, customer_id: int, body: CustomerPatch) -> HttpResponse:
    """Lists that are sent take the place of those there are; what staff set stays as they set it."""
    found = customer_to_change(cast(ApiRequest, request).key, customer_id)
    _upserted(request, body, customer_id=found.pk)
    return shown(request, found.pk)


@call(
    router, "POST", "/customers/bulk", WRITE, answers={200: VerdictsOut}, name="bulk_customers",
    summary="Add or update up to 1,000 customers",
)  # fmt: skip
def bulk(request: HttpRequest, body: Bulk) -> HttpResponse:
    """A verdict for each, in order: created, updated, unchanged, suppressed or rejected."""
    asked, began = cast(ApiRequest, request), time.monotonic()
    outcomes, delivery = upsert_all(
        body.customers, actor=actor_of(asked), key=asked.key, took=lambda: int((time.monotonic() - began) * 1000)
    )
    results = [_verdict(place, one) for place, one in enumerate(outcomes)]
    return reply({"received": len(results), "results": results, "reference": delivery.reference})


bulk.in_parts = True  # type: ignore[attr-defined]


@call(
    router, "DELETE", "/customers/{int:customer_id}", DELETE, answers={204: None, 202: PurgeOut}, name="customer",
    summary="Delete a customer", openapi_extra=paging({}, [
        ("permanent", "`true`: a deleted customer for good, with everything there is of them"),
        ("documents", "With `permanent`: `delete` (the usual) or `anonymise` their feedback"),
    ], pages=False),
)  # fmt: skip
def delete(request: HttpRequest, customer_id: int) -> HttpResponse:
    """204, also the second time. It can be restored until it is permanently deleted: 202, in the background, or 409
    `not_deleted`. 409 `held` for whom a legal hold is on."""
    asked = cast(ApiRequest, request)
    found = customer_to_change(asked.key, customer_id, ANY)
    if request.GET.get("permanent") == "true":
        return delete_permanently(asked, found, Purge.Subject.CUSTOMER)
    try:
        deleting.delete(found, actor=actor_of(asked))
    except Held as error:
        raise held(asked.key, str(error)) from None
    except NotActive:
        customer_to_change(asked.key, customer_id, ANY)  # merged or gone meanwhile
    return HttpResponse(status=204)


@call(
    router, "POST", "/customers/{int:customer_id}/restore", DELETE, answers={200: CustomerOut},
    name="restore_customer", summary="Restore a deleted customer",
)  # fmt: skip
def restore(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Brings back exactly what was there. 409 `not_deleted` for an active one."""
    asked = cast(ApiRequest, request)
    found = customer_to_change(asked.key, customer_id, ANY)
    try:
        deleting.restore(found, actor=actor_of(asked))
    except deleting.NotDeleted:
        customer_to_change(asked.key, customer_id, ANY)
        raise Refused(409, "not_deleted", "This customer is not deleted.") from None
    return shown(request, found.pk)


def shown(request: HttpRequest, customer_id: int, status: int = 200) -> HttpResponse:
    """The customer as they are now."""
    key = cast(ApiRequest, request).key
    if not Customer.objects.visible_to(key).filter(pk=customer_id).exists():
        raise absent("customer")
    response = reply(presented_one(customer_id, key, now=clock.now()), status)
    response.about_customer = customer_id  # type: ignore[attr-defined]
    return response


def _upserted(request: HttpRequest, body: CustomerFields, customer_id: int | None = None) -> Upserted:
    asked = cast(ApiRequest, request)
    try:
        return upsert(upsert_of(body, customer_id=customer_id), actor=actor_of(asked), key=asked.key)
    except ValidationError as error:
        raise invalid(error) from None
    except Suppressed as suppressed:
        raise Refused(409, "suppressed", suppressed.text) from None


def _verdict(place: int, done: Upserted) -> dict[str, Any]:
    found: dict[str, Any] = {"index": place, "status": done.status, "id": done.customer_id}
    if done.code:
        found |= {"code": done.code, "message": done.message, "field": NAMES.get(done.field, done.field) or None}
    if done.deleted:
        found["deleted"] = True
    return found
