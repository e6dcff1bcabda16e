from engagement.models.campaign import Campaign, Delivery
from engagement.models.survey import SCALES, Survey, SurveyResponse
from engagement.models.usage import UsageDay, UsageEvent

__all__ = ["SCALES", "Campaign", "Delivery", "Survey", "SurveyResponse", "UsageDay", "UsageEvent"]
