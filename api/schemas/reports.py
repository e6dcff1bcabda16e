from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from api.schemas.common import MANY, Id, MomentIn, Taken, many

Name = Annotated[str, Field(min_length=1, max_length=200)]


class About(Taken):
    """Whom and what a report is about, by Roster's numbers or by those of the sender."""

    customer_id: Id | None = None
    user_id: Annotated[str, Field(max_length=200)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    account_id: Id | None = None
    account_external_id: Annotated[str, Field(max_length=200)] | None = None


class UsageIn(About):
    module: Annotated[str, Field(min_length=1, max_length=100)]
    activity: Name
    occurred_at: MomentIn
    external_id: Name | None = Field(None, description="Yours: the same again changes nothing")


class SurveyIn(About):
    survey: Name
    kind: Literal["nps", "csat", "other"] = Field("other", description="Counts for the first answer to a survey")
    score: Annotated[Decimal, Field(ge=-999_999, le=999_999, decimal_places=2)]
    comment: Annotated[str, Field(max_length=10_000)] = ""
    answered_at: MomentIn
    external_id: Name | None = Field(None, description="Yours: the same again changes nothing")


class DeliveryIn(About):
    campaign: Name
    sent_at: MomentIn | None = None
    viewed_at: MomentIn | None = None
    engaged_at: MomentIn | None = None
    goal_reached_at: MomentIn | None = None


class UsageBulk(Taken):
    events: Annotated[list[Any], MANY, WithJsonSchema(many("UsageIn"))]


class SurveyBulk(Taken):
    answers: Annotated[list[Any], MANY, WithJsonSchema(many("SurveyIn"))]


class DeliveryBulk(Taken):
    deliveries: Annotated[list[Any], MANY, WithJsonSchema(many("DeliveryIn"))]


RECORDS = (UsageIn, SurveyIn, DeliveryIn)
