"""What customers do with the product, and how campaigns reached them."""

from collections.abc import Iterator
from random import Random

from django.db import connection

from integrations.seeding.catalogue import CAMPAIGNS
from integrations.seeding.copying import NULL, moment
from integrations.seeding.people import Person
from integrations.seeding.rhythm import Rhythm

USAGE = "account_id, customer_id, source_id, external_id, module, activity, occurred_at"
DELIVERY = "campaign_id, customer_id, source_id, sent_at, viewed_at, engaged_at, goal_reached_at"
_SPAN = 60 * 86400  # usage of the last two months
_MODULES = (
    ("Reports", ("Opened a report", "Exported a report", "Scheduled a report")),
    ("Inbox", ("Answered a thread", "Assigned a thread", "Closed a thread", "Searched")),
    ("Automations", ("Ran a workflow", "Edited a workflow")),
    ("Settings", ("Invited a colleague", "Changed a role")),
    ("API", ("Created a key", "Called the API")),
    ("Billing", ("Viewed an invoice", "Changed the plan")),
)
_OFTEN = (0,) * 9 + (1,) * 8 + (2,) * 4 + (3,) * 2 + (4, 5)


def usage_rows(people: list[Person], random: Random, rhythm: Rhythm, source: int) -> Iterator[str]:
    for person in people:
        if not person.company or person.state != "active":
            continue
        for _ in range(_OFTEN[int(random.random() * len(_OFTEN))]):
            module, activities = _MODULES[int(random.random() ** 1.6 * len(_MODULES))]
            activity = activities[int(random.random() * len(activities))]
            at = max(person.created, rhythm.end - int(random.random() * _SPAN))
            yield f"{person.company.id}\t{person.id}\t{source}\t{NULL}\t{module}\t{activity}\t{moment(at)}"


def delivery_rows(
    people: list[Person], random: Random, rhythm: Rhythm, campaigns: list[int], source: int
) -> Iterator[str]:
    for person in people:
        for campaign, (_, _, days, share) in zip(campaigns, CAMPAIGNS, strict=True):
            sent = rhythm.end - days * 86400
            if person.state != "active" or person.created > sent or random.random() >= share:
                continue
            moments: list[int | None] = [sent]
            for chance, hours in ((0.62, 30), (0.3, 20), (0.35, 200)):
                before = moments[-1]
                goes_on = before is not None and random.random() < chance
                moments.append(before + 60 + int(random.random() * hours * 3600) if goes_on and before else None)
            told = "\t".join(moment(at if at is None or at < rhythm.end else None) for at in moments)
            yield f"{campaign}\t{person.id}\t{source}\t{told}"


def count_days() -> None:
    """What triggers would have counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO engagement_usageday (account_id, "on", module, count)
            SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date, module, count(*)
            FROM engagement_usageevent GROUP BY 1, 2, 3
            """
        )
