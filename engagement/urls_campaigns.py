from django.urls import path

from customers.views.following import following
from engagement.views import campaigns, exports

app_name = "campaigns"

urlpatterns = [
    path("", campaigns.index, name="list"),
    path("<int:pk>/", campaigns.detail, name="detail"),
    path("<int:pk>/export/", exports.deliveries, name="export"),
    path("of/<int:customer_id>/", following(campaigns.of_customer, name="customer_id"), name="of_customer"),
]
