from engagement.models.campaign import Campaign, Delivery
from engagement.models.message import Message
from engagement.models.survey import SCALES, Survey, SurveyResponse
from engagement.models.usage import UsageDay, UsageEvent

__all__ = ["SCALES", "Campaign", "Delivery", "Message", "Survey", "SurveyResponse", "UsageDay", "UsageEvent"]
