"""What one account answered to surveys: the average of each, and the score of those that ask for NPS (4.1)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Avg, Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import htmx
from engagement.models import SurveyResponse
from engagement.scores import DOWN, UP, nps_of
from staff.permissions import requires

PAGE = "engagement/of_account.html"


@dataclass(frozen=True)
class Score:
    """All answers that an account gave to one survey. `nps` is None where the survey does not ask for it."""

    survey: str
    answers: int
    average: Decimal
    nps: int | None
    latest: datetime


@requires("accounts.view", "customers.view")
@require_GET
def of_account(request: HttpRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user).readable(), pk=pk)
    context = {"account": account, "scores": scores_of(account)}
    return htmx.page(request, PAGE, context, partials=("surveys",))


def scores_of(account: Account) -> list[Score]:
    """By survey, the one answered last first."""
    answers = SurveyResponse.objects.filter(account=account).values("survey__name", "survey__kind")
    found = answers.annotate(
        number=Count("pk"), average=Avg("score"), latest=Max("answered_at"),
        up=UP, down=DOWN,
    )  # fmt: skip
    return [
        Score(
            row["survey__name"], row["number"], row["average"],
            nps_of(row, row["survey__kind"]),
            row["latest"],
        )
        for row in found.order_by("-latest")
    ]  # fmt: skip
