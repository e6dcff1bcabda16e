from django.apps import AppConfig


class OutgoingConfig(AppConfig):
    name = "outgoing"
    verbose_name = "Outgoing webhooks"
    default_auto_field = "django.db.models.BigAutoField"
