"""Usage, answers and deliveries as files, each by whoever may see the list (10.7)."""

from typing import cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from core import clock
from customers.accounts.views.page import readable_for
from customers.views.export import Answer, told
from engagement import campaigns, exporting, scores
from engagement import usage as events_of
from engagement.models import Campaign, SurveyResponse
from staff.models import User
from staff.permissions import requires


@require_POST
@requires("usage.view", "customers.view", "exports.run")
def usage(request: HttpRequest) -> Answer:
    """Every event that one may see."""
    user = cast(User, request.user)
    return told(user, "usage.exported", {}, exporting.stream_usage(events_of.seen_by(user), user), clock.now())


@require_POST
@requires("usage.view", "customers.view", "exports.run")
def usage_of_account(request: HttpRequest, pk: int) -> Answer:
    user, account = cast(User, request.user), readable_for(request, pk)
    events = events_of.seen_by(user).filter(account=account)
    return told(user, "usage.exported", {"account": account.pk}, exporting.stream_usage(events, user), clock.now())


@require_POST
@requires("customers.view", "exports.run")
def answers(request: HttpRequest, pk: int) -> Answer:
    """The answers to one survey."""
    user = cast(User, request.user)
    survey = get_object_or_404(scores.surveys_for(user), pk=pk)
    found = SurveyResponse.objects.visible_to(user).filter(survey=survey)
    return told(user, "answers.exported", {"survey": survey.pk}, exporting.stream_answers(found, user), clock.now())


@require_POST
@requires("campaigns.view", "customers.view", "exports.run")
def deliveries(request: HttpRequest, pk: int) -> Answer:
    """The deliveries of one campaign."""
    user, campaign = cast(User, request.user), get_object_or_404(Campaign, pk=pk)
    found = campaigns.seen_by(user).filter(campaign=campaign)
    return told(
        user, "deliveries.exported", {"campaign": campaign.pk}, exporting.stream_deliveries(found, user), clock.now()
    )
