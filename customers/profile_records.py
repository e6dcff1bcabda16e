"""What the profile page reads of a customer that was found already: queries that are always the same, made once."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from audit.models import Change, Source
from core.lookup import Kept, KeptRecords, together
from customers.models import Customer, Identifier, Membership, Merge, Note, Segment
from customers.segment_filters import possible_for
from properties.models import Definition

MEMBERSHIPS_SHOWN = 50
NOTES_SHOWN = 10
NOTES_LIMIT = 500
MERGES_SHOWN = 20
CHANGES_READ = 200  # the latest ones, to say what a value was before


def _changes_of(customer_id: int) -> QuerySet[Change]:
    latest = Change.objects.of("customer", customer_id).order_by("-id").values("pk")[:CHANGES_READ]
    edits = Change.objects.filter(
        pk__in=latest, table=Customer._meta.db_table, operation=Change.Operation.UPDATE,
        before__has_any_keys=["properties", "name"],
    )  # fmt: skip
    return edits.order_by("-id").only("before", "after")


def _latest_answers_of(customer_id: int) -> QuerySet[Any]:
    """Surveys stand above customers, so: the reverse accessor."""
    answers = Customer(pk=customer_id).survey_responses.select_related("survey")
    return answers.order_by("account_id", "survey_id", "-answered_at", "-id").distinct("account_id", "survey_id")


def _any_delivery_of(customer_id: int) -> QuerySet[Any]:
    """Campaigns and usage stand above customers too."""
    return Customer(pk=customer_id).deliveries.order_by().values_list("pk")[:1]


def _any_usage_of(customer_id: int) -> QuerySet[Any]:
    return Customer(pk=customer_id).usage.order_by().values_list("pk")[:1]


def _merges_of(customer_id: int) -> QuerySet[Merge]:
    standing = Merge.objects.filter(survivor=customer_id, undone_at=None)
    return standing.select_related("actor").defer("snapshot")[:MERGES_SHOWN]


def _memberships_of(customer_id: int) -> QuerySet[Membership]:
    memberships = Membership.objects.filter(customer=customer_id, account__in=Account.objects.active())
    return memberships.select_related("account")[: MEMBERSHIPS_SHOWN + 1]


def _notes_of(customer_id: int, most: int) -> QuerySet[Note]:
    return Note.objects.filter(customer=customer_id).select_related("author")[: most + 1]


IDENTIFIERS = KeptRecords[Identifier](lambda customer_id: Identifier.objects.filter(customer=customer_id))
CHANGES = KeptRecords[Change](_changes_of)
LATEST_ANSWERS = KeptRecords[Any](_latest_answers_of)
ANY_DELIVERY = Kept(_any_delivery_of)
ANY_USAGE = Kept(_any_usage_of)
MERGES = KeptRecords[Merge](_merges_of)
MEMBERSHIPS = KeptRecords[Membership](_memberships_of)
NOTES = KeptRecords[Note](lambda customer_id: _notes_of(customer_id, NOTES_SHOWN))
EVERY_NOTE = KeptRecords[Note](lambda customer_id: _notes_of(customer_id, NOTES_LIMIT))
DEFINITIONS = KeptRecords[Definition](lambda: Definition.objects.exclude(subject=Definition.Subject.ACCOUNT))
SEGMENTS = KeptRecords[Segment](possible_for)
SOURCES = Kept(lambda: Source.objects.values_list("pk", "name"))


class Records:
    """Each of these is asked for when it is needed, or `ahead` all together."""

    def __init__(self, customer_id: int, *, every_note: bool = False) -> None:
        self.questions: dict[str, tuple[Any, ...]] = {
            "identifiers": (IDENTIFIERS, customer_id),
            "changes": (CHANGES, customer_id),
            "latest_answers": (LATEST_ANSWERS, customer_id),
            "any_delivery": (ANY_DELIVERY, customer_id),
            "any_usage": (ANY_USAGE, customer_id),
            "merges": (MERGES, customer_id),
            "memberships": (MEMBERSHIPS, customer_id),
            "notes": (EVERY_NOTE if every_note else NOTES, customer_id),
            "segments": (SEGMENTS, customer_id),
            "definitions": (DEFINITIONS,),
            "sources": (SOURCES,),
        }

    def ahead(self) -> None:
        """Asks for all in one message to the database."""
        self.__dict__.update(zip(self.questions, together(*self.questions.values()), strict=True))

    def _ask(self, name: str) -> list[Any]:
        kept, *numbers = self.questions[name]
        return kept(*numbers)

    @cached_property
    def identifiers(self) -> list[Identifier]:
        return self._ask("identifiers")

    @cached_property
    def changes(self) -> list[Change]:
        """What was changed of the customer's own row lately, newest first."""
        return self._ask("changes")

    @cached_property
    def latest_answers(self) -> list[Any]:
        """The latest answer per account and survey."""
        return self._ask("latest_answers")

    @cached_property
    def any_delivery(self) -> list[Any]:
        return self._ask("any_delivery")

    @cached_property
    def any_usage(self) -> list[Any]:
        return self._ask("any_usage")

    @cached_property
    def merges(self) -> list[Merge]:
        """The merges into the customer that stand, the latest first."""
        return self._ask("merges")

    @cached_property
    def segments(self) -> list[Segment]:
        """The static segments that the customer is in, and every dynamic one."""
        return self._ask("segments")

    @cached_property
    def memberships(self) -> list[Membership]:
        """Those of active accounts, whoever may see these; one more than are shown."""
        return self._ask("memberships")

    @cached_property
    def notes(self) -> list[Note]:
        """One more than are shown, to know whether there are more."""
        return self._ask("notes")

    @cached_property
    def definitions(self) -> list[Definition]:
        """Those of customers and of memberships."""
        return self._ask("definitions")

    @cached_property
    def sources(self) -> list[tuple[int, str]]:
        return self._ask("sources")
