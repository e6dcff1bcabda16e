from django.urls import path

from customers.views.following import following
from engagement.views import exports, usage

app_name = "usage"

urlpatterns = [
    path("usage/", usage.index, name="list"),
    path("usage/export/", exports.usage, name="export"),
    path("accounts/<int:pk>/usage/export/", exports.usage_of_account, name="export_of_account"),
    path("usage/stream/<slug:kind>/<int:pk>/", usage.stream, name="stream"),
    path("usage/of/<int:customer_id>/", following(usage.of_customer, name="customer_id"), name="of_customer"),
    path("accounts/<int:pk>/usage/", usage.of_account, name="of_account"),
]
