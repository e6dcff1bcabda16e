from integrations.models.api_key import ApiKey
from integrations.models.delivery import Delivery, DeliveryRecord
from integrations.models.imports import Import, ImportMapping, RowError
from integrations.models.integration import Integration

__all__ = ["ApiKey", "Delivery", "DeliveryRecord", "Import", "ImportMapping", "Integration", "RowError"]
