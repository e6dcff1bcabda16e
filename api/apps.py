from django.apps import AppConfig
from django.conf import settings


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "REST API and MCP"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if (
            settings.PROCESS == "web"
        ):  # the SDK takes a second to import: before the workers fork, not when one is asked
            from api import mcp_serving  # noqa: F401
