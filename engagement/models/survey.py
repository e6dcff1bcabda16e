from typing import Any, Self

from django.db import models

from accounts.models import Account
from audit.models import Source
from core.triggers import audited
from customers.models import Customer
from customers.visibility import Belongs
from feedback.models import Document
from staff.permissions import permissions_of, teams_of


class Survey(models.Model):
    """A question that customers answer with a score."""

    class Kind(models.TextChoices):
        NPS = "nps", "NPS (0 to 10)"
        CSAT = "csat", "Satisfaction (1 to 5)"
        OTHER = "other", "Other score"

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.OTHER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("name", name="engagement_survey_name_once")]
        triggers = audited()

    def __str__(self) -> str:
        return self.name


# From which score on an answer counts as what, best first
SCALES: dict[str, tuple[tuple[int, tuple[str, str]], ...]] = {
    Survey.Kind.NPS: ((9, ("Promoter", "tone-ok")), (7, ("Passive", "tone-none")), (0, ("Detractor", "tone-bad"))),
    Survey.Kind.CSAT: ((4, ("Satisfied", "tone-ok")), (3, ("Neutral", "tone-none")), (0, ("Dissatisfied", "tone-bad"))),
}


class SurveyResponseQuerySet(models.QuerySet["SurveyResponse"]):
    def visible_to(self, viewer: Any) -> Self:
        """The answers that `viewer` may see: for limited staff those for a visible account, or for none and of a
        visible customer; every one for others, none for who is not staff (3.5)."""
        if not permissions_of(viewer):
            return self.none()
        teams = teams_of(viewer)
        if teams is None:
            return self
        visible = Account.objects.of_teams(teams).filter(pk=models.OuterRef("account"))
        return self.filter(models.Exists(visible) | models.Q(Belongs(teams, "customer_id"), account=None))


class SurveyResponse(models.Model):
    """One answer. Without an account it belongs to the customer alone (4.1)."""

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="responses")
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="survey_responses", db_index=False
    )
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="survey_responses"
    )
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="survey_responses"
    )
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=200, null=True, blank=True)
    score = models.DecimalField(max_digits=8, decimal_places=2)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField()

    objects = SurveyResponseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("source", "external_id", name="engagement_response_once_a_source"),
            models.UniqueConstraint("survey", "document", name="engagement_response_once_a_document"),
        ]
        indexes = [
            models.Index("customer", "survey", models.F("answered_at").desc(), name="engagement_response_latest"),
        ]
        triggers = audited(brief=("comment",), customer="customer_id", account="account_id", document="document_id")

    def __str__(self) -> str:
        return f"{self.score} for {self.survey_id}"

    @property
    def verdict(self) -> str:
        """The score in a word, where the kind of survey has words for it."""
        return self._judged[0]

    @property
    def tone(self) -> str:
        """The colour class that goes with the verdict."""
        return self._judged[1]

    @property
    def _judged(self) -> tuple[str, str]:
        return next(
            (said for least, said in SCALES.get(self.survey.kind, ()) if self.score >= least), ("", "tone-none")
        )
