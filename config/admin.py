"""Which site the Django admin is, and that every model is in it (8.6)."""

from django.apps import apps
from django.contrib.admin.apps import AdminConfig as Base
from django.contrib.admin.sites import site


class AdminConfig(Base):
    default_site = "audit.admin.Site"

    def ready(self) -> None:
        super().ready()
        from audit.admin import RecordAdmin

        for model in apps.get_models():
            if site.is_registered(model) and model._meta.app_label not in _ours():
                site.unregister(model)  # made for sites whose admin may change whatever it likes
            if not site.is_registered(model):
                site.register(model, RecordAdmin)


def _ours() -> list[str]:
    from django.conf import settings

    return list(settings.ROSTER_APPS)
