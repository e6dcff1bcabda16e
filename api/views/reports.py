"""Usage, survey answers and deliveries of campaigns, as systems report them by the thousand."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from api.bulk import Sender, answered, taken
from api.reporting import answers_reported, deliveries_reported, usage_reported
from api.rest import ApiRequest, call
from api.schemas.customers import VerdictsOut
from api.schemas.reports import DeliveryBulk, SurveyBulk, UsageBulk

router = Router(tags=["Usage, surveys, campaigns"])
WRITE = "usage:write"


@call(
    router, "POST", "/usage/bulk", WRITE, answers={200: VerdictsOut}, name="bulk_usage",
    summary="Report up to 1,000 usage events",
)  # fmt: skip
def usage(request: HttpRequest, body: UsageBulk) -> HttpResponse:
    """A verdict for each: created, unchanged, suppressed, or rejected as `unknown_customer`, `unknown_account`."""
    return answered(*taken(body.events, "usage", Sender.of(cast(ApiRequest, request)), usage_reported))


@call(
    router, "POST", "/surveys/bulk", WRITE, answers={200: VerdictsOut}, name="bulk_surveys",
    summary="Report up to 1,000 answers to surveys",
)  # fmt: skip
def surveys(request: HttpRequest, body: SurveyBulk) -> HttpResponse:
    """A survey is made by its first answer, of the kind that this says."""
    return answered(*taken(body.answers, "surveys", Sender.of(cast(ApiRequest, request)), answers_reported))


@call(
    router, "POST", "/campaigns/deliveries/bulk", WRITE, answers={200: VerdictsOut}, name="bulk_deliveries",
    summary="Report how far campaigns got with up to 1,000 customers",
)  # fmt: skip
def deliveries(request: HttpRequest, body: DeliveryBulk) -> HttpResponse:
    """A campaign is made by its first delivery. Each step keeps its earliest moment."""
    return answered(*taken(body.deliveries, "deliveries", Sender.of(cast(ApiRequest, request)), deliveries_reported))
