"""Surveys: how each is answered, and its latest answers (4.1)."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from core import clock, htmx
from core.charts import Count, counts, spark
from core.paging import Sort, keyset
from core.ui import MONTHS
from customers.models import Customer
from engagement import scores
from engagement.models import Survey, SurveyResponse
from engagement.scores import Month
from feedback.models import Document
from staff.permissions import requires

BY_NAME = Sort("name", "name")
NEWEST = Sort("answered", "answered_at", descending=True)


@requires("customers.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    page = keyset(scores.surveys_for(request.user), BY_NAME, request.GET.get("cursor"))
    known = scores.scores_of(page.rows, request.user, now=clock.now())
    rows = [(survey, known[survey.pk]) for survey in page.rows]
    return htmx.page(request, "engagement/surveys.html", {"page": page, "rows": rows}, partials=(htmx.RESULTS,))


@requires("customers.view")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    survey, now = get_object_or_404(scores.surveys_for(request.user), pk=pk), clock.now()
    answers = SurveyResponse.objects.visible_to(request.user).filter(survey=survey).select_related("survey", "account")
    page = keyset(answers, NEWEST, request.GET.get("cursor"))
    context = {
        "survey": survey,
        "page": page,
        "people": _people(request, page.rows),
        "documents": _documents(request, page.rows),
        **(_figures(request, survey, now) if not htmx.wanted(request, (htmx.RESULTS,)) else {}),
    }
    return htmx.page(request, "engagement/survey.html", context, partials=(htmx.RESULTS,))


def _figures(request: HttpRequest, survey: Survey, now: datetime) -> dict[str, Any]:
    months = scores.months_of(survey, request.user, now=now, zone=timezone.get_current_timezone())
    bars = [Count(label, number, tone=tone) for label, number, tone in scores.spread_of(survey, request.user)]
    return {
        "score": scores.scores_of([survey], request.user, now=now)[survey.pk],
        "spread": counts(bars, "Scores", label="Score", value="Answers", empty="Nobody has answered yet."),
        "months": [(f"{MONTHS[one.first.month - 1]} {one.first.year}", one.score) for one in reversed(months)],
        "line": _line(months) if len(months) > 1 else "",
    }


def _line(months: list[Month]) -> str:
    if months[-1].score.nps is not None:
        return spark([float(one.score.nps or 0) for one in months], "NPS month by month")
    return spark([float(one.score.average or 0) for one in months], "Average month by month")


def _people(request: HttpRequest, answers: list[SurveyResponse]) -> dict[int, Customer]:
    """Those whom the reader may see: an answer for a visible account may be somebody else's."""
    ids = {one.customer_id for one in answers if one.customer_id}
    return Customer.objects.visible_to(request.user).readable().in_bulk(ids) if ids else {}


def _documents(request: HttpRequest, answers: list[SurveyResponse]) -> set[int]:
    ids = {one.document_id for one in answers if one.document_id}
    found = Document.objects.visible_to(request.user).active().filter(pk__in=ids)
    return set(found.values_list("pk", flat=True)) if ids else set()
