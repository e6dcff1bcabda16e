"""How changes of surveys and answers read."""

from typing import Any

from audit.history import Book, Line, Named, Wording, address, names, plain, verbs, words
from audit.models import Change
from engagement.models import Campaign, Survey


def load(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Survey.objects.filter(pk__in=ids).values_list("pk", "name")
    return {pk: Named(name, address("surveys:detail", pk)) for pk, name in found}


def of_response(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if change.operation == Change.Operation.UPDATE and "customer_id" in after:
        return [Line("Survey answer", text=f"moved to {book.name('customer', after['customer_id']).text}")]
    if change.operation == Change.Operation.UPDATE:
        return [Line("Survey answer", before=plain(before.get("score")), after=plain(after.get("score")))]
    row = after or before
    survey = book.name("survey", row.get("survey_id"))
    return [Line(survey.text, text=f"{plain(row.get('score'))} {'answered' if after else 'removed'}", url=survey.url)]


def load_campaigns(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Campaign.objects.filter(pk__in=ids).values_list("pk", "name")
    return {pk: Named(name, address("campaigns:detail", pk)) for pk, name in found}


def of_delivery(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if change.operation == Change.Operation.UPDATE and "customer_id" in after:
        return [Line("Campaign", text=f"moved to {book.name('customer', after['customer_id']).text}")]
    if change.operation == Change.Operation.UPDATE:
        reached = [step for field, step in STEPS.items() if after.get(field)]
        return [Line("Campaign", text=", ".join(reached) or "changed")]
    named = book.name("campaign", (after or before).get("campaign_id"))
    return [Line("Campaign", text=f"{named.text} {'delivered' if after else 'removed'}", url=named.url)]


STEPS = {"sent_at": "sent", "viewed_at": "viewed", "engaged_at": "engaged", "goal_reached_at": "goal reached"}
words("engagement_campaign", Wording(thing="campaign", kind="campaign", hidden=frozenset({"created_at"})))
words(
    "engagement_delivery",
    Wording(thing="campaign", refers={"campaign_id": "campaign", "customer_id": "customer"}, describe=of_delivery),
)
words("engagement_survey", Wording(thing="survey", kind="survey", hidden=frozenset({"created_at"})))
words(
    "engagement_surveyresponse",
    Wording(thing="survey answer", refers={"survey_id": "survey", "customer_id": "customer"}, describe=of_response),
)
names("survey", load)
names("campaign", load_campaigns)
verbs({
    "campaign.delivered": "recorded deliveries of campaigns",
    "usage.recorded": "recorded usage through",
    "usage.exported": "exported usage",
    "answers.exported": "exported survey answers",
    "deliveries.exported": "exported deliveries of campaigns",
    "survey.created": "added the survey",
    "answers.recorded": "recorded survey answers through",
    "response.received": "recorded an answer to",
})  # fmt: skip
