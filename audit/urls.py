from django.urls import path

from audit.views.history import history

app_name = "audit"

urlpatterns = [
    path("history/<slug:kind>/<int:pk>/", history, name="history"),
]
