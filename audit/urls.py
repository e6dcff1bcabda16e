from django.urls import path

from audit.views import log
from audit.views.history import history

app_name = "audit"

urlpatterns = [
    path("", log.index, name="list"),
    path("export/", log.export, name="export"),
    path("<int:pk>/", log.detail, name="detail"),
    path("history/<slug:kind>/<int:pk>/", history, name="history"),
]
