from django.urls import path

from integrations.views import link_rules

app_name = "link-rules"

urlpatterns = [
    path("", link_rules.edit, name="edit"),
    path("<int:rule_id>/remove/", link_rules.remove, name="remove"),
    path("apply/", link_rules.apply, name="apply"),
    path("stop/", link_rules.stop, name="stop"),
]
