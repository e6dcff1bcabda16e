"""What must hold of surveys."""

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
