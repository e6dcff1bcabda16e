from django.urls import path

from integrations.views import census

app_name = "census"

urlpatterns = [path("census", census.census, name="census")]
