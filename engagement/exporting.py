"""Usage, answers to surveys and deliveries of campaigns as CSV; the first two can be imported again.

Who it was is named only where the reader may see that customer: what limited staff see of an account may be about
somebody else (3.5).
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from core.exporting import Cell, Moment, file
from customers.models import Customer, Identifier
from engagement.campaigns import STEPS
from engagement.models import Delivery, SurveyResponse, UsageEvent

WHO = ("account_id", "user_id", "email", "external_id", "account", "source")
OF_USAGE = ("module", "activity", "occurred_at", *WHO)
OF_ANSWERS = ("survey", "kind", "score", "comment", "answered_at", *WHO)
OF_DELIVERIES = ("campaign", "customer_id", "name", "user_id", "email", *STEPS)


def stream_usage(events: QuerySet[UsageEvent], viewer: Any) -> Iterator[bytes]:
    """The events, newest first."""
    cells = [Cell("module"), Cell("activity"), Moment("occurred_at"), *_who(viewer)]
    return file(OF_USAGE, events.order_by("-occurred_at", "-id"), cells)


def stream_answers(answers: QuerySet[SurveyResponse], viewer: Any) -> Iterator[bytes]:
    """The answers, newest first."""
    about = [Cell("survey__name"), "survey__kind", "score", Cell("comment"), Moment("answered_at")]
    return file(OF_ANSWERS, answers.order_by("-answered_at", "-id"), [*about, *_who(viewer)])


def stream_deliveries(deliveries: QuerySet[Delivery], viewer: Any) -> Iterator[bytes]:
    """The deliveries, newest first, each to a customer whom the reader may see."""
    cells = [Cell("campaign__name"), "customer", Cell("customer__name"), *_person(viewer), *map(Moment, STEPS)]
    return file(OF_DELIVERIES, deliveries.order_by("-pk"), cells)


def _who(viewer: Any) -> list[Any]:
    own_id = Coalesce("external_id", Concat(Value("roster-"), Cast("pk", TextField())), output_field=TextField())
    return [
        Cell("account__external_id"), *_person(viewer), Cell(own_id), Cell("account__name"), Cell("source__name"),
    ]  # fmt: skip


def _person(viewer: Any) -> list[Any]:
    """The user ID and the email of the customer."""
    there = Customer.objects.visible_to(viewer).readable().filter(pk=OuterRef("customer"))
    theirs = Identifier.objects.filter(kind="user_id", customer=OuterRef("customer")).order_by("id")
    seen = theirs.filter(Exists(there))
    return [Cell(Subquery(seen.values("value")[:1])), Cell(Subquery(there.values("primary_email")[:1]))]
