from integrations.models.api_key import ApiKey
from integrations.models.delivery import Delivery, DeliveryRecord
from integrations.models.delivery_hour import DeliveryHour
from integrations.models.imports import Import, ImportMapping, RowError
from integrations.models.integration import Integration
from integrations.models.replay import Replay

__all__ = [
    "ApiKey", "Delivery", "DeliveryHour", "DeliveryRecord", "Import", "ImportMapping", "Integration", "Replay",
    "RowError",
]  # fmt: skip
