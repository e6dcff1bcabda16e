"""Rows that are answers to surveys: a score, perhaps a comment (4.1)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.models import Source
from core.arrays import AnyOf
from engagement import answering
from engagement.models import Survey, SurveyResponse
from integrations.importing.cells import Wrong, score_of
from integrations.importing.kind import Fault, Meaning
from integrations.importing.kinds.reported import WHO, WHO_GUESSES, Item, Reported
from integrations.importing.mapping import Plan, Use

COMMENT_LIMIT = 20_000


class Surveys(Reported):
    name, thing, things = "surveys", "survey answer", "survey answers"
    once = {
        "survey": "Survey", "kind": "Kind of survey", "score": "Score", "comment": "Comment", "answered_at": "Time",
        **WHO,
    }  # fmt: skip
    dated = frozenset({"answered_at"})
    verbatim = frozenset({"comment"})
    exported = ("survey", "kind", "score", "comment", "answered_at", *WHO)
    guesses = {
        **WHO_GUESSES, "survey": ("survey", "survey name"), "kind": ("kind", "survey kind"),
        "score": ("score", "rating", "answer", "nps", "csat"), "comment": ("comment", "comments", "feedback", "text"),
        "answered_at": ("answered at", "time", "timestamp", "date", "submitted at", "created at", "responded at"),
    }  # fmt: skip
    headings = ("Survey", "Score", "Account", "Time")
    seen_at = "surveys:list"
    limits = {**Reported.limits, "survey": answering.NAME_LIMIT, "comment": COMMENT_LIMIT}

    @classmethod
    def lacks(cls, plan: Plan) -> Iterator[str]:
        if not plan.of("survey"):
            yield "Choose the column with the survey's name."
        if not plan.of("score"):
            yield "Choose the column with the score."
        if not plan.of("account_id", "user_id", "email"):
            yield "Choose a column that names the account or the customer."

    def complete(self, meaning: Meaning) -> None:
        for name in ("survey", "score"):
            if not meaning.faults and meaning.item.get(name) is None:
                meaning.faults.append(Fault(self.column_named(name), "Must not be empty."))
        super().complete(meaning)

    def reported_before(self, ids: list[str], source: Source) -> set[str]:
        there = SurveyResponse.objects.filter(AnyOf("external_id", ids), source=source)
        return set(there.values_list("external_id", flat=True))  # type: ignore[arg-type]

    def record(
        self, told: list[tuple[Item, int | None, int | None]], source: Source, actor: Actor, now: datetime
    ) -> dict[int, str]:
        answers = [
            answering.Answer(
                item["survey"], item["score"], item.get("answered_at", now), customer, account,
                item.get("comment", ""), item.get("kind", Survey.Kind.OTHER), item["external_id"],
            )
            for item, account, customer in told
        ]  # fmt: skip
        return answering.record(answers, source=source, actor=actor, now=now).refused if answers else {}

    def shown(self, item: Item) -> list[Any]:
        return [item.get("survey"), item.get("score"), item.get("account_id"), item.get("answered_at")]

    # What a cell does

    def _kind(self, item: Item, use: Use, cell: str) -> None:
        if cell.lower() not in Survey.Kind.values:
            raise Wrong(f"Must be one of {', '.join(Survey.Kind.values)}.")
        item["kind"] = cell.lower()

    def _score(self, item: Item, use: Use, cell: str) -> None:
        item["score"] = score_of(cell, Survey.Kind.OTHER)

    setters = {
        **Reported.setters, "survey": Reported._text, "kind": _kind, "score": _score, "comment": Reported._text,
        "answered_at": Reported._moment,
    }  # fmt: skip
