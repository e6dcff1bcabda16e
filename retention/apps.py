from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "retention"
    verbose_name = "Retention"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import schedules
        from retention import checks, policies  # noqa: F401  (importing registers them)

        schedules.answered_by(policies.days_of)
