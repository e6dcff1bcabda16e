"""Customers merged into one, and taken apart again (7)."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from api.finding import ANY, absent, customer_to_change, merge_for
from api.presenting.customers import presented_one
from api.rest import ApiRequest, actor_of, call, reply
from api.schemas.customers import MergeIn, MergeOut, UndoneOut
from api.views.customers import router
from core import clock
from core.json import dumps
from customers import merging
from customers.merge_plan import Plan
from customers.models import Customer
from integrations.answers import Refused
from integrations.models import ApiKey
from staff.permissions import teams_of

DELETE = "customers:delete"
UNTOLD = "They cannot be merged, for a reason that this key may not see."


@call(
    router, "POST", "/customers/{int:customer_id}/merge", DELETE, answers={200: MergeOut}, name="merge_customer",
    summary="Merge customers into this one",
)  # fmt: skip
def merge(request: HttpRequest, customer_id: int, body: MergeIn) -> HttpResponse:
    """The sources are gone, their ids lead here. `dry_run` says what would move. 409 `merge_refused` says why not."""
    asked = cast(ApiRequest, request)
    survivor = customer_to_change(asked.key, customer_id, ANY)
    for pk in body.source_ids:
        customer_to_change(asked.key, pk, ANY)
    try:
        if body.dry_run:
            plan = merging.preview(survivor.pk, body.source_ids, viewer=asked.key, picks=body.prefer)
            if plan.refusals:
                raise merging.Refused(plan)
            moved = {count.label: sum(count.each[1:]) for count in plan.counts if sum(count.each[1:])}
            return _merged(asked, survivor.pk, None, moved)
        done = merging.merge(
            survivor.pk, body.source_ids, actor=actor_of(asked), viewer=asked.key, picks=body.prefer
        )  # fmt: skip
    except Customer.DoesNotExist:
        raise absent("customer") from None
    except merging.Refused as refused:
        raise _refused(asked.key, refused.plan) from None
    return _merged(asked, survivor.pk, done.pk, done.moved)


@call(
    router, "POST", "/merges/{int:merge_id}/undo", DELETE, answers={200: UndoneOut}, name="undo_merge",
    summary="Undo a merge",
)  # fmt: skip
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Every customer is as before; what arrived since stays where it belongs. 409 `cannot_undo` says why not."""
    asked = cast(ApiRequest, request)
    found = merge_for(asked.key, merge_id)
    try:
        done = merging.undo(found, actor=actor_of(asked), viewer=asked.key)
    except merging.CannotUndo as error:
        text = UNTOLD if teams_of(asked.key) is not None and "legal hold" in str(error) else str(error)
        raise Refused(409, "cannot_undo", text) from None
    return reply({"id": done.pk, "customer_id": done.survivor_id, "restored_ids": done.source_ids})


def _merged(request: ApiRequest, survivor_id: int, merge_id: int | None, moved: dict[str, int]) -> HttpResponse:
    customer = presented_one(survivor_id, request.key, now=clock.now())
    said = {"id": merge_id, "customer": customer, "moved": moved}
    response = reply(said)
    response.about_customer, response.kept_body = survivor_id, dumps(said | {"customer": None})  # type: ignore[attr-defined]
    return response


def _refused(key: ApiKey, plan: Plan) -> Refused:
    limited = teams_of(key) is not None
    said: list[Any] = [UNTOLD if limited and "legal hold" in one else one for one in plan.refusals]
    return Refused(409, "merge_refused", " ".join(dict.fromkeys(said)) or "Name another customer to merge.")
