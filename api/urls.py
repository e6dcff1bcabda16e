from django.urls import path, re_path

from api.calls import patterns
from api.views import reference

app_name = "api"

urlpatterns = [
    path("openapi.json", reference.openapi, name="openapi"),
    path("docs", reference.docs, name="docs"),
    *patterns(),
    re_path("", reference.nothing, name="nothing"),
]
