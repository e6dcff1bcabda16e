from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core.views.health import PARTS
        from customers.standing import stands
        from customers.suppressing import intake_problem
        from staff import standing

        PARTS["intake"] = intake_problem
        standing.answered_by(stands)
        autodiscover_modules("merging")  # every app's rules for what belongs to a customer
