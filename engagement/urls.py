from django.urls import path

from engagement import views

app_name = "surveys"

urlpatterns = [
    path("of/<int:customer_id>/", views.of_customer, name="of_customer"),
]
