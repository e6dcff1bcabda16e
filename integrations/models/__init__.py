from integrations.models.api_key import ApiKey
from integrations.models.imports import Import, ImportMapping, RowError

__all__ = ["ApiKey", "Import", "ImportMapping", "RowError"]
