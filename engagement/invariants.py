"""What must hold of surveys and usage."""

from core.invariants import by_sql

by_sql(
    "engagement",
    "no NPS answer lies outside 0 to 10",
    """
    SELECT r.id FROM engagement_surveyresponse r JOIN engagement_survey s ON s.id = r.survey_id
    WHERE s.kind = 'nps' AND r.score NOT BETWEEN 0 AND 10
    """,
)
by_sql(
    "engagement",
    "no answer is left at a customer who was merged into another",
    """
    SELECT r.id FROM engagement_surveyresponse r JOIN customers_customer c ON c.id = r.customer_id
    WHERE c.state = 'merged'
    """,
)
by_sql(
    "engagement",
    "the usage of each day is counted as its events are",
    """
    SELECT coalesce(d.account_id, e.account_id) FROM engagement_usageday d
    FULL JOIN (
        SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date AS "on", module, count(*) AS count
        FROM engagement_usageevent GROUP BY 1, 2, 3
    ) e ON (coalesce(e.account_id, 0), e."on", e.module) = (coalesce(d.account_id, 0), d."on", d.module)
    WHERE d.count IS DISTINCT FROM e.count
    """,
)
