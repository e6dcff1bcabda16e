from django.urls import path

from integrations.tracking.reading import BATCHES, TYPES
from integrations.views import tracking

app_name = "tracking"

urlpatterns = [path(kind, tracking.call, {"kind": kind}, name=kind) for kind in (*TYPES, *BATCHES)]
