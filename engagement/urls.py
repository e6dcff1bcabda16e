from django.urls import path

from customers.views.following import following
from engagement import views

app_name = "surveys"

urlpatterns = [
    path("of/<int:customer_id>/", following(views.of_customer, name="customer_id"), name="of_customer"),
]
