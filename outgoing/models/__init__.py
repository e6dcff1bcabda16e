from outgoing.models.delivery import Attempt, Delivery
from outgoing.models.endpoint import EVENTS, TEST, Endpoint

__all__ = ["EVENTS", "TEST", "Attempt", "Delivery", "Endpoint"]
