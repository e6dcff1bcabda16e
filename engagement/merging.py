"""How survey answers, usage and deliveries of campaigns follow a merge of customers."""

from customers.merge_rules import Relation, arrived, query, register
from engagement.models import Delivery, SurveyResponse, UsageEvent
from feedback import merging  # noqa: F401  documents come first


class Answers(Relation):
    """All answers move. Those that came since with feedback go where that feedback goes when the merge is undone."""

    def settle(self, survivor_id: int, source_id: int, *, since: int) -> None:
        query(
            """UPDATE engagement_surveyresponse r SET customer_id = d.customer_id FROM feedback_document d
               WHERE r.id = ANY(%s) AND r.document_id = d.id AND r.customer_id = %s AND d.customer_id = %s
               RETURNING r.id""",
            [arrived(SurveyResponse, survivor_id, since), survivor_id, source_id],
        )


register(
    Answers(SurveyResponse, "customer", "Survey answers"),
    Relation(UsageEvent, "customer", "Usage events"),
    Relation(Delivery, "customer", "Campaigns", once=("campaign_id",)),
)
